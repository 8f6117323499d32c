//! Who has what: the accounts, the claimable balances, and how money moves between them.

use std::collections::{BTreeMap, HashMap};

use stellar_xdr::Asset;

use super::account::Account;
use super::keys::{Key, issuer};

/// Money that waits for one of its claimants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claimable {
    pub(super) asset: Asset,
    pub(super) amount: i64,
    pub(super) claimants: Vec<Key>,
    /// Who pays the reserve, one per claimant.
    pub(super) sponsor: Key,
    pub(super) ledger: u32,
}

/// Why nothing can be taken from an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    NoTrust,
    NotAuthorized,
    Underfunded,
}

/// Why nothing can be given to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotGiven {
    NoDestination,
    NoTrust,
    NotAuthorized,
    LineFull,
}

/// Accounts and claimable balances as they were before they were changed.
#[derive(Debug, Default)]
struct Before {
    accounts: HashMap<Key, Option<Account>>,
    claimables: HashMap<[u8; 32], Option<Claimable>>,
}

/// The whole state of the ledger.
#[derive(Debug, Default)]
pub(super) struct State {
    accounts: HashMap<Key, Account>,
    claimables: HashMap<[u8; 32], Claimable>,
    /// What issuers have given out and not taken back.
    issued: BTreeMap<Asset, i128>,
    /// Lumens that were brought into being.
    pub(super) coins: i64,
    /// Fees, which nobody gets.
    pub(super) fee_pool: i64,
    /// What was there before the transaction in hand changed it.
    journal: Before,
    journal_issued: HashMap<Asset, i128>,
    /// What was there before a ledger that Horizon has not taken in yet.
    before: BTreeMap<u32, Before>,
}

impl State {
    pub(super) fn account(&self, key: Key) -> Option<&Account> {
        self.accounts.get(&key)
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = (Key, &Account)> {
        self.accounts.iter().map(|(key, account)| (*key, account))
    }

    pub(super) fn claimable(&self, id: &[u8; 32]) -> Option<&Claimable> {
        self.claimables.get(id)
    }

    pub(super) fn claimables(&self) -> impl Iterator<Item = (&[u8; 32], &Claimable)> {
        self.claimables.iter()
    }

    pub(super) fn issued(&self) -> &BTreeMap<Asset, i128> {
        &self.issued
    }

    /// The account, to be changed.
    pub(super) fn account_mut(&mut self, key: Key) -> Option<&mut Account> {
        let account = self.accounts.get_mut(&key)?;
        self.journal.accounts.entry(key).or_insert_with(|| Some(account.clone()));
        Some(account)
    }

    /// Puts an account in place, or takes it away.
    pub(super) fn put_account(&mut self, key: Key, account: Option<Account>) {
        let before = match account {
            Some(account) => self.accounts.insert(key, account),
            None => self.accounts.remove(&key),
        };
        self.journal.accounts.entry(key).or_insert(before);
    }

    /// Puts a claimable balance in place, or takes it away.
    pub(super) fn put_claimable(&mut self, id: [u8; 32], claimable: Option<Claimable>) {
        let before = match claimable {
            Some(claimable) => self.claimables.insert(id, claimable),
            None => self.claimables.remove(&id),
        };
        self.journal.claimables.entry(id).or_insert(before);
    }

    fn change_issued(&mut self, asset: &Asset, by: i64) {
        let issued = self.issued.entry(asset.clone()).or_default();
        self.journal_issued.entry(asset.clone()).or_insert(*issued);
        *issued += i128::from(by);
    }

    /// Takes an amount from an account. An issuer makes its own asset.
    pub(super) fn take(&mut self, from: Key, asset: &Asset, amount: i64) -> Result<(), NotTaken> {
        if issuer(asset) == Some(from) {
            self.change_issued(asset, amount);
            return Ok(());
        }
        let account = self.account_mut(from).ok_or(NotTaken::NoTrust)?;
        if *asset == Asset::Native {
            if account.spendable() < amount {
                return Err(NotTaken::Underfunded);
            }
            account.native -= amount;
            return Ok(());
        }
        let line = account.lines.get_mut(asset).ok_or(NotTaken::NoTrust)?;
        if !line.authorized {
            return Err(NotTaken::NotAuthorized);
        }
        if line.balance < amount {
            return Err(NotTaken::Underfunded);
        }
        line.balance -= amount;
        Ok(())
    }

    /// Gives an amount to an account. What an issuer gets of its own asset is gone.
    pub(super) fn give(&mut self, to: Key, asset: &Asset, amount: i64) -> Result<(), NotGiven> {
        if issuer(asset) == Some(to) {
            self.change_issued(asset, -amount);
            return Ok(());
        }
        let account = self.account_mut(to).ok_or(NotGiven::NoDestination)?;
        if *asset == Asset::Native {
            account.native = account.native.checked_add(amount).ok_or(NotGiven::LineFull)?;
            return Ok(());
        }
        let line = account.lines.get_mut(asset).ok_or(NotGiven::NoTrust)?;
        if !line.authorized {
            return Err(NotGiven::NotAuthorized);
        }
        match line.balance.checked_add(amount).filter(|sum| *sum <= line.limit) {
            Some(sum) => line.balance = sum,
            None => return Err(NotGiven::LineFull),
        }
        Ok(())
    }

    /// Takes a fee, or as much of it as there is.
    pub(super) fn charge(&mut self, from: Key, fee: i64) -> i64 {
        let Some(account) = self.account_mut(from) else { return 0 };
        let charged = account.native.min(fee);
        account.native -= charged;
        self.fee_pool += charged;
        charged
    }

    /// What was changed since the last time stands: it belongs to the ledger `ledger`.
    pub(super) fn keep(&mut self, ledger: u32) {
        let journal = std::mem::take(&mut self.journal);
        self.journal_issued.clear();
        let before = self.before.entry(ledger).or_default();
        for (key, account) in journal.accounts {
            before.accounts.entry(key).or_insert(account);
        }
        for (id, claimable) in journal.claimables {
            before.claimables.entry(id).or_insert(claimable);
        }
    }

    /// What was changed since the last time is undone.
    pub(super) fn undo(&mut self) {
        let journal = std::mem::take(&mut self.journal);
        for (key, before) in journal.accounts {
            restore(&mut self.accounts, key, before);
        }
        for (id, before) in journal.claimables {
            restore(&mut self.claimables, id, before);
        }
        self.issued.extend(std::mem::take(&mut self.journal_issued));
    }

    /// The account as it was after the ledger `ledger`. Only for ledgers that were not forgotten.
    pub(super) fn account_after(&self, key: Key, ledger: u32) -> Option<&Account> {
        let later = self.before.range(ledger.saturating_add(1)..);
        match later.filter_map(|(_, before)| before.accounts.get(&key)).next() {
            Some(before) => before.as_ref(),
            None => self.account(key),
        }
    }

    /// The claimable balance as it was after the ledger `ledger`, in the same way.
    pub(super) fn claimable_after(&self, id: &[u8; 32], ledger: u32) -> Option<&Claimable> {
        let later = self.before.range(ledger.saturating_add(1)..);
        match later.filter_map(|(_, before)| before.claimables.get(id)).next() {
            Some(before) => before.as_ref(),
            None => self.claimable(id),
        }
    }

    /// Nobody will ask for accounts as they were before this ledger.
    pub(super) fn forget_until(&mut self, ledger: u32) {
        self.before = self.before.split_off(&ledger.saturating_add(1));
    }
}

fn restore<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, before: Option<V>) {
    match before {
        Some(before) => map.insert(key, before),
        None => map.remove(&key),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::horizon::account::Line;
    use crate::horizon::keys::{Keys, asset};

    fn state() -> (State, Key, Key, Asset) {
        let (a, issuer) = (Keys::of("a").key(), Keys::of("issuer"));
        let usd = asset(&format!("USD:{}", issuer.account())).unwrap();
        let mut state = State::default();
        let mut account = Account::new(20_000_000, 1);
        account.lines.insert(usd.clone(), Line { balance: 5, limit: 10, authorized: true });
        state.put_account(a, Some(account));
        state.keep(1);
        (state, a, issuer.key(), usd)
    }

    #[test]
    fn the_reserve_stays() {
        let (mut state, a, _, _) = state();
        // 2 + 1 entries of 0.5 each are locked.
        assert_eq!(state.take(a, &Asset::Native, 5_000_001), Err(NotTaken::Underfunded));
        assert_eq!(state.take(a, &Asset::Native, 5_000_000), Ok(()));
    }

    #[test]
    fn an_undone_transaction_leaves_no_trace() {
        let (mut state, a, issuer, usd) = state();
        let before = state.account(a).cloned();
        state.take(issuer, &usd, 3).unwrap();
        state.give(a, &usd, 3).unwrap();
        state.put_account(issuer, Some(Account::new(1, 1)));
        state.undo();
        assert_eq!(state.account(a).cloned(), before);
        assert!(state.account(issuer).is_none());
        assert_eq!(state.issued()[&usd], 0);
    }

    #[test]
    fn an_account_can_be_seen_as_it_was() {
        let (mut state, a, _, usd) = state();
        let balance =
            |state: &State, ledger| state.account_after(a, ledger).unwrap().lines[&usd].balance;
        state.give(a, &usd, 1).unwrap();
        state.keep(2);
        state.give(a, &usd, 1).unwrap();
        state.keep(3);
        assert_eq!([1, 2, 3].map(|ledger| balance(&state, ledger)), [5, 6, 7]);
        state.forget_until(2);
        assert_eq!([2, 3].map(|ledger| balance(&state, ledger)), [6, 7]);
    }

    #[test]
    fn a_full_line_takes_no_more() {
        let (mut state, a, _, usd) = state();
        assert_eq!(state.give(a, &usd, 6), Err(NotGiven::LineFull));
        assert_eq!(state.give(a, &usd, 5), Ok(()));
    }
}
