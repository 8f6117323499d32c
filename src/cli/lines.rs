//! Files of transfers and of orders: JSON lines or CSV, read line by line.

use std::io::{BufRead as _, Read};

use clap::ValueEnum;
use serde_json::value::RawValue;

use crate::actions::reading::Fields;
use crate::http::named_twice;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FileFormat {
    /// One JSON object per line
    Json,
    /// Comma-separated, with a line of field names first
    Csv,
}

/// A line of the file: its number, from 1, and what it holds, or why it cannot be read.
pub(super) type Line = (u64, Result<Fields, String>);

/// Reads all lines of a file.
///
/// # Errors
/// The file cannot be read as such: its bytes, or a CSV's heading.
pub(super) fn read(mut source: impl Read, format: FileFormat) -> Result<Vec<Line>, String> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    // Some editors begin a file with a mark of its encoding.
    let file = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match format {
        FileFormat::Json => json(file),
        FileFormat::Csv => csv(file),
    }
}

fn json(file: &[u8]) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(file.lines()) {
        let line = line.map_err(|error| format!("line {number}: {error}"))?;
        if !line.trim().is_empty() {
            lines.push((number, object(&line)));
        }
    }
    Ok(lines)
}

fn object(line: &str) -> Result<Fields, String> {
    if let Some(fault) = named_twice(line) {
        return Err(fault);
    }
    let told: std::collections::BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(line).map_err(|error| format!("not a JSON object: {error}"))?;
    told.into_iter()
        .filter(|(_, raw)| raw.get() != "null")
        .map(|(name, raw)| Ok((name, text(&raw)?)))
        .collect()
}

/// A JSON value as text: a string's own, else as it is written, so that no number is rounded.
fn text(raw: &RawValue) -> Result<String, String> {
    if raw.get().starts_with('"') {
        return serde_json::from_str(raw.get()).map_err(|error| error.to_string());
    }
    Ok(raw.get().to_owned())
}

fn csv(file: &[u8]) -> Result<Vec<Line>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let heading = reader.headers().map_err(|error| format!("the heading: {error}"))?.clone();
    let mut seen = std::collections::HashSet::new();
    if let Some(name) = heading.iter().find(|name| !seen.insert(*name)) {
        return Err(format!("the heading: `{name}` stands there twice"));
    }
    let mut lines = Vec::new();
    let mut places = Places { file, at: 0, line: 1 };
    for record in reader.records() {
        match record {
            Ok(record) => {
                let number = places.line_of(record.position());
                let fields = heading.iter().zip(record.iter());
                let given = fields.filter(|(_, text)| !text.is_empty());
                let fields = given.map(|(name, text)| (name.to_owned(), text.to_owned()));
                lines.push((number, Ok(fields.collect())));
            }
            Err(error) => {
                let number = places.line_of(error.position());
                lines.push((number, Err(error.to_string())));
            }
        }
    }
    Ok(lines)
}

/// Counts the lines of a file. The parser's own count stays behind where lines end with CR LF or are empty: its records
/// begin at what is left of the line before.
struct Places<'a> {
    file: &'a [u8],
    at: usize,
    line: u64,
}

impl Places<'_> {
    /// The line where the record begins that the parser has at `position`, which is behind those asked for before.
    fn line_of(&mut self, position: Option<&csv::Position>) -> u64 {
        let begin = position.and_then(|position| usize::try_from(position.byte()).ok());
        let begin = begin.unwrap_or(self.at);
        while let Some(byte) = self.file.get(self.at) {
            let is_end = matches!(byte, b'\n' | b'\r');
            if self.at >= begin && !is_end {
                break;
            }
            // CR LF is one end of a line.
            let goes_on = *byte == b'\r' && self.file.get(self.at + 1) == Some(&b'\n');
            self.line += u64::from(is_end && !goes_on);
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(line: &Line, name: &str) -> Option<String> {
        line.1.as_ref().unwrap().get(name).cloned()
    }

    #[test]
    fn json_lines_keep_their_numbers_and_digits() {
        let text = "{\"amount_in\": 1.10, \"memo\": \"7\", \"rail\": null}\n\n[1]\n{\"beneficiary\": {\"a\": 1}}\n";
        let lines = read(text.as_bytes(), FileFormat::Json).unwrap();
        assert_eq!(lines.iter().map(|line| line.0).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(field(&lines[0], "amount_in").as_deref(), Some("1.10"));
        assert_eq!(field(&lines[0], "memo").as_deref(), Some("7"));
        assert_eq!(field(&lines[0], "rail"), None);
        assert!(lines[1].1.is_err());
        assert_eq!(field(&lines[2], "beneficiary").as_deref(), Some("{\"a\": 1}"));
    }

    #[test]
    fn what_is_named_twice_is_refused() {
        let lines =
            read("{\"memo\": \"7\", \"memo\": \"8\"}\n".as_bytes(), FileFormat::Json).unwrap();
        let fault = lines[0].1.as_ref().unwrap_err();
        assert!(fault.contains("`memo` stands there twice"), "{fault}");
        let nested = "{\"beneficiary\": {\"iban\": \"a\", \"iban\": \"b\"}}\n";
        assert!(read(nested.as_bytes(), FileFormat::Json).unwrap()[0].1.is_err());
        let fault = read("memo,kind,memo\n7,send,8\n".as_bytes(), FileFormat::Csv).unwrap_err();
        assert!(fault.contains("`memo` stands there twice"), "{fault}");
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let text = "a,b\n\n1,2\n\n\n3,\"x\n\ny\"\n4,5,6\n7,8";
        for (text, begins) in [(text.to_owned(), ""), (text.replace('\n', "\r\n"), "\u{feff}")] {
            let text = format!("{begins}{text}");
            let lines = read(text.as_bytes(), FileFormat::Csv).unwrap();
            let numbers: Vec<_> = lines.iter().map(|line| line.0).collect();
            assert_eq!(numbers, [3, 6, 9, 10], "{text:?}");
            assert!(lines[2].1.is_err());
            assert_eq!(field(&lines[0], "a").as_deref(), Some("1"));
        }
        let old = read("a,b\r1,2\r\r3,4\r".as_bytes(), FileFormat::Csv).unwrap();
        assert_eq!(old.iter().map(|line| line.0).collect::<Vec<_>>(), [2, 4]);
        let json = "\u{feff}{\"memo\": \"7\"}\r\n\r\n{\"memo\": \"8\"}\r\n";
        let json = read(json.as_bytes(), FileFormat::Json).unwrap();
        assert_eq!((json[0].0, json[1].0), (1, 3));
        assert_eq!(field(&json[0], "memo").as_deref(), Some("7"));
    }

    #[test]
    fn csv_has_a_heading_and_quotes() {
        let text = "transfer_id, beneficiary,memo\nt1,\"{\"\"a\"\": \"\"b,c\"\"}\",\nt2\n";
        let lines = read(text.as_bytes(), FileFormat::Csv).unwrap();
        assert_eq!(field(&lines[0], "beneficiary").as_deref(), Some("{\"a\": \"b,c\"}"));
        assert_eq!(field(&lines[0], "memo"), None);
        assert_eq!((lines[0].0, lines[1].0), (2, 3));
        assert!(lines[1].1.is_err());
    }
}
