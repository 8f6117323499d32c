//! Finding what can be paid now: what is due, and what its destinations are like.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::errand::{Does, Errand, Ready};
use super::facts::{Due, Gap};
use super::known::sent_by;
use super::look::{Able, Wanted, Ways, able};
use super::receivers::{Late, Told, creation_of};
use super::settle::LOOK_FIRST;
use super::sorted::Sorted;
use super::{Sender, account_name};
use crate::engine::{Amount, Cause, Refund, Step, Transfer, TransferStatus, doubling, later};
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::stellar::{AccountState, Address};

/// What waits for an account that the network does not tell of is due again after this, and not before that is asked for
/// again: however much it is, it would hide what is behind it.
pub(super) const SICK_PAUSE: Duration = Duration::from_secs(1);
/// A receiver without a trustline is looked at again after a while, and after twice that, … and so often at least.
const LOOK_MAX: Duration = Duration::from_secs(10 * 60);
/// What an asset that is missing in the configuration, or a busy account, delays is looked at again after this.
pub(super) const ELSEWHERE_PAUSE: Duration = Duration::from_secs(60);

/// What a look for what is due passes over, and what it knows already.
#[derive(Debug, Clone, Default)]
pub(super) struct Passing {
    /// Errands that were taken up in this sweep, by name.
    pub(super) in_hand: HashSet<String>,
    /// Payers from which nothing goes out for a while.
    pub(super) busy: HashMap<String, Busy>,
    /// Receivers' accounts that are being asked for.
    pub(super) late: HashSet<String>,
    /// Receivers' accounts that were told of late.
    pub(super) told: HashMap<String, Told>,
}

impl Passing {
    /// Whether a look for what is due is to go past this one: it is in hand, or its receiver is being asked for.
    fn passes_over(&self, errand: &Errand) -> bool {
        let receiver = || Some(errand.receiver()?.parse::<Address>().ok()?.account());
        let is_late = || receiver().is_some_and(|receiver| self.late.contains(&receiver));
        self.in_hand.contains(errand.id()) || (!self.late.is_empty() && is_late())
    }
}

/// What the account has sent cannot be read.
pub(super) const UNREAD: Busy = Busy {
    why: "the network does not tell what the paying account has sent, and this may be among it",
    pause: SICK_PAUSE,
};

/// What goes to each account besides, by asset, and has not arrived.
#[derive(Debug, Default)]
pub(super) struct Beside(HashMap<(String, String), Amount>);

/// Why nothing goes out from a payer, and after which time it is looked at again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Busy {
    pub(super) why: &'static str,
    pub(super) pause: Duration,
}

/// What can be paid now, and what is not known yet.
pub(super) struct Gathered<'a> {
    /// Oldest first.
    pub(super) ready: Vec<Ready>,
    /// Receivers' accounts that are still being asked for: what goes to them waits for the answer, and nothing else does.
    pub(super) late: Vec<Late<'a>>,
}

/// How long what waits for these is put off.
fn sick_pause(round: &Round<'_>, things: &[String]) -> Duration {
    let left = things.iter().map(|thing| round.sick.left_alone_for(thing)).max();
    std::cmp::max(left.unwrap_or_default(), SICK_PAUSE)
}

impl Sender {
    /// All that can be paid now, but for what is passed over. What cannot is written down as such, and so is what waits for
    /// an account of ours that is busy for longer.
    pub(super) async fn gather<'a>(
        &'a self,
        round: &'a Round<'_>,
        passing: &Passing,
    ) -> Result<Gathered<'a>, SweepError> {
        let mut sorted = Sorted::new(round.now());
        let due = self.due(round, &mut sorted, passing).await?;
        let due = self.unpaid(round, &mut sorted, due).await?;
        let looks = self.look(round, &due, &passing.told).await?;
        let mut beside = Beside::default();
        for (errand, facts) in due {
            let address = facts.to.parse::<Address>().map(|address| address.account());
            let account = match address.as_ref().ok().and_then(|address| looks.told.get(address)) {
                Some(Told::Account(account)) => account.as_deref(),
                Some(Told::Nothing) => {
                    let why = "the network does not tell of the receiver's account";
                    let things = address.map(|it| [account_name(&it), creation_of(&it)]);
                    let pause = things.map_or(SICK_PAUSE, |things| sick_pause(round, &things));
                    self.later(round, &mut sorted, errand, why, pause).await?;
                    continue;
                }
                None if address.is_ok() => continue,
                // What is no address is for `able` to judge.
                None => None,
            };
            let able = self.able(&mut beside, &errand, &facts, account);
            self.sort(round, &mut sorted, errand, facts, able).await?;
        }
        Ok(Gathered { ready: sorted.written(round).await?, late: looks.late })
    }

    /// What is due, and what each comes to, without what is passed over and what waits for an account of ours.
    async fn due(
        &self,
        round: &Round<'_>,
        sorted: &mut Sorted,
        passing: &Passing,
    ) -> Result<Vec<(Errand, Due)>, SweepError> {
        let mut due = Vec::new();
        for errand in self.errands_beside(passing, round.now()).await? {
            let facts = match self.facts(&errand).await? {
                Ok(facts) => facts,
                Err(Gap::Hold(why)) => {
                    self.hold(round, sorted, errand, &why).await?;
                    continue;
                }
                Err(Gap::Wait(why)) => {
                    self.later(round, sorted, errand, &why, ELSEWHERE_PAUSE).await?;
                    continue;
                }
            };
            if let Some(Busy { why, pause }) = self.busy(round, passing, &facts.payer) {
                self.later(round, sorted, errand, why, pause).await?;
                continue;
            }
            due.push((errand, facts));
        }
        Ok(due)
    }

    /// What is due, but for what is passed over, however much that is: it must not hide what is behind it.
    async fn errands_beside(
        &self,
        passing: &Passing,
        now: DateTime<Utc>,
    ) -> Result<Vec<Errand>, SweepError> {
        let mut passed_over = passing.in_hand.len();
        loop {
            let mut errands = self.errands(passed_over, now).await?;
            let found = errands.len();
            errands.retain(|errand| !passing.passes_over(errand));
            let hidden = found - errands.len();
            if hidden <= passed_over {
                return Ok(errands);
            }
            // All that goes to one receiver may be much: a few looks are to find its end.
            passed_over += hidden;
        }
    }

    /// Whether nothing goes out from `payer` now.
    fn busy(&self, round: &Round<'_>, passing: &Passing, payer: &str) -> Option<Busy> {
        let (account, sent) = (account_name(payer), sent_by(payer));
        if round.sick.is_put_off(&account) {
            let why = "the network does not tell of the paying account";
            return Some(Busy { why, pause: sick_pause(round, &[account]) });
        }
        if !self.has_channels() && round.sick.is_put_off(&sent) {
            return Some(Busy { pause: sick_pause(round, &[sent]), ..UNREAD });
        }
        passing.busy.get(payer).copied()
    }

    /// What is due at `now`, oldest first: money that goes back, deposits, and those that waited for a trustline. So many are
    /// `passed_over`: as long as their envelopes are not stored they are due as well, and must not hide what is behind them.
    pub(super) async fn errands(
        &self,
        passed_over: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<Errand>, SweepError> {
        let (store, network) = (&self.desk.store, &self.desk.scope.network);
        let limit = self.batch_size.saturating_add(u32::try_from(passed_over).unwrap_or(u32::MAX));
        let refunds = store.refunds_to_make(network, now, limit).await?;
        let ids: Vec<String> = refunds.iter().filter_map(|one| one.transfer_id.clone()).collect();
        let found = store.transfers_with_ids(&ids).await?;
        let mut refunded: HashMap<String, Transfer> =
            found.into_iter().map(|one| (one.transfer_id.clone(), one)).collect();
        let of_refund = |refund: Refund| {
            let transfer = refund.transfer_id.as_ref().and_then(|id| refunded.remove(id));
            Errand::Refund(Box::new(refund), transfer.map(Box::new))
        };
        let mut errands: Vec<Errand> = refunds.into_iter().map(of_refund).collect();
        let deposits = store.deposits_to_send(network, now, limit).await?;
        let waiting = store.deposits_without_trust(network, now, limit).await?;
        let deposits = deposits.into_iter().chain(waiting);
        errands.extend(deposits.map(|transfer| Errand::Deposit(Box::new(transfer))));
        Ok(errands)
    }

    /// What can be done for an errand whose receiver's account is as told, beside those before it.
    pub(super) fn able(
        &self,
        beside: &mut Beside,
        errand: &Errand,
        facts: &Due,
        account: Option<&AccountState>,
    ) -> Able {
        let address = facts.to.parse::<Address>().map(|address| address.account());
        let key = (address.unwrap_or_default(), facts.asset.to_string());
        let nothing = Amount::zero();
        let wanted = Wanted {
            to: &facts.to,
            asset: &facts.asset,
            amount: &facts.amount,
            has_memo: facts.memo.is_some(),
            beside: beside.0.get(&key).unwrap_or(&nothing),
        };
        let ways = Ways {
            claimable_balances: facts.claimable_balances,
            starting_balance: self.settings.starting_balance.as_ref(),
        };
        let sum = wanted.beside.plus(&facts.amount);
        let able = able(wanted, account, ways);
        if matches!(able, Able::Pay(_)) {
            beside.0.insert(key, sum);
        }
        match errand {
            Errand::Deposit(_) => able,
            Errand::Refund(..) => able.back(),
        }
    }

    /// Puts an errand where it belongs.
    async fn sort(
        &self,
        round: &Round<'_>,
        sorted: &mut Sorted,
        errand: Errand,
        facts: Due,
        able: Able,
    ) -> Result<(), SweepError> {
        let (planned, does) = match able {
            Able::Pay(planned) => {
                let does = Does::paying(&planned);
                (planned, does)
            }
            Able::Prepare(planned) => (planned, Does::CreateAccount),
            Able::Wait(why) => {
                Self::wait(round, sorted, errand, &why);
                return Ok(());
            }
            Able::Hold(why) => return self.hold(round, sorted, errand, &why).await,
        };
        sorted.ready(Ready { errand, payer: facts.payer, memo: facts.memo, planned, does });
        Ok(())
    }

    /// The receiver must do something first.
    fn wait(round: &Round<'_>, sorted: &mut Sorted, errand: Errand, why: &str) {
        match &errand {
            Errand::Deposit(transfer) if transfer.status == TransferStatus::PendingTrust => {
                let tries = u32::try_from(transfer.attempts).unwrap_or(u32::MAX);
                let pause = doubling(LOOK_FIRST, LOOK_MAX, tries.saturating_add(2));
                sorted.postpone(transfer, why, later(round.now(), pause), true);
            }
            Errand::Deposit(_) | Errand::Refund(..) => {
                let soon = later(round.now(), LOOK_FIRST);
                let to = (TransferStatus::PendingTrust, Cause::TrustMissing);
                sorted.moves(errand, to, why, Some(soon));
            }
        }
    }

    /// A person must look.
    pub(super) async fn hold(
        &self,
        round: &Round<'_>,
        sorted: &mut Sorted,
        errand: Errand,
        why: &str,
    ) -> Result<(), SweepError> {
        match &errand {
            Errand::Deposit(_) => {
                sorted.moves(errand, (TransferStatus::OnHold, Cause::SendHeld), why, None);
                Ok(())
            }
            Errand::Refund(refund, transfer) => {
                let step = transfer.as_ref().map(|transfer| {
                    Step::new(transfer, TransferStatus::OnHold, Cause::RefundFailed).because(why)
                });
                let (id, now) = (&refund.refund_id, round.now());
                Ok(round.store.fail_refund(round.lease, id, why, step.as_ref(), now).await?)
            }
        }
    }

    /// It is looked at again after a while.
    pub(super) async fn later(
        &self,
        round: &Round<'_>,
        sorted: &mut Sorted,
        errand: Errand,
        why: &str,
        pause: Duration,
    ) -> Result<(), SweepError> {
        let not_before = later(round.now(), pause);
        match errand {
            Errand::Deposit(transfer) => sorted.postpone(&transfer, why, not_before, false),
            Errand::Refund(refund, _) => {
                let id = &refund.refund_id;
                round.store.postpone_refund(round.lease, id, why, not_before).await?;
            }
        }
        Ok(())
    }
}
