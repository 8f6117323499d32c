//! Accounts and the balances on them.

use std::collections::BTreeMap;

use stellar_xdr::{Asset, SignerKey};

/// Stroops that each entry of an account keeps locked.
pub(super) const BASE_RESERVE: i64 = 5_000_000;

/// A balance of something that somebody issued. Amounts in units of 0.0000001.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) balance: i64,
    pub(super) limit: i64,
    pub(super) authorized: bool,
}

/// An account of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) sequence: i64,
    /// The ledger in which the sequence was last used, or the account made.
    pub(super) sequence_ledger: u32,
    /// When that ledger closed: seconds since 1970. 0: the sequence was never used.
    pub(super) sequence_time: u64,
    /// Lumens, in stroops.
    pub(super) native: i64,
    pub(super) lines: BTreeMap<Asset, Line>,
    /// Without the master key.
    pub(super) signers: BTreeMap<SignerKey, u32>,
    pub(super) master_weight: u32,
    /// Low, medium, high.
    pub(super) thresholds: [u32; 3],
    /// Trustlines to this issuer need its authorization, which it may take back.
    pub(super) auth_required: bool,
    /// Reserves that it pays for entries that are not its own: claimable balances.
    pub(super) sponsoring: u32,
}

/// What an operation needs the signatures for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Low,
    Medium,
    High,
}

impl Account {
    /// An account as `create_account` makes it.
    pub(super) fn new(native: i64, ledger: u32) -> Self {
        Self {
            sequence: i64::from(ledger) << 32,
            sequence_ledger: ledger,
            sequence_time: 0,
            native,
            lines: BTreeMap::new(),
            signers: BTreeMap::new(),
            master_weight: 1,
            thresholds: [0; 3],
            auth_required: false,
            sponsoring: 0,
        }
    }

    /// Entries that the account owns beside itself.
    pub(super) fn subentries(&self) -> usize {
        self.lines.len() + self.signers.len()
    }

    /// Lumens that it must keep.
    pub(super) fn reserve(&self) -> i64 {
        let own = i64::try_from(self.subentries()).unwrap_or(i64::MAX);
        (2 + i64::from(self.sponsoring)).saturating_add(own).saturating_mul(BASE_RESERVE)
    }

    /// Lumens that it can part with.
    pub(super) fn spendable(&self) -> i64 {
        self.native.saturating_sub(self.reserve())
    }

    /// Whether it can pay the reserve of `more` entries.
    pub(super) fn affords(&self, more: i64) -> bool {
        self.spendable() >= more.saturating_mul(BASE_RESERVE)
    }

    pub(super) fn threshold(&self, level: Level) -> u32 {
        let [low, medium, high] = self.thresholds;
        match level {
            Level::Low => low,
            Level::Medium => medium,
            Level::High => high,
        }
    }
}
