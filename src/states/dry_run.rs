//! A sweep that changes nothing: it collects and decides, and tells what it would do.

use chrono::{DateTime, Utc};

use super::collecting::{List, Records, outcome_of};
use super::note::Note;
use super::rules::Acts;
use super::sweep::{Sweep, SweepError, SweepReport};
use crate::collect::{Collector, Mode, Position, Sink};
use crate::engine::{
    Change, ConnectorRole, Decision, Payment, ReviewStatus, Row, Tally, Trail, gap_in_user_info,
    time_left,
};
use crate::networks::ripplenet::sender_user_info;
use crate::store::{Due, PaidOut, StoreError, ToPayOut};

/// Tells of each row, and stores none.
struct Preview<'a>(&'a Sweep<'a>);

impl Sink for Preview<'_> {
    type Error = StoreError;

    async fn record(
        &self,
        rows: &[Row],
        _cursor: Option<DateTime<Utc>>,
        _trail: Trail,
    ) -> Result<Tally, StoreError> {
        let changes = self.0.store.preview(self.0.scope, rows).await?;
        let mut tally = Tally::default();
        for (row, change) in rows.iter().zip(changes) {
            match row {
                Row::Payment(payment) => {
                    tally.count(change);
                    self.0.preview_payment(payment, change);
                }
                Row::Bad(bad) => {
                    tally.quarantined += 1;
                    let id = bad.payment_id.clone().unwrap_or_else(|| "?".to_owned());
                    self.0.would(id, "quarantine", bad.reason.clone());
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
        Records { sweep: self.0, lease: None, counts_set_aside: true }.count(after, before).await
    }

    async fn ids(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
        past: Option<&(String, DateTime<Utc>)>,
        limit: u32,
    ) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        Records { sweep: self.0, lease: None, counts_set_aside: true }
            .ids(after, before, past, limit)
            .await
    }
}

impl Sweep<'_> {
    /// Collects and decides, tells the observer what would be recorded and done, and changes nothing, here or there.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn dry_run(&self) -> Result<SweepReport, SweepError> {
        let was = self.store.cursor(self.scope).await?;
        let (source, sink) = (List { sweep: self, lease: None }, Preview(self));
        let mode = self.mode(&was, &source).await?;
        let settings = self.collect_settings();
        let collector = Collector { source: &source, sink: &sink, settings, stop: self.stop };
        let position = Position { watermark: was.watermark, cursor: was.cursor };
        let collected = match mode {
            Mode::Keyset(_) => collector.walk(position, self.clock.now()).await?.0,
            Mode::Sweep => collector.sweep().await?,
        };
        if let Some(acts) = self.rules.acts_as(&self.role) {
            self.preview_due(acts).await?;
        }
        Ok(SweepReport {
            outcome: outcome_of(collected.outcome),
            pages: collected.pages,
            tally: collected.tally,
            newest: collected.newest,
            ..SweepReport::default()
        })
    }

    fn preview_payment(&self, payment: &Payment, change: Change) {
        if !change.is_stored() {
            return;
        }
        let detail = format!("{} {} as {}", payment.state, payment.money, payment.connector_role);
        self.would(payment.payment_id.clone(), "record", detail);
        if let Some(acts) = self.acts_on(payment) {
            let due = Due {
                payment_id: payment.payment_id.clone(),
                state: payment.state.clone(),
                money: payment.money.clone(),
                expires_at: payment.expires_at,
                review: None,
                version: 1,
                payout: payment.payout.clone(),
                returns: payment.returns.clone(),
            };
            let (what, why) = self.preview_decision(acts, &due, &payment.document);
            self.would(due.payment_id, &what, why);
        }
    }

    fn acts_on(&self, payment: &Payment) -> Option<&'static Acts> {
        let role: &ConnectorRole = &payment.connector_role;
        self.rules.acts_as(role).filter(|_| self.rules.states.contains(&payment.state))
    }

    async fn preview_due(&self, acts: &Acts) -> Result<(), SweepError> {
        let (network, limit) = (&self.scope.network, self.batch_size);
        let now = self.clock.now();
        let states = self.rules.states;
        let due = if self.settings.payout.is_some() {
            let to_pay = self.store.due_to_pay_out(network, states, &acts.role, now, limit).await?;
            let (paid, due): (Vec<_>, Vec<_>) =
                to_pay.into_iter().partition(|one| one.paid.is_some());
            for ToPayOut { due, paid, .. } in paid {
                let of =
                    |paid: PaidOut| format!("transfer {} is {}", paid.transfer_id, paid.status);
                self.would(due.payment_id, "conclude", paid.map(of).unwrap_or_default());
            }
            due.into_iter().map(|one| one.due).collect()
        } else {
            self.store.due(network, states, &acts.role, now, limit).await?
        };
        for due in due {
            let document = self.store.document(network, &due.payment_id).await?;
            let (what, why) = self.preview_decision(acts, &due, &document);
            self.would(due.payment_id, &what, why);
        }
        Ok(())
    }

    /// What would be decided and done. A service or a program is not asked: it might act on the question.
    fn preview_decision(&self, acts: &Acts, due: &Due, document: &str) -> (String, String) {
        let expires_at = due.expires_at.filter(|_| due.state.can_expire());
        if let Some(left) = time_left(expires_at, self.network_now(), self.margin()) {
            return ("skip".to_owned(), format!("expires in {} s", left.num_seconds()));
        }
        let approve = match self.settings.payout {
            Some(_) => "pay out".to_owned(),
            None => acts.approve.name().to_owned(),
        };
        match due.review {
            Some(ReviewStatus::Approved) => return (approve, "approved before".to_owned()),
            Some(ReviewStatus::Declined) => {
                return ("decline".to_owned(), "declined before".to_owned());
            }
            Some(ReviewStatus::Pending | ReviewStatus::Held) | None => {}
        }
        let user_info = sender_user_info(document);
        let required = &self.settings.review.require_user_info;
        if acts.needs_user_info
            && let Some(gap) = gap_in_user_info(&user_info, required)
        {
            let what = match self.on_gap(acts, &gap) {
                Decision::Decline(_) => "decline",
                Decision::Hold { .. } | Decision::Approve => "hold",
            };
            return (what.to_owned(), gap.to_string());
        }
        match self.reviewer.name() {
            "automatic" => (approve, "approved automatically".to_owned()),
            "person" => ("wait".to_owned(), "for a person's decision".to_owned()),
            name => ("ask".to_owned(), format!("the {name} reviewer")),
        }
    }

    fn would(&self, payment_id: String, what: &str, detail: String) {
        (self.observer)(Note::Would { payment_id, what: what.to_owned(), detail });
    }
}
