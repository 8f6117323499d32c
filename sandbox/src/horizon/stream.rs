//! Lists as server-sent events.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::endpoint::HorizonEndpoint;
use super::list::List;
use super::network::HorizonNetwork;
use super::options::StreamFault;
use super::problem::Problem;
use super::query::{Cursor, Query, cursor};
use crate::service::{Asked, Feed, Part};

const BYEBYE: &str = "retry: 10\nevent: close\ndata: \"byebye\"\n\n";

/// One open stream.
pub(super) struct Stream {
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

impl HorizonNetwork {
    /// Opens a stream of a list, if the query is one that Horizon takes.
    pub(super) fn open(
        &mut self,
        asked: &Asked<'_, HorizonEndpoint>,
        list: List,
    ) -> Result<Stream, Problem> {
        let parameters =
            asked.parameters().ok_or_else(|| Problem::bad_request("query", "it cannot be read"))?;
        let mut query = Query { ascending: true, ..Query::read(&parameters)? };
        // What a client has seen last counts more than where it once began.
        if let Some(id) = asked.header("last-event-id").filter(|id| !id.is_empty()) {
            query.cursor = cursor(id)?;
        }
        if query.cursor == Cursor::Now {
            query.cursor = Cursor::At(self.ledger.horizon_end().saturating_sub(1));
        }
        self.list(list, &Query { limit: 1, ..query.clone() })?;
        self.streams += 1;
        let retry = self.stream_retry.as_millis();
        let hello = format!("retry: {retry}\nevent: open\ndata: \"hello\"\n\n");
        Ok(Stream {
            list,
            left: query.limit,
            query,
            sent: 0,
            fault: self.stream_fault(),
            ready: VecDeque::from([Part::Text(hello)]),
            last: None,
            until: Instant::now() + self.stream_lifetime,
        })
    }
}

impl Feed<HorizonNetwork> for Stream {
    fn next(&mut self, network: &mut HorizonNetwork, over: bool) -> Part {
        if over {
            self.left = 0;
        }
        if self.ready.is_empty() && self.left > 0 {
            self.fill(network);
        }
        if self.ready.is_empty() && self.left == 0 {
            self.ready.extend([Part::Text(BYEBYE.to_owned()), Part::End]);
        }
        self.ready.pop_front().unwrap_or(Part::Wait)
    }

    fn until(&self) -> Instant {
        self.until
    }

    fn close(&mut self, network: &mut HorizonNetwork) {
        network.streams -= 1;
    }
}

impl Stream {
    /// Puts the records that there are into `ready`.
    fn fill(&mut self, network: &HorizonNetwork) {
        let query = Query { limit: self.left.min(200), ..self.query.clone() };
        let (records, places) = network.told(self.list, &query).unwrap_or_default();
        if self.fault_now() {
            return;
        }
        for (record, token) in records.iter().zip(places) {
            let text = format!("id: {token}\ndata: {record}\n\n");
            if let Ok(token) = token.parse() {
                self.query.cursor = Cursor::At(token);
            }
            self.left -= 1;
            self.sent += 1;
            if self.break_inside(&text) {
                return;
            }
            self.ready.push_back(Part::Text(text.clone()));
            self.last = Some(text);
            if self.fault_now() {
                return;
            }
        }
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
