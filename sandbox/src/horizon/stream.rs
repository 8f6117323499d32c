//! Lists as server-sent events.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::network::List;
use super::options::StreamFault;
use super::problem::Problem;
use super::query::{Cursor, Query};
use super::server::Shared;

const BYEBYE: &str = "retry: 10\nevent: close\ndata: \"byebye\"\n\n";

/// One open stream.
struct Stream {
    shared: Arc<Shared>,
    news: watch::Receiver<()>,
    list: List,
    query: Query,
    /// Records that may still come.
    left: usize,
    sent: usize,
    fault: Option<StreamFault>,
    /// What goes out next.
    ready: VecDeque<Part>,
    last: Option<String>,
    until: Instant,
}

/// What goes out.
enum Part {
    Text(String),
    /// The connection breaks, once what was written before has gone out.
    Break,
    /// Nothing more comes, and the connection stays.
    Silence,
    End,
}

/// Opens a stream of a list, if the query is one that Horizon takes.
pub(super) fn open(shared: &Arc<Shared>, list: List, query: Query) -> Result<Body, Problem> {
    let mut network = shared.lock();
    let mut query = Query { ascending: true, ..query };
    if query.cursor == Cursor::Now {
        query.cursor = Cursor::At(network.ledger.horizon_end().saturating_sub(1));
    }
    network.list(list, &Query { limit: 1, ..query.clone() })?;
    network.streams += 1;
    let fault = network.stream_fault();
    drop(network);
    shared.changed();
    let retry = shared.patience.retry.as_millis();
    let hello = format!("retry: {retry}\nevent: open\ndata: \"hello\"\n\n");
    let opened = Stream {
        news: shared.news(),
        list,
        left: query.limit,
        query,
        sent: 0,
        fault,
        ready: VecDeque::from([Part::Text(hello)]),
        last: None,
        until: Instant::now() + shared.patience.stream,
        shared: Arc::clone(shared),
    };
    Ok(Body::from_stream(stream::unfold(opened, step)))
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.lock().streams -= 1;
        self.shared.changed();
    }
}

/// The next piece of the answer. An error breaks the connection.
async fn step(mut stream: Stream) -> Option<(io::Result<Bytes>, Stream)> {
    loop {
        match stream.ready.pop_front() {
            Some(Part::Text(text)) => return Some((Ok(Bytes::from(text)), stream)),
            Some(Part::Break) => {
                // What was written must be on the wire before the end is.
                tokio::task::yield_now().await;
                return Some((Err(io::ErrorKind::ConnectionReset.into()), stream));
            }
            Some(Part::Silence) => {
                stream.shared.until_stopped().await;
                return None;
            }
            Some(Part::End) => return None,
            None => stream.more().await,
        }
    }
}

impl Stream {
    /// Waits until there is something to send.
    async fn more(&mut self) {
        if self.left == 0 {
            self.ready.extend([Part::Text(BYEBYE.to_owned()), Part::End]);
            return;
        }
        self.news.borrow_and_update();
        if self.fill() {
            return;
        }
        let stopped = tokio::select! {
            changed = self.news.changed() => changed.is_err(),
            () = tokio::time::sleep_until(self.until) => true,
            () = self.shared.until_stopped() => true,
        };
        if stopped {
            self.left = 0;
        }
    }

    /// Puts the records that there are into `ready`. False: there is nothing to send.
    fn fill(&mut self) -> bool {
        let query = Query { limit: self.left.min(200), ..self.query.clone() };
        let (records, places) = self.shared.lock().told(self.list, &query).unwrap_or_default();
        if self.fault_now() {
            return true;
        }
        for (record, token) in records.iter().zip(places) {
            let text = format!("id: {token}\ndata: {record}\n\n");
            if let Ok(token) = token.parse() {
                self.query.cursor = Cursor::At(token);
            }
            self.left -= 1;
            self.sent += 1;
            if self.break_inside(&text) {
                return true;
            }
            self.ready.push_back(Part::Text(text.clone()));
            self.last = Some(text);
            if self.fault_now() {
                return true;
            }
        }
        !self.ready.is_empty()
    }

    /// Lets go wrong what goes wrong between two records. True: the stream is at its end.
    fn fault_now(&mut self) -> bool {
        let Some(fault) = self.fault else { return false };
        match fault {
            StreamFault::Drop(after) if after <= self.sent => self.ready.push_back(Part::Break),
            StreamFault::Silence(after) if after <= self.sent => {
                self.ready.push_back(Part::Silence)
            }
            StreamFault::Close(after) if after <= self.sent => self.left = 0,
            StreamFault::Repeat(after) if after <= self.sent => {
                let Some(last) = self.last.clone() else { return false };
                self.fault = None;
                self.ready.push_back(Part::Text(last));
                return false;
            }
            StreamFault::Garbage(after) if after <= self.sent => {
                self.fault = None;
                self.ready.push_back(Part::Text("data: {\"id\": garb\n\n".to_owned()));
                return false;
            }
            StreamFault::Drop(_)
            | StreamFault::Silence(_)
            | StreamFault::Close(_)
            | StreamFault::Repeat(_)
            | StreamFault::Garbage(_)
            | StreamFault::DropInside(_) => return false,
        }
        self.fault = None;
        true
    }

    /// Sends half of a record if that is what goes wrong.
    fn break_inside(&mut self, text: &str) -> bool {
        let inside =
            matches!(self.fault, Some(StreamFault::DropInside(after)) if after < self.sent);
        if inside {
            self.fault = None;
            let half = text.floor_char_boundary(text.len() / 2);
            self.ready.extend([Part::Text(text[..half].to_owned()), Part::Break]);
        }
        inside
    }
}
