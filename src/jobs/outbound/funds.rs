//! What our own accounts can pay: what they cannot waits, with one alert for the account.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::Sender;
use super::errand::{Errand, Ready};
use super::facts::Due;
use super::settle::SHORT_PAUSE;
use super::sorted::Sorted;
use crate::engine::{Alert, AlertName};
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::stellar::{AccountState, Planned, RESERVE, StellarAsset, stroops};
use crate::store::{Postponed, StoreError};

/// The least that the network takes for an operation, in stroops.
const LEAST_FEE: i64 = 100;

/// A payment that an account of ours cannot make now.
struct Short {
    one: Ready,
    /// Which account.
    account: String,
    why: String,
}

impl Sender {
    /// What of `group` its payer and its source can pay. What they cannot is put off, and somebody hears of it.
    pub(super) async fn affordable(
        &self,
        round: &Round<'_>,
        group: Vec<Ready>,
        payer: &AccountState,
        source: &AccountState,
        fee: u32,
    ) -> Result<Vec<Ready>, SweepError> {
        let (paid, short) = split(group, payer, source, i64::from(fee));
        if short.is_empty() {
            return Ok(paid);
        }
        let mut sorted = Sorted::new(round.now());
        let mut told = BTreeMap::new();
        for Short { one, account, why } in short {
            let text = format!("the paying account has not enough: {why}");
            self.later(round, &mut sorted, one.errand, &text, SHORT_PAUSE).await?;
            told.entry(account).or_insert(why);
        }
        sorted.written(round).await?;
        for (account, why) in told {
            self.tell_of_short(round, &account, &why).await?;
        }
        Ok(paid)
    }

    /// Raises the alert about an account of ours that cannot pay.
    pub(super) async fn tell_of_short(
        &self,
        round: &Round<'_>,
        account: &str,
        why: &str,
    ) -> Result<(), StoreError> {
        let detail = format!("{why}; what is to be paid from {account} waits until it can be");
        let name = AlertName::AccountUnderfunded;
        let mut standing = self.standing_short(round).await?;
        standing.retain(|alert| alert.subject != account);
        standing.push(Alert::of(name, detail).about(account));
        round.set_alerts(name, &standing).await
    }

    /// Looks at the accounts of ours that could not pay: where nothing waits any more, or something of it can be paid now,
    /// the alert ends, and what waits goes on at once.
    pub(super) async fn look_at_short(&self, round: &Round<'_>) -> Result<(), SweepError> {
        let name = AlertName::AccountUnderfunded;
        let mut standing = self.standing_short(round).await?;
        let known = standing.clone();
        for account in known.iter().map(|alert| &alert.subject) {
            let waiting = self.waiting_for(account).await?;
            let can_pay = match self.account(round, account).await? {
                Some(Some(state)) => {
                    let is_source = self.sources().contains(account);
                    waiting.is_empty()
                        || waiting.iter().any(|(_, due)| affords(&state, due, is_source))
                }
                Some(None) => waiting.is_empty(),
                None => continue,
            };
            if can_pay {
                self.wake(round, waiting).await?;
                standing.retain(|alert| alert.subject != *account);
                round.set_alerts(name, &standing).await?;
            }
        }
        Ok(())
    }

    /// The accounts that could not pay when it was last seen.
    async fn standing_short(&self, round: &Round<'_>) -> Result<Vec<Alert>, StoreError> {
        let name = AlertName::AccountUnderfunded;
        let open = round.store.alerts_at(&self.desk.scope).await?;
        let own = open.into_iter().filter(|alert| alert.name == name.as_str());
        Ok(own.map(|alert| Alert::of(name, alert.detail).about(&alert.subject)).collect())
    }

    /// What is to be paid from `account`, or with its sequence number, whether it is due or not.
    async fn waiting_for(&self, account: &str) -> Result<Vec<(Errand, Due)>, SweepError> {
        let is_source = self.sources().iter().any(|source| source == account);
        let mut waiting = Vec::new();
        for errand in self.errands(0, DateTime::<Utc>::MAX_UTC).await? {
            let facts = self.facts(&errand).await?.ok();
            let facts = facts.filter(|facts| facts.payer == account || is_source);
            waiting.extend(facts.map(|facts| (errand, facts)));
        }
        Ok(waiting)
    }

    /// What was put off is due now.
    async fn wake(&self, round: &Round<'_>, waiting: Vec<(Errand, Due)>) -> Result<(), StoreError> {
        let now = round.now();
        let mut postponed = Vec::new();
        for (errand, _) in waiting {
            match errand {
                Errand::Deposit(transfer) => postponed.push(Postponed {
                    transfer_id: transfer.transfer_id,
                    version: transfer.version,
                    not_before: now,
                    message: None,
                    counts: false,
                }),
                Errand::Refund(refund, _) => {
                    let id = &refund.refund_id;
                    let why = "the paying account has enough now";
                    round.store.postpone_refund(round.lease, id, why, now).await?;
                }
            }
        }
        round.store.postpone_transfers(round.lease, &postponed).await
    }
}

/// Whether an account of ours could pay this alone. As a source of sequence numbers it pays the fee, too.
fn affords(state: &AccountState, due: &Due, is_source: bool) -> bool {
    let fee = if is_source { LEAST_FEE } else { 0 };
    let has =
        |asset: &StellarAsset, wanted: i64| state.spendable(asset).is_ok_and(|most| most >= wanted);
    let pays_it = due.payer != state.account
        || stroops(&due.amount).is_ok_and(|amount| match due.asset {
            StellarAsset::Native => has(&due.asset, amount.saturating_add(fee)),
            StellarAsset::Credit { .. } => has(&due.asset, amount),
        });
    pays_it && (fee == 0 || has(&StellarAsset::Native, fee))
}

/// Parts what can be paid from what cannot, in its order: what comes first is paid first. `fee` is stroops for one
/// operation.
fn split(
    group: Vec<Ready>,
    payer: &AccountState,
    source: &AccountState,
    fee: i64,
) -> (Vec<Ready>, Vec<Short>) {
    let native = StellarAsset::Native;
    let mut left: HashMap<(String, StellarAsset), i64> = HashMap::new();
    let (mut paid, mut short) = (Vec::new(), Vec::new());
    'each: for one in group {
        let mut wanted = vec![(source, native.clone(), fee)];
        wanted.extend(costs(&one.planned).into_iter().map(|(asset, sum)| (payer, asset, sum)));
        let mut after = left.clone();
        for (account, asset, sum) in wanted {
            let key = (account.account.clone(), asset.clone());
            let known = after.get(&key).copied();
            let has = known.map_or_else(|| account.spendable(&asset), Ok);
            match has {
                Ok(has) if has >= sum => drop(after.insert(key, has - sum)),
                other => {
                    let why =
                        other.err().unwrap_or_else(|| format!("it has not enough of {asset}"));
                    short.push(Short { one, account: account.account.clone(), why });
                    continue 'each;
                }
            }
        }
        left = after;
        paid.push(one);
    }
    (paid, short)
}

/// What a payment takes from its payer, in stroops. What the ledger cannot count is not for us to say.
fn costs(planned: &Planned) -> Vec<(StellarAsset, i64)> {
    let native = StellarAsset::Native;
    let (asset, amount, reserve) = match planned {
        Planned::Pay { asset, amount, .. } => (asset.clone(), amount, None),
        Planned::CreateAccount { starting_balance, .. } => (native.clone(), starting_balance, None),
        Planned::CreateClaimableBalance { asset, amount, .. } => {
            (asset.clone(), amount, Some((native.clone(), RESERVE)))
        }
    };
    stroops(amount).map(|sum| (asset, sum)).into_iter().chain(reserve).collect()
}
