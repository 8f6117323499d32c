//! Reading an account's payments by page, and booking what is in them.

use super::{Read, Watcher};
use crate::engine::{Incoming, MemoKey};
use crate::networks::NetworkError;
use crate::networks::stellar::{Content, StreamRecord};
use crate::rails::UnreadableIncoming;
use crate::states::booking::Booking;
use crate::states::judging::{Judged, Side, judge};
use crate::states::note::{Note, Observer};
use crate::states::round::Round;
use crate::states::sweep::{SweepError, SweepReport};

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
    /// Reads an account from the stored place on, until nothing more is there.
    pub(super) async fn catch_up(
        &self,
        round: &Round<'_>,
        account: &str,
    ) -> (Read, Result<(), SweepError>) {
        let mut read = Read::default();
        let result = self.read_pages(round, account, &mut read).await;
        (read, result)
    }

    pub(super) async fn read_pages(
        &self,
        round: &Round<'_>,
        account: &str,
        read: &mut Read,
    ) -> Result<(), SweepError> {
        while !round.is_stopping() {
            let cursor = self.desk.store.stream_cursor(&self.desk.scope.network, account).await?;
            let page = self.horizon.payments(account, cursor.as_deref(), PAGE);
            let page = round.answer(page).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            self.book(round, account, page, read).await?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Writes down what records bring, and the place behind them.
    pub(super) async fn book(
        &self,
        round: &Round<'_>,
        account: &str,
        records: Vec<StreamRecord>,
        read: &mut Read,
    ) -> Result<(), SweepError> {
        let Some(cursor) = records.last().map(|record| record.cursor.clone()) else {
            return Ok(());
        };
        let brought = self.brought(round, records).await?;
        let source = &self.desk.scope.network;
        let booking = Booking { assets: &self.assets, source, account, side: Side::Network };
        booking.set_aside(round, brought.unreadable).await?;
        read.tally += booking.book(round, brought.incoming, Some(&cursor)).await?;
        read.tally.unchanged += brought.passed_over;
        read.pages += 1;
        round.beat();
        Ok(())
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
                    let incoming_id = Some(record.cursor);
                    brought.unreadable.push(UnreadableIncoming { incoming_id, reason: why, raw });
                }
                Content::Claimed(claim) => match round.answer(self.horizon.claimed(&claim)).await {
                    Ok(incoming) => brought.incoming.push(incoming),
                    // Nobody will ever tell how much it was, but a person can find out.
                    Err(error @ (NetworkError::Refused { .. } | NetworkError::Unreadable(_))) => {
                        let id = claim.operation_id().to_owned();
                        brought.unreadable.push(UnreadableIncoming {
                            reason: format!("a claimed balance, and not known how much: {error}"),
                            raw: format!("operation {id}"),
                            incoming_id: Some(id),
                        });
                    }
                    Err(error) => return Err(error.into()),
                },
            }
        }
        Ok(brought)
    }
}

impl Watcher {
    /// Tells what a sweep would write down, and writes nothing.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn dry_run(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
    ) -> Result<SweepReport, SweepError> {
        self.horizon.check().await?;
        let network = &self.desk.scope.network;
        let mut report = SweepReport::default();
        for account in &self.accounts {
            let mut cursor = self.desk.store.stream_cursor(network, account).await?;
            while !stop() {
                let page = self.horizon.payments(account, cursor.as_deref(), PAGE).await?;
                let Some(last) = page.last() else { break };
                cursor = Some(last.cursor.clone());
                report.pages += 1;
                for record in page {
                    let Content::Received(incoming) = record.content else { continue };
                    let keys: Vec<MemoKey> = incoming.iter().flat_map(Incoming::keys).collect();
                    let transfers = self.desk.store.transfers_for(network, &keys).await?;
                    let judged = judge(&incoming, &transfers, &self.assets, Side::Network);
                    for (one, Judged { verdict, .. }) in incoming.into_iter().zip(judged) {
                        let what = format!("record as {}", verdict.as_str());
                        let detail = format!("{} {}", one.amount, one.asset);
                        observer(Note::Would { payment_id: one.incoming_id, what, detail });
                        report.tally.new += 1;
                    }
                }
            }
        }
        Ok(report)
    }
}
