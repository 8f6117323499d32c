//! Whether somebody risks to pay twice: a second envelope for a payment, while the first can be applied, or is.
//!
//! Whoever has posted an envelope may make its payments anew only when he knows that it is out of the way. He knows it
//! when its time is over, when the ledger has it and it failed, or when Horizon has told him that it was applied: then
//! the second payment is another one. That its sequence number is used tells him nothing, for it may be this very
//! envelope that has used it, and Horizon may be late to find it.

use std::collections::HashMap;

use stellar_xdr::{Asset, Claimant, Memo, MuxedAccount, Operation, OperationBody};

use super::envelope::{Envelope, operation_source};
use super::keys::{Key, asset_text, decimal, hex, memo_text};
use super::ledger::Ledger;

/// What makes two payments the same one: whose money it is, to whom, with what attached, and how much of what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Same {
    from: Key,
    to: MuxedAccount,
    memo: Memo,
    asset: Asset,
    amount: i64,
}

/// One of the envelopes that pay the same.
#[derive(Debug, Clone, Copy)]
struct Payer {
    /// Which of those that were posted.
    at: usize,
    /// It pays by making the account. That works only once.
    creates: bool,
}

/// An envelope that was posted.
#[derive(Debug)]
struct Posted {
    inner_hash: [u8; 32],
    source: Key,
    sequence: i64,
    /// Seconds since 1970; 0 for ever.
    max_time: u64,
    /// Whether somebody who asked was told that it is applied.
    is_told: bool,
}

/// Why an envelope is in the way of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InTheWay {
    CanBeApplied,
    IsApplied,
}

/// Every envelope that was posted, by what it pays.
#[derive(Debug, Default)]
pub(super) struct Overlaps {
    posted: Vec<Posted>,
    by_payment: HashMap<Same, Vec<Payer>>,
    by_hash: HashMap<[u8; 32], usize>,
    pub(super) found: Vec<String>,
}

impl Overlaps {
    /// Notes an envelope, and what is paid by an earlier one that is not out of the way.
    pub(super) fn post(&mut self, envelope: &Envelope, ledger: &Ledger, now: u64) {
        let inner_hash = envelope.inner_hash;
        if self.by_hash.contains_key(&inner_hash) {
            return;
        }
        let at = self.posted.len();
        let new = Posted {
            inner_hash,
            source: envelope.source(),
            sequence: envelope.sequence(),
            max_time: envelope.time_bounds().map_or(0, |bounds| bounds.max_time.0),
            is_told: false,
        };
        for (same, creates) in payments(envelope) {
            let earlier = self.by_payment.entry(same.clone()).or_default();
            let rival = earlier
                .iter()
                .filter(|other| other.at != at && !(other.creates && creates))
                .map(|other| &self.posted[other.at])
                .filter(|other| other.is_independent_of(&new))
                .find_map(|other| Some((other, other.in_the_way(ledger, now)?)));
            if let Some((rival, why)) = rival {
                self.found.push(same.paid_again(&inner_hash, rival, why));
            }
            earlier.push(Payer { at, creates });
        }
        self.by_hash.insert(inner_hash, at);
        self.posted.push(new);
    }

    /// Somebody hears that this envelope is applied.
    pub(super) fn tell(&mut self, inner_hash: &[u8; 32]) {
        let posted = self.by_hash.get(inner_hash).and_then(|at| self.posted.get_mut(*at));
        if let Some(posted) = posted {
            posted.is_told = true;
        }
    }
}

impl Same {
    fn paid_again(&self, new: &[u8; 32], rival: &Posted, why: InTheWay) -> String {
        let (kind, memo) = memo_text(&self.memo);
        format!(
            "{} of {} to {} with memo {kind} {}: {} was posted while {} {}",
            decimal(self.amount),
            asset_text(&self.asset),
            self.to,
            memo.unwrap_or_default(),
            hex(new),
            hex(&rival.inner_hash),
            match why {
                InTheWay::CanBeApplied => "could be applied",
                InTheWay::IsApplied => "was applied, and nobody had been told so",
            },
        )
    }
}

impl Posted {
    /// Whether both could be applied, one after the other: of two with the same sequence only one can.
    fn is_independent_of(&self, other: &Self) -> bool {
        (self.source, self.sequence) != (other.source, other.sequence)
    }

    /// Why its payments must not be made anew. None: it is out of the way.
    fn in_the_way(&self, ledger: &Ledger, now: u64) -> Option<InTheWay> {
        let late = self.max_time != 0 && self.max_time < now;
        match ledger.history.find(&self.inner_hash) {
            Some(applied) => (applied.successful && !self.is_told).then_some(InTheWay::IsApplied),
            None => (!late).then_some(InTheWay::CanBeApplied),
        }
    }
}

/// What the operations pay, and whether by making an account.
fn payments(envelope: &Envelope) -> impl Iterator<Item = (Same, bool)> {
    let operations = envelope.transaction.operations.iter();
    operations.filter_map(|operation| payment(envelope, operation))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the XDR's operations; few of them pay")]
fn payment(envelope: &Envelope, operation: &Operation) -> Option<(Same, bool)> {
    let from = operation_source(envelope.source(), operation);
    let same = |to: MuxedAccount, asset: &Asset, amount| Same {
        from,
        to,
        memo: envelope.memo().clone(),
        asset: asset.clone(),
        amount,
    };
    match &operation.body {
        OperationBody::Payment(op) => {
            Some((same(op.destination.clone(), &op.asset, op.amount), false))
        }
        OperationBody::CreateAccount(op) => {
            let to = Key::from(&op.destination).muxed();
            Some((same(to, &Asset::Native, op.starting_balance), true))
        }
        OperationBody::CreateClaimableBalance(op) => {
            let Claimant::ClaimantTypeV0(claimant) = op.claimants.first()?;
            let to = Key::from(&claimant.destination).muxed();
            Some((same(to, &op.asset, op.amount), false))
        }
        _ => None,
    }
}
