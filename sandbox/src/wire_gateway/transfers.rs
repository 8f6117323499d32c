//! Transfers: each order by its `request_uid`, what has become of it, and where the money went.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bigdecimal::BigDecimal;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::amount::decimal;
use super::base32;
use super::history::{RowIds, time};
use super::options::{Stage, TransferStatus};
use super::problem::{NOT_ENOUGH, Problem, UID_REUSED, WTID_REUSED};
use super::reading::Order;

/// A transfer as the gateway's books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRecord {
    /// The id that `POST /transfer` answered.
    pub row_id: u64,
    /// The client's id of the order, in base32.
    pub request_uid: String,
    /// The id that the beneficiary sees, in base32.
    pub wtid: String,
    /// How much.
    pub amount: BigDecimal,
    /// The account that is paid.
    pub credit_account: String,
    /// What the client added.
    pub metadata: Option<String>,
    /// What has become of it.
    pub status: TransferStatus,
    /// How often it was ordered.
    pub ordered: u64,
    /// How often it was told.
    pub looked_up: u64,
    /// When it was ordered first.
    pub at: DateTime<Utc>,
}

/// A transfer and what will become of it.
#[derive(Debug)]
struct Entry {
    order: Order,
    record: TransferRecord,
    message: Option<String>,
    /// The stages, of which this one is on.
    stages: Vec<Stage>,
    stage: usize,
    since: DateTime<Utc>,
    lookups: u32,
}

impl Entry {
    /// Whether the next stage may begin.
    fn may_go_on(&self, now: DateTime<Utc>) -> bool {
        let Some(stage) = self.stages.get(self.stage) else { return false };
        let last = self.stage + 1 >= self.stages.len();
        !last && self.lookups >= stage.lookups && now >= ends(self.since, stage)
    }
}

fn ends(since: DateTime<Utc>, stage: &Stage) -> DateTime<Utc> {
    let after = TimeDelta::from_std(stage.after).unwrap_or(TimeDelta::MAX);
    since.checked_add_signed(after).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The books of what goes out.
#[derive(Debug)]
pub(super) struct Transfers {
    entries: Vec<Entry>,
    ids: RowIds,
    by_row: HashMap<u64, usize>,
    by_uid: HashMap<[u8; 64], usize>,
    by_wtid: HashMap<[u8; 32], usize>,
    /// When which transfer may go on without being asked about.
    due: BTreeSet<(DateTime<Utc>, usize)>,
    /// What left, by the account that it went to, in hundred millionths.
    paid: BTreeMap<String, u128>,
    pub(super) stages: Vec<Stage>,
    /// Stages for transfers with this metadata, or to this account.
    aimed: HashMap<String, Vec<Stage>>,
    /// What the account holds, in hundred millionths. Nothing: as much as anybody wants.
    pub(super) balance: Option<u128>,
}

impl Transfers {
    pub(super) fn new(stages: Vec<Stage>, balance: Option<u128>, seed: u64) -> Self {
        Self {
            entries: Vec::new(),
            ids: RowIds::new(5_000, seed),
            by_row: HashMap::new(),
            by_uid: HashMap::new(),
            by_wtid: HashMap::new(),
            due: BTreeSet::new(),
            paid: BTreeMap::new(),
            stages,
            aimed: HashMap::new(),
            balance,
        }
    }

    pub(super) fn aim(&mut self, about: String, stages: Vec<Stage>) {
        self.aimed.insert(about, stages);
    }

    /// Takes an order. The same order has been taken already, and is answered as it was.
    ///
    /// # Errors
    ///
    /// When the ids were used for another, or there is not enough money.
    pub(super) fn order(&mut self, order: Order, now: DateTime<Utc>) -> Result<Value, Problem> {
        if let Some(entry) =
            self.by_uid.get(&order.request_uid).and_then(|at| self.entries.get_mut(*at))
        {
            entry.record.ordered += 1;
            if entry.order != order {
                let what = "the request_uid was used for another transfer than this one";
                return Err(UID_REUSED.of(what));
            }
            return Ok(json!({"timestamp": time(entry.record.at), "row_id": entry.record.row_id}));
        }
        if self.by_wtid.contains_key(&order.wtid) {
            let what = "the wtid was used with another request_uid";
            return Err(WTID_REUSED.of(what));
        }
        if let Some(balance) = &mut self.balance {
            let left = balance.checked_sub(order.amount.units);
            *balance = left.ok_or_else(|| NOT_ENOUGH.of("not enough money"))?;
        }
        let stages = self.stages_of(&order);
        let record = TransferRecord {
            row_id: self.ids.next(),
            request_uid: base32::encode(&order.request_uid),
            wtid: base32::encode(&order.wtid),
            amount: order.amount.decimal(),
            credit_account: order.credit_account.clone(),
            metadata: order.metadata.clone(),
            // It is there and not yet in any stage: `enter` puts it into its first.
            status: TransferStatus::Pending,
            ordered: 1,
            looked_up: 0,
            at: now,
        };
        let at = self.entries.len();
        let answer = json!({"timestamp": time(now), "row_id": record.row_id});
        self.by_row.insert(record.row_id, at);
        self.by_uid.insert(order.request_uid, at);
        self.by_wtid.insert(order.wtid, at);
        *self.paid.entry(order.credit_account.clone()).or_default() += order.amount.units;
        let entry =
            Entry { order, record, message: None, stages, stage: 0, since: now, lookups: 0 };
        self.entries.push(entry);
        self.enter(at, 0, now);
        Ok(answer)
    }

    fn stages_of(&self, order: &Order) -> Vec<Stage> {
        let metadata = order.metadata.as_ref().and_then(|metadata| self.aimed.get(metadata));
        let aimed = metadata.or_else(|| self.aimed.get(&order.credit_account));
        let stages = aimed.unwrap_or(&self.stages).clone();
        if stages.is_empty() { vec![Stage::of(TransferStatus::Success, 0)] } else { stages }
    }

    /// Lets happen what has become due by itself.
    pub(super) fn advance(&mut self, now: DateTime<Utc>) {
        while let Some((at, index)) = self.due.first().copied()
            && at <= now
        {
            self.due.remove(&(at, index));
            self.go_on(index, now);
        }
    }

    /// Puts a transfer into later stages, as many as may begin.
    fn go_on(&mut self, at: usize, now: DateTime<Utc>) {
        while self.entries.get(at).is_some_and(|entry| entry.may_go_on(now)) {
            let next = self.entries.get(at).map_or(0, |entry| entry.stage + 1);
            self.enter(at, next, now);
        }
    }

    fn enter(&mut self, at: usize, stage: usize, now: DateTime<Utc>) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        let Some(begins) = entry.stages.get(stage).cloned() else { return };
        (entry.stage, entry.since, entry.lookups) = (stage, now, 0);
        if stage + 1 < entry.stages.len() {
            self.due.insert((ends(now, &begins), at));
        }
        self.set(at, begins.status, begins.message);
    }

    /// Writes a status; the money follows.
    fn set(&mut self, at: usize, status: TransferStatus, message: Option<String>) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        let before = std::mem::replace(&mut entry.record.status, status);
        entry.message = message;
        let units = entry.order.amount.units;
        let paid = self.paid.entry(entry.order.credit_account.clone()).or_default();
        match (before.is_paid(), status.is_paid()) {
            (true, false) => {
                *paid -= units;
                self.balance = self.balance.map(|balance| balance + units);
            }
            (false, true) => {
                *paid += units;
                self.balance = self.balance.map(|balance| balance.saturating_sub(units));
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Ends all stages of a transfer, and gives it this status. False: there is no such row.
    pub(super) fn conclude(
        &mut self,
        row_id: u64,
        status: TransferStatus,
        message: Option<String>,
    ) -> bool {
        let Some(at) = self.by_row.get(&row_id).copied() else { return false };
        if let Some(entry) = self.entries.get_mut(at) {
            entry.stages.clear();
        }
        self.set(at, status, message);
        true
    }

    /// `GET /transfers/{row_id}`. Nothing: there is no such row.
    pub(super) fn look_up(&mut self, row_id: u64, now: DateTime<Utc>) -> Option<Value> {
        let at = *self.by_row.get(&row_id)?;
        self.go_on(at, now);
        let entry = self.entries.get_mut(at)?;
        entry.record.looked_up += 1;
        entry.lookups = entry.lookups.saturating_add(1);
        let Entry { order, record, message, .. } = entry;
        let mut told = json!({
            "status": record.status.as_str(),
            "amount": order.amount.to_string(),
            "credit_account": record.credit_account,
            "timestamp": time(record.at),
            "exchange_base_url": order.exchange_base_url,
            "wtid": record.wtid,
        });
        if let Some(message) = message {
            told["status_msg"] = json!(message);
        }
        if let Some(metadata) = &order.metadata {
            told["metadata"] = json!(metadata);
        }
        Some(told)
    }

    /// Every transfer, in the order of their orders.
    pub(super) fn all(&self) -> impl Iterator<Item = &TransferRecord> {
        self.entries.iter().map(|entry| &entry.record)
    }

    /// How many transfers there are.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// The transfer with this row.
    pub(super) fn with_row(&self, row_id: u64) -> Option<&TransferRecord> {
        Some(&self.entries.get(*self.by_row.get(&row_id)?)?.record)
    }

    /// What has left and is not back, by account.
    pub(super) fn paid(&self) -> BTreeMap<String, BigDecimal> {
        self.paid.iter().map(|(account, units)| (account.clone(), decimal(*units))).collect()
    }
}
