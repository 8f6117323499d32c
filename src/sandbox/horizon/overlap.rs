//! Whether somebody risks to pay twice: two envelopes for one payment, of which both could be applied.

use std::collections::HashMap;

use stellar_xdr::{Asset, Memo, MuxedAccount, OperationBody};

use super::envelope::Envelope;
use super::keys::{Key, asset_text, decimal, hex, memo_text};
use super::ledger::Ledger;

/// What makes two payments the same one: to whom, with what attached, and how much of what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Same {
    to: MuxedAccount,
    memo: Memo,
    asset: Asset,
    amount: i64,
}

/// An envelope that was posted.
#[derive(Debug)]
struct Posted {
    inner_hash: [u8; 32],
    source: Key,
    sequence: i64,
    /// Seconds since 1970; 0 for ever.
    max_time: u64,
}

/// Every envelope that was posted, by what it pays.
#[derive(Debug, Default)]
pub(super) struct Overlaps {
    posted: Vec<Posted>,
    by_payment: HashMap<Same, Vec<usize>>,
    by_hash: HashMap<[u8; 32], usize>,
    pub(super) found: Vec<String>,
}

impl Overlaps {
    /// Notes an envelope, and what is paid by an earlier one that could still be applied.
    pub(super) fn post(&mut self, envelope: &Envelope, ledger: &Ledger, now: u64) {
        let inner_hash = envelope.inner_hash;
        if self.by_hash.contains_key(&inner_hash) {
            return;
        }
        let index = self.posted.len();
        let new = Posted {
            inner_hash,
            source: envelope.source(),
            sequence: envelope.sequence(),
            max_time: envelope.time_bounds().map_or(0, |bounds| bounds.max_time.0),
        };
        for same in payments(envelope) {
            let earlier = self.by_payment.entry(same.clone()).or_default();
            let rival = earlier
                .iter()
                .filter(|other| **other != index)
                .map(|other| &self.posted[*other])
                .find(|other| other.is_independent_of(&new) && other.may_be_applied(ledger, now));
            if let Some(rival) = rival {
                let (kind, memo) = memo_text(&same.memo);
                self.found.push(format!(
                    "{} of {} to {} with memo {kind} {}: {} was posted while {} could be applied",
                    decimal(same.amount),
                    asset_text(&same.asset),
                    same.to,
                    memo.unwrap_or_default(),
                    hex(&inner_hash),
                    hex(&rival.inner_hash),
                ));
            }
            earlier.push(index);
        }
        self.by_hash.insert(inner_hash, index);
        self.posted.push(new);
    }
}

impl Posted {
    /// Whether both could be applied, one after the other: of two with the same sequence only one can.
    fn is_independent_of(&self, other: &Self) -> bool {
        (self.source, self.sequence) != (other.source, other.sequence)
    }

    /// Whether it is in no ledger yet, and could get into one.
    fn may_be_applied(&self, ledger: &Ledger, now: u64) -> bool {
        let used = ledger.state.account(self.source).map(|account| account.sequence);
        let late = self.max_time != 0 && self.max_time < now;
        ledger.history.find(&self.inner_hash).is_none()
            && used.is_some_and(|used| used < self.sequence)
            && !late
    }
}

/// What the operations pay; creating accounts is not among it, because that works only once.
#[expect(clippy::wildcard_enum_match_arm, reason = "the XDR's operations; few of them pay")]
fn payments(envelope: &Envelope) -> impl Iterator<Item = Same> {
    envelope.transaction.operations.iter().filter_map(|operation| {
        let same = |to: MuxedAccount, asset: &Asset, amount| Same {
            to,
            memo: envelope.memo().clone(),
            asset: asset.clone(),
            amount,
        };
        match &operation.body {
            OperationBody::Payment(op) => Some(same(op.destination.clone(), &op.asset, op.amount)),
            OperationBody::CreateClaimableBalance(op) => {
                let stellar_xdr::Claimant::ClaimantTypeV0(claimant) = op.claimants.first()?;
                Some(same(Key::from(&claimant.destination).muxed(), &op.asset, op.amount))
            }
            _ => None,
        }
    })
}
