//! Following an account's payments as they come.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::pages::PAGE;
use super::{Read, Session, Watcher, thing_of};
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::NetworkError;
use crate::networks::stellar::{PaymentStream, StreamRecord};

/// What comes within this time is written down together.
const GATHER: Duration = Duration::from_millis(20);
/// How often it is looked whether the sweep is to end.
const LOOK: Duration = Duration::from_millis(100);
/// A stream that ends as streams do is opened again after this, if the server does not wish otherwise.
const REOPEN: Duration = Duration::from_millis(100);
/// Where nothing came by a stream for so long, pages tell whether nothing did; and what is due is looked at so often.
const TEND: Duration = Duration::from_secs(5);
/// No server's wish is obeyed for longer.
const REOPEN_MAX: Duration = Duration::from_secs(5);

impl Watcher {
    /// Follows an account until the session is over, or until it is told to stop. A stream that breaks is followed by pages.
    pub(super) async fn follow(
        &self,
        round: &Round<'_>,
        account: &str,
        session: &Session,
    ) -> (Read, Result<(), SweepError>) {
        let (mut read, thing) = (Read::default(), thing_of(account));
        while Instant::now() < session.until.get() && !round.is_stopping() {
            if round.sick.is_put_off(&thing) {
                round.pause(LOOK).await;
                continue;
            }
            let result = self.follow_on(round, account, session, &mut read).await;
            if let Err(error) = self.judged(round, account, result).await {
                // It is to be told now, and not when the others have waited to their end.
                session.until.set(Instant::now());
                return (read, Err(error));
            }
        }
        (read, Ok(()))
    }

    async fn follow_on(
        &self,
        round: &Round<'_>,
        account: &str,
        session: &Session,
        read: &mut Read,
    ) -> Result<(), SweepError> {
        let mut backoff = self.retry.start();
        while Instant::now() < session.until.get() && !round.is_stopping() {
            let pause = match self.stream(round, account, session, read).await? {
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
            let left = session.until.get().saturating_duration_since(Instant::now());
            if !round.pause(std::cmp::min(pause, left)).await {
                return Ok(());
            }
            self.read_pages(round, account, session, read).await?;
        }
        Ok(())
    }

    /// One stream, from the stored place to its end.
    async fn stream(
        &self,
        round: &Round<'_>,
        account: &str,
        session: &Session,
        read: &mut Read,
    ) -> Result<Ended, SweepError> {
        let cursor = self.place(account).await?.from(&session.root.borrow());
        let open = round.answer(self.horizon.stream(account, cursor.as_deref())).await;
        let mut stream = match open {
            Ok(stream) => stream,
            Err(error) => return Ok(Ended::Broken(error)),
        };
        let (mut tended_at, mut has_told) = (Instant::now(), false);
        loop {
            let (records, ended) = next(round, &mut stream, &session.until, tended_at + TEND).await;
            has_told |= !records.is_empty();
            self.book(round, account, records, read).await?;
            if let Some(ended) = ended {
                return Ok(ended);
            }
            if tended_at.elapsed() >= TEND {
                if self.tend(round, account, session, has_told, read).await? {
                    tracing::info!(account, "the stream did not tell what came");
                    return Ok(Ended::Closed(None));
                }
                (tended_at, has_told) = (Instant::now(), false);
            }
        }
    }

    /// Looks at what is due, and whether something came that the stream did not tell. Whether it did: then the stream is of
    /// no more use.
    async fn tend(
        &self,
        round: &Round<'_>,
        account: &str,
        session: &Session,
        has_told: bool,
        read: &mut Read,
    ) -> Result<bool, SweepError> {
        let is_due = self.is_due(round, account).await?;
        if has_told && !is_due {
            return Ok(false);
        }
        let before = read.tally.new;
        if is_due {
            let root = round.answer(self.horizon.check()).await?;
            *session.root.borrow_mut() = root;
            self.read_to_end(round, account, session, read).await?;
        } else {
            self.read_pages(round, account, session, read).await?;
        }
        Ok(read.tally.new > before)
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

/// The next records, those together that come together; and how the stream ended, if it has. None of both: nothing came
/// until `look_at`.
async fn next(
    round: &Round<'_>,
    stream: &mut PaymentStream,
    until: &Cell<Instant>,
    look_at: Instant,
) -> (Vec<StreamRecord>, Option<Ended>) {
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let mut records = Vec::new();
    let mut gathered_at = None;
    while records.len() < most {
        let now = Instant::now();
        if records.is_empty() && (now >= until.get() || round.is_stopping()) {
            return (records, Some(Ended::InTime));
        }
        if records.is_empty() && now >= look_at {
            break;
        }
        let look_again = gathered_at.unwrap_or(std::cmp::min(until.get(), now + LOOK));
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
