//! What a sweep would do: read and judged as a sweep does it, and not written down.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::horizon::told_until;
use super::pages::PAGE;
use super::{LAPSED, Watcher};
use crate::engine::PlaceKind;
use crate::engine::decide::judging::Side;
use crate::jobs::booking::Booking;
use crate::jobs::frame::note::{Note, Observer};
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::networks::stellar::{Content, Root, StreamRecord};

/// Of no more transfers is told that they would end.
const TOLD_MAX: u32 = 100_000;

impl Watcher {
    /// Tells what a sweep would write down and which transfers would end, and writes nothing.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub(super) async fn tell_due(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let root = self.horizon.check().await?;
        report.newest = root.latest_ledger_closed_at;
        // What money would come for does not end.
        let mut matched = HashSet::new();
        for account in &self.accounts {
            self.tell_pages(account, &root, stop, observer, report, &mut matched).await?;
        }
        let Some(until) = told_until(&root).filter(|_| !stop()) else { return Ok(()) };
        let accounts = self.accounts.iter().map(|account| Some(account.as_str()));
        for account in accounts.chain([None]) {
            self.tell_overdue(account, until, &matched, observer).await?;
        }
        report.open = self.count_open().await?;
        Ok(())
    }

    async fn tell_pages(
        &self,
        account: &str,
        root: &Root,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
        report: &mut SweepReport,
        matched: &mut HashSet<String>,
    ) -> Result<(), SweepError> {
        let source = &self.desk.scope.network;
        let booking = Booking { expected: &self.expected, source, account, side: Side::Network };
        let mut cursor = self.place(account).await?.from(root);
        while !stop() {
            let page = self.horizon.payments(account, cursor.as_deref(), PAGE).await?;
            let Some(last) = page.iter().rev().find_map(|one| one.cursor.clone()) else { break };
            cursor = Some(last);
            report.pages += 1;
            let mut incoming = Vec::new();
            for StreamRecord { cursor, content } in page {
                let unreadable = match content {
                    Content::Received(received) => {
                        incoming.extend(received);
                        continue;
                    }
                    Content::Nothing => continue,
                    Content::Unreadable { why, .. } => (cursor, why),
                    Content::Claimed(claim) => match self.horizon.claimed(&claim).await {
                        Ok(claimed) => {
                            incoming.push(claimed);
                            continue;
                        }
                        Err(error) => (cursor, error.to_string()),
                    },
                };
                let (id, detail) = unreadable;
                let (id, what) = (id.unwrap_or_else(|| "?".to_owned()), "quarantine".to_owned());
                observer(Note::Would { payment_id: id, what, detail });
                report.tally.quarantined += 1;
            }
            report.tally += booking.preview(&self.desk.store, incoming, observer, matched).await?;
        }
        Ok(())
    }

    async fn tell_overdue(
        &self,
        account: Option<&str>,
        until: DateTime<Utc>,
        matched: &HashSet<String>,
        observer: Observer<'_>,
    ) -> Result<(), SweepError> {
        let (store, network) = (&self.desk.store, &self.desk.scope.network);
        let overdue =
            store.overdue_transfers(PlaceKind::Network, network, account, until, TOLD_MAX).await?;
        let lapses = |id: &String| !matched.contains(id);
        for transfer in overdue.into_iter().filter(|one| self.lapses(account, one)) {
            let id = Some(transfer.transfer_id).filter(lapses);
            let would = |payment_id| Note::Would {
                payment_id,
                what: "expire".to_owned(),
                detail: LAPSED.to_owned(),
            };
            id.map(would).into_iter().for_each(observer);
        }
        Ok(())
    }
}
