//! An account's payments as they come.

use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::events::{Event, Events};
use super::wire::{self, StreamRecord, Watched};
use crate::http::{Http, Open, Request};
use crate::networks::NetworkError;

/// Horizon ends a stream itself within a minute, or says something. One that is silent for longer is dead.
const SILENCE: Duration = Duration::from_secs(90);

/// A stream of records. Dropping it closes it. Horizon and what stands before it end streams often: then another one is
/// opened behind the last record that was stored.
pub struct PaymentStream {
    body: Open,
    events: Events,
    network: String,
    account: String,
}

impl PaymentStream {
    pub(super) async fn open(
        http: &Http,
        mut request: Request,
        network: &str,
        account: &str,
    ) -> Result<Self, NetworkError> {
        request.headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        let body = http.open(&request).await?;
        let (network, account) = (network.to_owned(), account.to_owned());
        Ok(Self { body, events: Events::default(), network, account })
    }

    /// The next record. None if the stream has ended as streams do. May be dropped while it waits, and be asked again.
    ///
    /// # Errors
    /// The stream broke, was silent for too long, or is none. It is of no more use.
    pub async fn next(&mut self) -> Result<Option<StreamRecord>, NetworkError> {
        loop {
            let next = self.events.next().map_err(|_| {
                NetworkError::Unreadable(
                    "an event of the stream is larger than any record".to_owned(),
                )
            })?;
            if let Some(event) = next {
                match self.read(&event)? {
                    Read::Record(record) => return Ok(Some(record)),
                    Read::Nothing => continue,
                    Read::End => return Ok(None),
                }
            }
            let silent =
                || NetworkError::Unavailable(format!("the stream was silent for {SILENCE:?}"));
            match timeout(SILENCE, self.body.chunk()).await.map_err(|_| silent())?? {
                Some(bytes) => self.events.push(&bytes),
                None => return Ok(None),
            }
        }
    }

    /// How long the server wants us to wait before the next stream is opened.
    #[must_use]
    pub const fn reconnect_after(&self) -> Option<Duration> {
        self.events.retry()
    }

    fn read(&self, event: &Event) -> Result<Read, NetworkError> {
        match event.name.as_str() {
            "open" => Ok(Read::Nothing),
            "close" => Ok(Read::End),
            // Horizon has no status any more to say it with.
            "error" => Err(NetworkError::Unavailable(crate::http::brief(&event.data))),
            _ if event.data == "\"hello\"" => Ok(Read::Nothing),
            _ if event.data == "\"byebye\"" => Ok(Read::End),
            _ => {
                let watched = Watched { network: &self.network, account: &self.account };
                // A piece of a record is none: what comes after it cannot be trusted.
                if serde_json::from_str::<&RawValue>(&event.data).is_err() {
                    return Err(NetworkError::Unreadable("an event is no JSON".to_owned()));
                }
                Ok(Read::Record(wire::record(event.data.as_bytes(), watched, event.id.as_deref())))
            }
        }
    }
}

/// What an event is.
enum Read {
    Record(StreamRecord),
    Nothing,
    End,
}
