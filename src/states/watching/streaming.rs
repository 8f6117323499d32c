//! Following an account's payments as they come.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::pages::PAGE;
use super::{Read, Watcher};
use crate::networks::NetworkError;
use crate::networks::stellar::{PaymentStream, StreamRecord};
use crate::states::round::Round;
use crate::states::sweep::SweepError;

/// What comes within this time is written down together.
const GATHER: Duration = Duration::from_millis(20);
/// How often it is looked whether the sweep is to end.
const LOOK: Duration = Duration::from_millis(100);
/// A stream that ends as streams do is opened again after this, if the server does not wish otherwise.
const REOPEN: Duration = Duration::from_millis(100);
/// No server's wish is obeyed for longer.
const REOPEN_MAX: Duration = Duration::from_secs(5);

impl Watcher {
    /// Follows an account until `until`, or until it is told to stop. A stream that breaks is followed by pages.
    pub(super) async fn follow(
        &self,
        round: &Round<'_>,
        account: &str,
        until: Instant,
    ) -> (Read, Result<(), SweepError>) {
        let mut read = Read::default();
        let result = self.follow_on(round, account, until, &mut read).await;
        (read, result)
    }

    async fn follow_on(
        &self,
        round: &Round<'_>,
        account: &str,
        until: Instant,
        read: &mut Read,
    ) -> Result<(), SweepError> {
        let mut backoff = self.retry.start();
        while Instant::now() < until && !round.is_stopping() {
            let pause = match self.stream(round, account, until, read).await? {
                Ended::InTime => return Ok(()),
                Ended::Closed(wish) => {
                    backoff = self.retry.start();
                    std::cmp::min(wish.unwrap_or(REOPEN), REOPEN_MAX)
                }
                Ended::Broken(error) => {
                    tracing::info!(account, %error, "the stream broke: what came is read by page");
                    // With all tries spent, it is read by page for the rest of the sweep.
                    backoff.next_delay(None).unwrap_or(self.retry.max_interval)
                }
            };
            let left = until.saturating_duration_since(Instant::now());
            if !round.pause(std::cmp::min(pause, left)).await {
                return Ok(());
            }
            self.read_pages(round, account, read).await?;
        }
        Ok(())
    }

    /// One stream, from the stored place to its end.
    async fn stream(
        &self,
        round: &Round<'_>,
        account: &str,
        until: Instant,
        read: &mut Read,
    ) -> Result<Ended, SweepError> {
        let cursor = self.desk.store.stream_cursor(&self.desk.scope.network, account).await?;
        let open = round.answer(self.horizon.stream(account, cursor.as_deref())).await;
        let mut stream = match open {
            Ok(stream) => stream,
            Err(error) => return Ok(Ended::Broken(error)),
        };
        loop {
            let (records, ended) = next(round, &mut stream, until).await;
            self.book(round, account, records, read).await?;
            if let Some(ended) = ended {
                return Ok(ended);
            }
        }
    }
}

/// How a stream ended.
enum Ended {
    /// The sweep's time is over, or it is told to stop.
    InTime,
    /// The server closed it, and wishes us to wait so long.
    Closed(Option<Duration>),
    /// It broke, or could not be opened.
    Broken(NetworkError),
}

/// The next records, those together that come together; and how the stream ended, if it has.
async fn next(
    round: &Round<'_>,
    stream: &mut PaymentStream,
    until: Instant,
) -> (Vec<StreamRecord>, Option<Ended>) {
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let mut records = Vec::new();
    let mut gathered_at = None;
    while records.len() < most {
        let now = Instant::now();
        if records.is_empty() && (now >= until || round.is_stopping()) {
            return (records, Some(Ended::InTime));
        }
        let look_again = gathered_at.unwrap_or(std::cmp::min(until, now + LOOK));
        match timeout_at(look_again, stream.next()).await {
            Ok(Ok(Some(record))) => {
                records.push(record);
                gathered_at = gathered_at.or(Some(Instant::now() + GATHER));
            }
            Ok(Ok(None)) => return (records, Some(Ended::Closed(stream.reconnect_after()))),
            Ok(Err(error)) => return (records, Some(Ended::Broken(error))),
            Err(_) if gathered_at.is_some() => break,
            Err(_) => round.beat(),
        }
    }
    (records, None)
}
