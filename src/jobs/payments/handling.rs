//! Handling a payment that is due: who decides on it, and what follows. What is to be done is planned in `deciding`.

use std::time::Duration;

use super::act::Done;
use super::budget::Held;
use super::deciding::{Case, Plan, shown_of};
use super::reviewer::Service;
use super::reviewing::{Question, Reviewed};
use crate::engine::decide::rules::Acts;
use crate::engine::{Decision, Shown, doubling};
use crate::jobs::frame::note::Note;
use crate::jobs::frame::round::Round;
use crate::jobs::{Sweep, SweepError};
use crate::networks::ripplenet::sender_user_info;
use crate::store::{Due, Review, StoreError};
use std::sync::Arc;

/// A review that failed is tried again after this, then after twice this, …
const REVIEW_AGAIN_FIRST: Duration = Duration::from_secs(10);
const REVIEW_AGAIN_MAX: Duration = Duration::from_secs(600);
/// A payment that is held because its deadline is near is looked at again after this, then after twice this, …: the network
/// fails it soon, but a clock may have been wrong.
const NEAR_AGAIN_FIRST: Duration = Duration::from_secs(60);
const NEAR_AGAIN_MAX: Duration = Duration::from_secs(15 * 60);

impl Sweep<'_> {
    /// Does what is to be done with one payment, or says whom to ask.
    pub(super) async fn handle(
        &self,
        round: &Round<'_>,
        acts: &Acts,
        case: Case,
    ) -> Result<Done, SweepError> {
        if self.has_given_up() {
            return Ok(Done::For(false));
        }
        let due = case.due();
        let document = async || self.document(&round.lease.scope.network, &due.payment_id).await;
        let acted = match self.plan(acts, &case, document).await? {
            Plan::Conclude(failure) => self.conclude(round, acts, &case, failure).await?,
            Plan::TooNear(why) => {
                self.leave_to_network(round, due, why).await?;
                false
            }
            Plan::Approved => self.approve(round, acts, &case, "person").await?,
            Plan::Declined => self.decline_as_before(round, acts, due).await?,
            Plan::Rule(decision, document) => {
                let shown = shown_of(due, &document.text);
                drop(document);
                self.settle(round, acts, &case, (decision, "rule", shown)).await?
            }
            Plan::Automatic(document) => {
                let (shown, by) = (shown_of(due, &document.text), self.job.reviewer.name());
                drop(document);
                self.settle(round, acts, &case, (Decision::Approve, by, shown)).await?
            }
            Plan::Person => {
                self.desk.store.await_person(round.lease, due).await?;
                self.tell_review(due, "pending", String::new());
                false
            }
            Plan::Ask(service, document) => {
                return Ok(Done::Asks(Box::new(self.question(acts, case, service, document))));
            }
        };
        Ok(Done::For(acted))
    }

    fn question(&self, acts: &Acts, case: Case, service: Arc<Service>, document: Held) -> Question {
        let (network, due) = (self.desk.scope.network.clone(), case.due().clone());
        let (decline_type, now) = (acts.decline_type, self.desk.clock.now());
        let shown = shown_of(&due, &document.text);
        let answer = async move {
            let user_info = sender_user_info(&document.text);
            let document = &document.text;
            service.decide(&network, &due, user_info.told(), document, decline_type, now).await
        };
        Question { case, shown, answer: Box::pin(answer) }
    }

    /// A reviewer has answered, or has not: its decision is written down, and carried out.
    pub(super) async fn reviewed(
        &self,
        round: &Round<'_>,
        Reviewed { case, shown, answer }: Reviewed,
    ) -> Result<Done, SweepError> {
        let Some(acts) = self.job.rules.acts_as(&self.job.role) else {
            return Ok(Done::For(false));
        };
        // The answer may have waited for this sweep, and so may the deadline have come near.
        if let Some(why) = self.nearness(case.due()) {
            self.leave_to_network(round, case.due(), why).await?;
            return Ok(Done::For(false));
        }
        let decision = match answer {
            Ok(decision) => decision,
            Err(why) => self.review_failed(round, case.due(), why).await?,
        };
        let by = self.job.reviewer.name();
        self.settle(round, acts, &case, (decision, by, shown)).await.map(Done::For)
    }

    /// Writes a decision down, and carries it out.
    async fn settle(
        &self,
        round: &Round<'_>,
        acts: &Acts,
        case: &Case,
        (decision, by, shown): (Decision, &str, Shown),
    ) -> Result<bool, SweepError> {
        let due = case.due();
        match (decision, case) {
            // Both are written down together, or neither.
            (Decision::Approve, Case::OnRail(_)) => self.approve(round, acts, case, by).await,
            (
                decision @ (Decision::Approve | Decision::Decline(_) | Decision::Hold { .. }),
                Case::AtNetwork(_) | Case::OnRail(_),
            ) => match self.decided(round, due, decision, by, Some(shown)).await? {
                Some(Decision::Approve) => self.approve(round, acts, case, by).await,
                Some(Decision::Decline(reason)) => {
                    let operation = (acts.decline)(reason, self.job.settings.review.on_decline);
                    self.begin(round, due, operation).await
                }
                Some(Decision::Hold { .. }) | None => Ok(false),
            },
        }
    }

    /// Carries an approval out: at the network, or by a transfer that pays the beneficiary on a rail.
    async fn approve(
        &self,
        round: &Round<'_>,
        acts: &Acts,
        case: &Case,
        by: &str,
    ) -> Result<bool, SweepError> {
        match (case, &self.job.settings.payout) {
            (Case::OnRail(to_pay), Some(rail)) => self.hand_over(round, rail, to_pay, by).await,
            (Case::OnRail(_), None) => Ok(false),
            (Case::AtNetwork(due), _) => self.begin(round, due, acts.approve.clone()).await,
        }
    }

    /// Carries a decline out that was made before.
    pub(super) async fn decline_as_before(
        &self,
        round: &Round<'_>,
        acts: &Acts,
        due: &Due,
    ) -> Result<bool, SweepError> {
        let network = &round.lease.scope.network;
        let reason = self.desk.store.decline_reason(network, &due.payment_id, &due.state).await?;
        let Some(reason) = reason else { return Ok(false) };
        let operation = (acts.decline)(reason, self.job.settings.review.on_decline);
        self.begin(round, due, operation).await
    }

    /// A payment near its deadline is held, and looked at again in a while.
    async fn leave_to_network(
        &self,
        round: &Round<'_>,
        due: &Due,
        why: String,
    ) -> Result<(), SweepError> {
        let network = &round.lease.scope.network;
        let holds = self.desk.store.holds(network, &due.payment_id, &due.state, "rule").await?;
        let pause = doubling(NEAR_AGAIN_FIRST, NEAR_AGAIN_MAX, holds.saturating_add(1));
        let until = Some(self.after(pause));
        self.decided(round, due, Decision::Hold { until, why }, "rule", None).await.map(drop)
    }

    /// A review that fails is a hold, and the longer the more often it has failed.
    async fn review_failed(
        &self,
        round: &Round<'_>,
        due: &Due,
        why: String,
    ) -> Result<Decision, SweepError> {
        let network = &round.lease.scope.network;
        let name = self.job.reviewer.name();
        let failures = self.desk.store.holds(network, &due.payment_id, &due.state, name).await?;
        let pause = doubling(REVIEW_AGAIN_FIRST, REVIEW_AGAIN_MAX, failures.saturating_add(1));
        let seconds = pause.as_secs();
        tracing::warn!(payment_id = due.payment_id, why, seconds, "the review failed: held");
        Ok(Decision::Hold { until: Some(self.after(pause)), why: format!("no decision: {why}") })
    }

    /// Records a decision. None if the payment has moved on meanwhile.
    pub(super) async fn decided(
        &self,
        round: &Round<'_>,
        due: &Due,
        decision: Decision,
        decided_by: &str,
        shown: Option<Shown>,
    ) -> Result<Option<Decision>, SweepError> {
        let review = Review { decision, decided_by: decided_by.to_owned(), shown };
        let (network, now) = (&round.lease.scope.network, self.desk.clock.now());
        let recorded = self
            .desk
            .store
            .decide(network, round.lease.into(), &due.payment_id, &due.state, &review, now)
            .await;
        match recorded {
            Ok(()) => {}
            Err(StoreError::Refused(why)) => {
                tracing::info!(payment_id = due.payment_id, why, "not decided");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        let detail = match &review.decision {
            Decision::Approve => String::new(),
            Decision::Decline(reason) => format!("{} {}", reason.code, reason.reason),
            Decision::Hold { why, .. } => why.clone(),
        };
        self.tell_review(due, review.decision.status().as_str(), detail);
        Ok(Some(review.decision))
    }

    pub(super) fn tell_review(&self, due: &Due, decision: &'static str, detail: String) {
        let payment_id = due.payment_id.clone();
        tracing::info!(payment_id, decision, reason = detail, "review");
        (self.observer)(Note::Review { payment_id, decision, detail });
    }
}
