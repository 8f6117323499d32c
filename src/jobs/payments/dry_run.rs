//! A sweep that changes nothing: it collects and decides, and tells what it would do.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::collecting::{List, Records, note};
use super::deciding::{Case, Plan};
use super::sweep::Sweep;
use crate::collect::{Collected, Collector, Mode, Position, Sink};
use crate::engine::decide::rules::Acts;
use crate::engine::{
    Basis, Change, ConnectorRole, Decision, Payment, ReviewStatus, Row, Tally, Trail,
};
use crate::jobs::frame::note::Note;
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::store::{Due, StoreError, ToPayOut};

/// Tells of each row, and stores none.
struct Preview<'a> {
    sweep: &'a Sweep<'a>,
    /// What would be done with payments that are new to us, or new in this state.
    told: RefCell<Vec<Told>>,
    /// Those that have changed, with the name of what decides where their money goes now.
    changed: RefCell<BTreeMap<String, String>>,
}

/// What would be done with a payment.
struct Told {
    expires_at: Option<DateTime<Utc>>,
    payment_id: String,
    what: String,
    why: String,
}

impl Sink for Preview<'_> {
    type Error = StoreError;

    async fn record(
        &self,
        rows: &[Row],
        _cursor: Option<DateTime<Utc>>,
        _trail: Trail,
    ) -> Result<Tally, StoreError> {
        let changes = self.sweep.desk.store.preview(&self.sweep.desk.scope, rows).await?;
        let mut tally = Tally::default();
        for (row, change) in rows.iter().zip(changes) {
            match row {
                Row::Payment(payment) => {
                    tally.count(change);
                    self.payment(payment, change).await?;
                }
                Row::Bad(bad) => {
                    tally.quarantined += 1;
                    let id = bad.payment_id.clone().unwrap_or_else(|| "?".to_owned());
                    self.sweep.would(id, "quarantine", bad.reason.clone());
                }
            }
        }
        Ok(tally)
    }

    async fn count(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
    ) -> Result<u64, StoreError> {
        Records { sweep: self.sweep, round: None, counts_set_aside: true }
            .count(after, before)
            .await
    }

    async fn ids(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
        past: Option<&(String, DateTime<Utc>)>,
        limit: u32,
    ) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        Records { sweep: self.sweep, round: None, counts_set_aside: true }
            .ids(after, before, past, limit)
            .await
    }
}

impl Preview<'_> {
    /// Tells of a payment that would be recorded. What would be done with one that is new to us, or new in this state, is
    /// planned as if it were recorded.
    async fn payment(&self, payment: &Payment, change: Change) -> Result<(), StoreError> {
        if !change.is_stored() {
            return Ok(());
        }
        let detail = format!("{} {} as {}", payment.state, payment.money, payment.connector_role);
        self.sweep.would(payment.payment_id.clone(), "record", detail);
        let Some(acts) = self.sweep.acts_on(payment) else { return Ok(()) };
        let (network, id) = (&self.sweep.desk.scope.network, &payment.payment_id);
        let known = self.sweep.desk.store.payments_with_id(id, Some(network)).await?;
        if known.iter().any(|known| known.state == payment.state) {
            // What was decided on it in this state stands: it is among what is due, or it is not.
            let is = Basis::of_payment(payment).digest;
            self.changed.borrow_mut().insert(id.clone(), is);
            return Ok(());
        }
        let due = Due {
            payment_id: id.clone(),
            state: payment.state.clone(),
            money: payment.money.clone(),
            expires_at: payment.expires_at,
            review: None,
            version: 1,
            payout: payment.payout.clone(),
            returns: payment.returns.clone(),
        };
        let case = match &self.sweep.job.settings.payout {
            Some(_) => Case::OnRail(Box::new(ToPayOut {
                payout: payment.payout.clone().unwrap_or_else(|| payment.money.clone()),
                end_to_end_id: payment.end_to_end_id.clone(),
                paid: None,
                due,
            })),
            None => Case::AtNetwork(Box::new(due)),
        };
        let told = self.sweep.told(acts, &case, &payment.document).await?;
        self.told.borrow_mut().push(told);
        Ok(())
    }
}

impl Sweep<'_> {
    /// Tells what a sweep would do.
    pub(super) async fn tell_due(&self, report: &mut SweepReport) -> Result<(), SweepError> {
        let was = self.desk.store.cursor(&self.desk.scope).await?;
        let source = List { sweep: self, round: None };
        let sink = Preview { sweep: self, told: RefCell::default(), changed: RefCell::default() };
        let mode = self.mode(&was, &source).await?;
        let settings = self.collect_settings();
        let collector = Collector { source: &source, sink: &sink, settings, stop: self.stop };
        let position = Position { watermark: was.watermark, cursor: was.cursor };
        let (mut collected, now) = (Collected::default(), self.desk.clock.now());
        let walked = match mode {
            Mode::Keyset(_) => collector.walk_into(position, now, &mut collected).await.map(drop),
            Mode::Sweep => collector.sweep_into(&mut collected).await,
        };
        note(report, &collected);
        walked?;
        if let Some(acts) = self.job.rules.acts_as(&self.job.role) {
            self.preview_due(acts, &sink).await?;
        }
        Ok(())
    }

    fn acts_on(&self, payment: &Payment) -> Option<&'static Acts> {
        let role: &ConnectorRole = &payment.connector_role;
        self.job.rules.acts_as(role).filter(|_| self.job.rules.states.contains(&payment.state))
    }

    /// Tells what would be done with as many payments as a sweep acts on, nearest deadline first.
    async fn preview_due(&self, acts: &Acts, preview: &Preview<'_>) -> Result<(), SweepError> {
        let network = &self.desk.scope.network;
        let mut all = Vec::new();
        for case in self.all_due(acts, self.job.batch_size).await? {
            let due = case.due();
            let mut told = {
                let document = self.desk.store.document(network, &due.payment_id).await?;
                self.told(acts, &case, &document).await?
            };
            let changed = preview.changed.borrow().get(&due.payment_id).cloned();
            if let Some(basis) = changed.filter(|_| due.review == Some(ReviewStatus::Approved))
                && !self
                    .desk
                    .store
                    .is_decided(network, &due.payment_id, &acts.approve, &basis)
                    .await?
            {
                told.what = "review".to_owned();
                told.why = "what was decided on is not what came".to_owned();
            }
            all.push(told);
        }
        all.extend(preview.told.take());
        all.sort_by_key(|told| (told.expires_at.is_none(), told.expires_at));
        all.truncate(usize::try_from(self.job.batch_size).unwrap_or(usize::MAX));
        for Told { payment_id, what, why, .. } in all {
            self.would(payment_id, &what, why);
        }
        Ok(())
    }

    /// What would be done with a payment that is due, in words. A service or a program is not asked: it might act on the
    /// question.
    async fn told(&self, acts: &Acts, case: &Case, document: &str) -> Result<Told, StoreError> {
        let plan = self.plan(acts, case, async || Ok(document)).await?;
        let approve = |why: &str| self.told_of_approval(acts, case, document, why);
        let (what, why) = match plan {
            Plan::Conclude(None) => (acts.approve.name(), "its beneficiary is paid".to_owned()),
            Plan::Conclude(Some(reason)) => ("decline", reason.reason),
            Plan::TooNear(why) => ("hold", why),
            Plan::Approved => approve("approved before"),
            Plan::Declined => ("decline", "declined before".to_owned()),
            Plan::Rule(Decision::Decline(reason), _) => ("decline", reason.reason),
            Plan::Rule(Decision::Hold { why, .. }, _) => ("hold", why),
            Plan::Rule(Decision::Approve, _) => approve("approved by a rule"),
            Plan::Automatic(_) => approve("approved automatically"),
            Plan::Person => ("wait", "for a person's decision".to_owned()),
            Plan::Ask(service, _) => ("ask", format!("the {} reviewer", service.name())),
        };
        let due = case.due();
        let (payment_id, what) = (due.payment_id.clone(), what.to_owned());
        Ok(Told { expires_at: due.expires_at, payment_id, what, why })
    }

    fn told_of_approval(
        &self,
        acts: &Acts,
        case: &Case,
        document: &str,
        why: &str,
    ) -> (&'static str, String) {
        match (case, &self.job.settings.payout) {
            (Case::OnRail(to_pay), Some(rail)) => match self.transfer_for(rail, to_pay, document) {
                Ok(_) => ("pay out", why.to_owned()),
                Err(why) => ("hold", why),
            },
            (Case::OnRail(_), None) | (Case::AtNetwork(_), _) => {
                (acts.approve.name(), why.to_owned())
            }
        }
    }

    fn would(&self, payment_id: String, what: &str, detail: String) {
        (self.observer)(Note::Would { payment_id, what: what.to_owned(), detail });
    }
}
