//! Server-sent events: lines into events, bounded in size. Pure.

use std::time::Duration;

use super::wire::is_place;

/// No record is larger: a transaction of a hundred operations with its results.
const EVENT_MAX: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// `message` if it has no name.
    pub(super) name: String,
    /// Its lines, joined.
    pub(super) data: String,
    /// The place of a record in its list. None: it was not told.
    pub(super) id: Option<String>,
}

/// An event, or a line of one, that is larger than any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Takes bytes as they come, and gives events as they are whole.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Bytes that were not looked at, or of a line that has no end yet.
    bytes: Vec<u8>,
    /// So many of them are known to hold no end of a line.
    searched: usize,
    name: Option<String>,
    data: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Events {
    /// How long the server wants us to wait before we come again.
    pub(super) const fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Takes what came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole event. None if more bytes are needed.
    ///
    /// # Errors
    /// It is larger than any event.
    pub(super) fn next(&mut self) -> Result<Option<Event>, TooLarge> {
        while let Some(line) = self.line()? {
            if let Some(event) = self.take(&line) {
                return Ok(Some(event));
            }
            if self.data.as_ref().is_some_and(|data| data.len() > EVENT_MAX) {
                return Err(TooLarge);
            }
        }
        Ok(None)
    }

    /// The next whole line, without its end. A line ends with LF or CR LF; a CR alone is not used by anybody.
    fn line(&mut self) -> Result<Option<String>, TooLarge> {
        let rest = self.bytes.get(self.searched..).unwrap_or_default();
        let Some(place) = rest.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            return if self.searched > EVENT_MAX { Err(TooLarge) } else { Ok(None) };
        };
        let line: Vec<u8> = self.bytes.drain(..=self.searched + place).collect();
        self.searched = 0;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Some(String::from_utf8_lossy(line).into_owned()))
    }

    /// Takes a line, and gives the event that it ends.
    fn take(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let name = self.name.take().unwrap_or_else(|| "message".to_owned());
            let id = self.id.take();
            return self.data.take().map(|data| Event { name, data, id });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" => self.id = Some(value.to_owned()).filter(|id| is_place(id)),
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis),
            // Without a name it is a comment.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "retry: 1000\nevent: open\ndata: \"hello\"\n\n: a comment\r\nid: 7\r\ndata: {\"a\":1,\r\ndata:\"b\":2}\r\n\r\n\n\nretry: 10\nevent: close\ndata: \"byebye\"\n\n";

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned(), id: None }
    }

    fn expected() -> Vec<Event> {
        vec![
            event("open", "\"hello\""),
            Event { id: Some("7".to_owned()), ..event("message", "{\"a\":1,\n\"b\":2}") },
            event("close", "\"byebye\""),
        ]
    }

    #[test]
    fn events_come_whole_however_the_bytes_are_cut() {
        for size in [1, 2, 3, 7, 50, 1000] {
            let mut events = Events::default();
            let mut found = Vec::new();
            for chunk in TEXT.as_bytes().chunks(size) {
                events.push(chunk);
                while let Some(event) = events.next().unwrap() {
                    found.push(event);
                }
            }
            assert_eq!(found, expected(), "in pieces of {size}");
            assert_eq!(events.retry(), Some(Duration::from_millis(10)));
        }
    }

    #[test]
    fn half_an_event_is_none() {
        let mut events = Events::default();
        events.push(b"data: {\"a\":1}\n");
        assert_eq!(events.next(), Ok(None), "the empty line is missing");
        events.push(b"\n");
        assert_eq!(events.next(), Ok(Some(event("message", "{\"a\":1}"))));
    }

    #[test]
    fn nothing_grows_without_end() {
        let mut line = Events::default();
        line.push(&vec![b'x'; EVENT_MAX + 1]);
        assert_eq!(line.next(), Err(TooLarge), "a line without an end");
        let mut event = Events::default();
        let data = format!("data: {}\n", "x".repeat(1024));
        for _ in 0..=EVENT_MAX / 1024 {
            event.push(data.as_bytes());
        }
        assert_eq!(event.next(), Err(TooLarge), "an event without an end");
    }
}
