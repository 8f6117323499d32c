//! What the books and the record tell to whoever holds the sandbox.

use std::collections::BTreeMap;

use super::HorizonSandbox;
use super::books::Paid;
use super::keys::{Key, asset, hash_of};
use super::network::HorizonNetwork;

/// What has become of a transaction, by the ledger's own books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The ledger has never taken it in.
    Unknown,
    /// It waits for a ledger.
    Waiting,
    /// It is in this ledger, and did what it was to do.
    Applied(u32),
    /// It is in this ledger, and failed: its sequence and its fee are gone.
    Failed(u32),
    /// It was taken in, and will be in no ledger unless it is submitted again. The reason.
    Dropped(String),
}

impl HorizonSandbox {
    /// Every payment, oldest first: also to claimable balances, and by new accounts.
    #[must_use]
    pub fn payments(&self) -> Vec<Paid> {
        self.read(|network| network.payments().collect())
    }

    /// The payments to an account (`G…`), oldest first.
    #[must_use]
    pub fn payments_to(&self, account: &str) -> Vec<Paid> {
        self.payments_of(account, |paid| paid.to == account)
    }

    /// The payments from an account (`G…`), oldest first.
    #[must_use]
    pub fn payments_from(&self, account: &str) -> Vec<Paid> {
        self.payments_of(account, |paid| paid.from == account)
    }

    fn payments_of(&self, account: &str, wanted: impl Fn(&Paid) -> bool) -> Vec<Paid> {
        let Ok(key) = account.parse::<Key>() else { return Vec::new() };
        self.read(|network| network.payments_of(key).filter(|paid| wanted(paid)).collect())
    }

    /// How often the account was paid with each memo, by its type and text. (Twice is not wrong in itself.)
    #[must_use]
    pub fn payments_by_memo(&self, account: &str) -> BTreeMap<(&'static str, String), usize> {
        let mut counts = BTreeMap::new();
        for paid in self.payments_to(account) {
            let memo = paid.memo.unwrap_or_default();
            *counts.entry((paid.memo_type, memo)).or_default() += 1;
        }
        counts
    }

    /// What an account has of an asset (`native` or `CODE:G…`), in units of 0.0000001. Nothing: no account or no
    /// trustline.
    #[must_use]
    pub fn balance(&self, account: &str, of: &str) -> Option<i64> {
        let (key, asset) = (account.parse::<Key>().ok()?, asset(of)?);
        self.read(|network| {
            let account = network.ledger.state.account(key)?;
            if asset == stellar_xdr::Asset::Native {
                return Some(account.native);
            }
            account.lines.get(&asset).map(|line| line.balance)
        })
    }

    /// The number of the last transaction of an account.
    #[must_use]
    pub fn sequence(&self, account: &str) -> Option<i64> {
        let key = account.parse::<Key>().ok()?;
        self.read(|network| network.ledger.state.account(key).map(|account| account.sequence))
    }

    /// Payments (the same amount from and to the same account, with the same memo) that were posted in a second envelope
    /// while a first could still be applied, or was applied and nobody who asked for it had been told so: whoever does
    /// that with one payment risks to pay twice, also where it goes well. Payments that are alike need memos of their own.
    #[must_use]
    pub fn overlaps(&self) -> Vec<String> {
        self.read(|network| network.overlaps.found.clone())
    }

    /// What does not add up in the ledger. Empty, unless the sandbox itself is at fault.
    #[must_use]
    pub fn discrepancies(&self) -> Vec<String> {
        self.read(HorizonNetwork::discrepancies)
    }

    /// What has become of a transaction, by its hash in hex.
    #[must_use]
    pub fn fate(&self, hash: &str) -> Fate {
        let Some(hash) = hash_of(hash) else { return Fate::Unknown };
        self.read(|network| {
            let ledger = &network.ledger;
            match ledger.history.find(&hash) {
                Some(applied) if applied.successful => Fate::Applied(applied.ledger),
                Some(applied) => Fate::Failed(applied.ledger),
                None if ledger.queue.has(&hash) => Fate::Waiting,
                None => {
                    let why = ledger.why_dropped(&hash);
                    why.map_or(Fate::Unknown, |why| Fate::Dropped(why.to_owned()))
                }
            }
        })
    }

    /// The last closed ledger.
    #[must_use]
    pub fn ledger(&self) -> u32 {
        self.read(|network| network.ledger.last().sequence)
    }

    /// How many transactions are in ledgers: those that did what they were to do, and those that failed.
    #[must_use]
    pub fn transactions(&self) -> (usize, usize) {
        self.read(|network| {
            let all = &network.ledger.history.transactions;
            let good = all.iter().filter(|applied| applied.successful).count();
            (good, all.len() - good)
        })
    }

    /// How many transactions wait for a ledger.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.read(|network| network.ledger.queue.len())
    }

    /// How many streams are open.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.read(|network| network.streams)
    }

    /// How many envelopes were posted, each time counted.
    #[must_use]
    pub fn submissions(&self) -> u64 {
        self.read(|network| network.submissions)
    }
}
