//! Reading an account's payments by page, and booking what is in them.

use super::{Read, Session, Watcher, thing_of};
use crate::engine::Incoming;
use crate::engine::decide::judging::Side;
use crate::jobs::booking::Booking;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::NetworkError;
use crate::networks::stellar::{Content, StreamRecord};
use crate::rails::UnreadableIncoming;

/// Horizon gives no more records in a page.
pub(super) const PAGE: u32 = 200;

/// Records in plain words.
#[derive(Default)]
pub(super) struct Brought {
    pub(super) incoming: Vec<Incoming>,
    pub(super) unreadable: Vec<UnreadableIncoming>,
    /// Payments of our own, and what brought nothing.
    passed_over: u64,
}

impl Watcher {
    /// Reads an account from the stored place on, until nothing more is there; and ends what is overdue then.
    pub(super) async fn catch_up(
        &self,
        round: &Round<'_>,
        account: &str,
        session: &Session,
    ) -> (Read, Result<(), SweepError>) {
        let mut read = Read::default();
        if round.sick.is_put_off(&thing_of(account)) {
            return (read, Ok(()));
        }
        let result = self.read_to_end(round, account, session, &mut read).await;
        (read, self.judged(round, account, result).await)
    }

    /// The same, in which `read` counts. The session's newest ledger must have been asked for before.
    pub(super) async fn read_to_end(
        &self,
        round: &Round<'_>,
        account: &str,
        session: &Session,
        read: &mut Read,
    ) -> Result<(), SweepError> {
        if !self.read_pages(round, account, session, read).await? {
            return Ok(());
        }
        let root = session.root.borrow().clone();
        self.note_place(round, account, &root).await?;
        self.expire(round, account, session, &mut read.ended).await
    }

    /// Reads page by page. Whether the end was reached.
    pub(super) async fn read_pages(
        &self,
        round: &Round<'_>,
        account: &str,
        session: &Session,
        read: &mut Read,
    ) -> Result<bool, SweepError> {
        let mut size = PAGE;
        while !round.is_stopping() {
            let cursor = self.place(account).await?.from(&session.root.borrow());
            let page = self.horizon.payments(account, cursor.as_deref(), size);
            let page = match round.answer(page).await {
                // One of them tells not even its place, and those before it are not to wait for it: one by one up to there.
                Err(NetworkError::TooLarge { .. }) if size > 1 => {
                    size = 1;
                    continue;
                }
                page => page.map_err(|error| standing_still(error, cursor.as_deref()))?,
            };
            let is_last = page.len() < usize::try_from(size).unwrap_or(usize::MAX);
            let has_moved = self.book(round, account, page, read).await?;
            if is_last {
                return Ok(true);
            }
            // What is behind a page of which nothing tells its place comes with a later one.
            if !has_moved {
                break;
            }
        }
        Ok(false)
    }

    /// Writes down what records bring, and the place behind them. Whether there is one.
    pub(super) async fn book(
        &self,
        round: &Round<'_>,
        account: &str,
        records: Vec<StreamRecord>,
        read: &mut Read,
    ) -> Result<bool, SweepError> {
        if records.is_empty() {
            return Ok(false);
        }
        let cursor = records.iter().rev().find_map(|record| record.cursor.clone());
        let brought = self.brought(round, records).await?;
        let source = &self.desk.scope.network;
        let booking = Booking { expected: &self.expected, source, account, side: Side::Network };
        read.tally += booking.set_aside(round, brought.unreadable).await?;
        read.tally += booking.book(round, brought.incoming, cursor.as_deref()).await?;
        read.tally.unchanged += brought.passed_over;
        read.pages += 1;
        round.beat();
        Ok(cursor.is_some())
    }

    pub(super) async fn brought(
        &self,
        round: &Round<'_>,
        records: Vec<StreamRecord>,
    ) -> Result<Brought, SweepError> {
        let mut brought = Brought::default();
        for record in records {
            match record.content {
                Content::Received(incoming) => brought.incoming.extend(incoming),
                Content::Nothing => brought.passed_over += 1,
                Content::Unreadable { why, raw } => {
                    let incoming_id = record.cursor;
                    brought.unreadable.push(UnreadableIncoming { incoming_id, reason: why, raw });
                }
                Content::Claimed(claim) => match round.answer(self.horizon.claimed(&claim)).await {
                    Ok(incoming) => brought.incoming.push(incoming),
                    // Nobody will ever tell how much it was, but a person can find out.
                    Err(
                        error @ (NetworkError::Refused { .. }
                        | NetworkError::Unreadable(_)
                        | NetworkError::TooLarge { .. }),
                    ) => {
                        let id = claim.operation_id().to_owned();
                        brought.unreadable.push(UnreadableIncoming {
                            reason: format!("a claimed balance, and not known how much: {error}"),
                            raw: format!("operation {id}"),
                            incoming_id: Some(id),
                        });
                    }
                    // The second time in a row it is its own: what is behind it must not wait.
                    Err(error) => {
                        let id = claim.operation_id().to_owned();
                        let thing = format!("operation/{id}");
                        if !round.sick.has_failed(&thing) {
                            let (ask, same) = (|| self.is_well(round), error.clone());
                            round.sick.failed(round.lease, &thing, error, ask).await?;
                            return Err(same.into());
                        }
                        brought.unreadable.push(UnreadableIncoming {
                            reason: format!(
                                "a claimed balance, and Horizon does not tell how much: {error}"
                            ),
                            raw: format!("operation {id}"),
                            incoming_id: Some(id),
                        });
                    }
                },
            }
        }
        Ok(brought)
    }
}

/// A record of which not even the place is known keeps all that is behind it from us: says so.
fn standing_still(error: NetworkError, cursor: Option<&str>) -> NetworkError {
    match error {
        NetworkError::TooLarge { problem, beginning } => {
            let place =
                cursor.map_or_else(|| "at the beginning".to_owned(), |it| format!("behind {it}"));
            let problem = format!(
                "the payment {place} does not tell its place, and what came after it is not seen: {problem}"
            );
            NetworkError::TooLarge { problem, beginning }
        }
        error @ (NetworkError::Options(_)
        | NetworkError::Credentials(_)
        | NetworkError::Forbidden(_)
        | NetworkError::Unavailable(_)
        | NetworkError::Unreadable(_)
        | NetworkError::Refused { .. }) => error,
    }
}
