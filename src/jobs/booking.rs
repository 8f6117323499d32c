//! Writing down what came: each payment once, with what it does and the place up to which was read, in one transaction.

use std::collections::HashSet;

use crate::engine::decide::judging::{Judged, Side, judge};
use crate::engine::decide::returns::{refund_of, returned};
use crate::engine::order::SeenMoney;
use crate::engine::{BadRow, Incoming, Match, MemoKey, Row, Tally, Trail};
use crate::jobs::expected::Expected;
use crate::jobs::frame::note::{Note, Observer};
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::rails::UnreadableIncoming;
use crate::store::{IncomingPage, NewIncoming, Recorded, Store, StoreError};

/// A transfer that others move all the time is matched anew so often. It is a person who moves them by hand.
const TRIES: u32 = 10;

/// Where payments come from, and what they may be for.
pub(in crate::jobs) struct Booking<'a> {
    pub(in crate::jobs) expected: &'a Expected,
    /// The network's or rail's name.
    pub(in crate::jobs) source: &'a str,
    /// The account that is read.
    pub(in crate::jobs) account: &'a str,
    pub(in crate::jobs) side: Side,
}

impl Booking<'_> {
    /// Matches payments that are final and writes them down, and `cursor` with them. Nothing is left out, and what is on record
    /// already is passed over.
    pub(in crate::jobs) async fn book(
        &self,
        round: &Round<'_>,
        incoming: Vec<Incoming>,
        cursor: Option<&str>,
    ) -> Result<Tally, SweepError> {
        let keys: Vec<MemoKey> = incoming.iter().flat_map(Incoming::keys).collect();
        for _ in 0..TRIES {
            let now = round.now();
            let transfers = round.store.transfers_for(self.source, &keys).await?;
            let judged = judge(&incoming, &transfers, &self.expected.assets, self.side);
            let steps = judged.iter().filter_map(|one| one.step.as_ref());
            let before = round.store.refunds_decided(&returned(steps)).await?;
            let (mut rows, mut orders) = (Vec::new(), Vec::new());
            for (incoming, Judged { verdict, mut step }) in incoming.iter().zip(judged) {
                // What no transfer waits for may be an order's.
                let is_nobodys = verdict == Match::UnknownMemo;
                let for_orders =
                    is_nobodys.then(|| self.expected.for_orders(incoming, self.side)).flatten();
                if let Some(seen) = for_orders {
                    orders.push(seen);
                    continue;
                }
                let refund =
                    step.as_mut().and_then(|step| refund_of(step, &self.expected.assets, &before));
                let confirmed = NewIncoming::confirmed(incoming.clone(), verdict);
                let asset_name = self.expected.asset_of(incoming, self.side);
                rows.push(NewIncoming { asset_name, step, refund, ..confirmed });
            }
            let page = IncomingPage {
                source: self.source,
                account: self.account,
                rows: &rows,
                orders: Some((&orders, &self.expected.world)),
                cursor,
            };
            let recorded = round.store.record_incoming(round.lease, &page, now).await?;
            match recorded {
                Recorded::Stored { new, .. } => return Ok(tell(round, &rows, &orders, new)),
                Recorded::Again(moved) => {
                    let moved = moved.join(" ");
                    tracing::info!(moved, "transfers were moved meanwhile: matched again");
                }
            }
        }
        let why = format!("the transfers that pay on {} move all the time", self.source);
        Err(StoreError::Refused(why).into())
    }

    /// Tells what payments would be recorded as, and writes nothing. The transfers that they are for are added to `matched`:
    /// what comes for one of these is more money.
    pub(in crate::jobs) async fn preview(
        &self,
        store: &Store,
        incoming: Vec<Incoming>,
        observer: Observer<'_>,
        matched: &mut HashSet<String>,
    ) -> Result<Tally, StoreError> {
        let keys: Vec<MemoKey> = incoming.iter().flat_map(Incoming::keys).collect();
        let transfers = store.transfers_for(self.source, &keys).await?;
        let judged = judge(&incoming, &transfers, &self.expected.assets, self.side);
        let mut tally = Tally::default();
        for (one, Judged { verdict, .. }) in incoming.into_iter().zip(judged) {
            let verdict = match verdict {
                Match::Matched(claimant)
                    if claimant.transfer_id().is_some_and(|id| !matched.insert(id.to_owned())) =>
                {
                    Match::Second(claimant)
                }
                verdict @ (Match::Matched(_)
                | Match::Second(_)
                | Match::UnknownMemo
                | Match::WrongAsset(_)
                | Match::TooLate(_)) => verdict,
            };
            let is_orders = verdict == Match::UnknownMemo
                && self.expected.for_orders(&one, self.side).is_some();
            let what = if is_orders {
                "record for orders".to_owned()
            } else {
                format!("record as {}", verdict.as_str())
            };
            let detail = format!("{} {}", one.amount, one.asset);
            observer(Note::Would { payment_id: one.incoming_id, what, detail });
            tally.new += 1;
        }
        Ok(tally)
    }

    /// Keeps what cannot be understood for a person, for it may be money; and tells how much was set aside.
    pub(in crate::jobs) async fn set_aside(
        &self,
        round: &Round<'_>,
        unreadable: Vec<UnreadableIncoming>,
    ) -> Result<Tally, SweepError> {
        let bad = |one: UnreadableIncoming| {
            Row::Bad(BadRow {
                payment_id: one.incoming_id,
                modified_at: None,
                raw: one.raw,
                reason: one.reason,
            })
        };
        let rows: Vec<Row> = unreadable.into_iter().map(bad).collect();
        if rows.is_empty() {
            return Ok(Tally::default());
        }
        let (scope, lease) = (&round.lease.scope, Some(round.lease));
        Ok(round.store.record(scope, lease, &rows, None, Trail::List, round.now()).await?)
    }
}

/// Tells the observer of each payment, if they are new.
fn tell(round: &Round<'_>, rows: &[NewIncoming<'_>], orders: &[SeenMoney], new: usize) -> Tally {
    let known = (rows.len() + orders.len()).saturating_sub(new);
    let count = |things: usize| u64::try_from(things).unwrap_or(u64::MAX);
    // A page that was read before, whole or in part: nobody knows which of its rows were counted then.
    if known == 0 {
        for row in rows {
            (round.observer)(Note::Incoming {
                incoming_id: row.incoming.incoming_id.clone(),
                verdict: row.verdict.as_str(),
                transfer_id: row.verdict.transfer_id().map(str::to_owned),
                detail: format!("{} {}", row.incoming.amount, row.incoming.asset),
            });
        }
        for seen in orders {
            (round.observer)(Note::Incoming {
                incoming_id: seen.incoming.incoming_id.clone(),
                verdict: "for orders",
                transfer_id: None,
                detail: format!("{} {}", seen.incoming.amount, seen.incoming.asset),
            });
        }
    }
    Tally { new: count(new), unchanged: count(known), ..Tally::default() }
}
