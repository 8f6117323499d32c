//! Deposits and withdrawals of the demo, between a bank and a Stellar network that misbehave.

mod audit;
mod books;
mod customers;
mod money;
mod plan;
mod sides;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::failure::Failure;
use crate::cli::who::deed_of;
use crate::engine::{Amount, Memo, NewTransfer, TransferKind, TransferStatus};
use crate::store::{Store, TransferCount};

pub(super) use audit::Audit;
use audit::ends;
use customers::{Customers, payer, subject};
pub(super) use money::Line;
use plan::{Conduct, Planned, Way, plan};
use sides::{Sides, customer, us};

/// How long a customer who never pays had time to do it, seen from now: a deposit is given ten minutes more than that.
const DEADLINE: TimeDelta = TimeDelta::seconds(4 - 600);

/// The transfers, with all who take part in them.
pub(super) struct Transfers {
    plan: Vec<Planned>,
    sides: Sides,
    customers: Customers,
}

/// What the bank and the ledger have met.
#[derive(Debug, Default)]
pub(super) struct Met {
    pub(super) requests: u64,
    /// Faults by name.
    pub(super) faults: BTreeMap<String, u64>,
    /// Transactions that were posted, each time counted.
    pub(super) submissions: u64,
    pub(super) payouts: usize,
}

impl Transfers {
    /// Starts a bank and a ledger for so many deposits and as many withdrawals.
    pub(super) async fn start(each: u32, seed: u64) -> Result<Self, Failure> {
        let plan = plan(usize::try_from(each).unwrap_or(usize::MAX));
        let sides = Sides::start(seed, &plan).await?;
        Ok(Self { customers: Customers::of(&plan), plan, sides })
    }

    /// Adds both sides to a config file.
    pub(super) fn write_config(&self, file: &Path) -> Result<(), Failure> {
        self.sides.write_config(file)
    }

    /// Where the two are.
    pub(super) fn addresses(&self) -> (String, String) {
        (self.sides.bank.url(), self.sides.horizon.url())
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.plan.len()).unwrap_or(u64::MAX)
    }

    /// Writes the transfers down, before any customer does anything.
    pub(super) async fn create(&self, store: &Store, now: DateTime<Utc>) -> Result<(), Failure> {
        let new: Vec<NewTransfer> =
            self.plan.iter().map(|one| agreed(one, now)).collect::<Result<_, _>>()?;
        let deed = deed_of("demo", "the demo's customers agreed on them");
        let bad = store.create_transfers(&deed, &new, now).await?;
        match bad.first() {
            None => Ok(()),
            Some(bad) => Err(Failure::Defect(format!("a transfer is refused: {bad:?}"))),
        }
    }

    /// Customers do some of what they do.
    pub(super) fn take_turn(&mut self) -> Result<(), Failure> {
        self.customers.take_turn(&self.plan, &self.sides)
    }

    /// Whether every customer has done all, and we have as many transfers in each status as there must be, and all that
    /// came on the ledger.
    pub(super) async fn are_over(
        &self,
        counts: &[TransferCount],
        store: &Store,
    ) -> Result<bool, Failure> {
        let mut ours: HashMap<TransferStatus, u64> = HashMap::new();
        for count in counts {
            *ours.entry(count.status).or_default() += count.transfers;
        }
        if !self.customers.are_done() || ours != ends(&self.plan) {
            return Ok(false);
        }
        let came = self.sides.horizon.payments_to(&us()).len();
        Ok(audit::incoming(store).await?.len() >= came)
    }

    /// Compares all that we know with both sides' books.
    pub(super) async fn audit(&self, store: &Store) -> Result<Audit, Failure> {
        audit::audit(&self.sides, &self.plan, store).await
    }

    /// What has come of requests.
    pub(super) fn met(&self) -> Met {
        let Sides { bank, horizon } = &self.sides;
        let mut faults = bank.injected();
        for (name, times) in horizon.injected() {
            *faults.entry(name).or_default() += times;
        }
        Met {
            requests: bank.requests() + horizon.requests(),
            faults,
            submissions: horizon.submissions(),
            payouts: bank.payout_count(),
        }
    }
}

/// What was agreed with a customer.
fn agreed(one: &Planned, now: DateTime<Utc>) -> Result<NewTransfer, Failure> {
    let is_deposit = one.way == Way::Deposit;
    let expected: Amount = one
        .written(one.expected)
        .parse()
        .map_err(|error| Failure::Defect(format!("{}: {error}", one.id)))?;
    let account = is_deposit.then(|| customer(&one.id).account());
    let has_deadline = is_deposit && one.conduct == Conduct::Forgets;
    Ok(NewTransfer {
        transfer_id: one.id.clone(),
        kind: if is_deposit { TransferKind::Deposit } else { TransferKind::Withdrawal },
        protocol: None,
        status: TransferStatus::PendingUserTransferStart,
        asset: one.coin.name.to_owned(),
        rail: "bank".to_owned(),
        currency: one.coin.currency.to_owned(),
        network: "stellar".to_owned(),
        amount_expected: Some(expected),
        amount_in: None,
        amount_out: None,
        amount_fee: None,
        from_address: None,
        to_address: account,
        memo: (!is_deposit).then_some(Memo::Id(one.memo)),
        account: (!is_deposit).then(us),
        beneficiary: (!is_deposit)
            .then(|| serde_json::json!({ "account": payer(one) }).to_string()),
        subject: Some(subject(one)),
        rail_reference: None,
        deadline: has_deadline.then(|| now + DEADLINE),
        payment: None,
        created_at: None,
    })
}
