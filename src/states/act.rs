//! Acting on what is due: first the operations whose end is not known, then reviews and new operations.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt as _, stream};

use super::closing::payment;
use super::note::Note;
use super::rules::Acts;
use super::shown;
use super::{Sweep, SweepError};
use crate::engine::{
    Decision, Operation, Payment, Reason, Resolution, ReviewStatus, Row, Trail, UserInfoGap,
    doubling, gap_in_user_info, later, resolve, time_left,
};
use crate::failpoint;
use crate::networks::NetworkError;
use crate::networks::ripplenet::{OperationAnswer, sender_user_info};
use crate::store::{Due, Finished, Intent, Lease, Review, Shown, StoreError};

/// So many payments are reviewed and acted on at once: a slow answer delays few others.
const AT_ONCE: usize = 8;
/// An operation whose end is not known is looked at after this, then after twice this, …
const LOOK_AGAIN_FIRST: Duration = Duration::from_millis(500);
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(300);
/// A review that failed is tried again after this, then after twice this, …
const REVIEW_AGAIN_FIRST: Duration = Duration::from_secs(10);
const REVIEW_AGAIN_MAX: Duration = Duration::from_secs(600);
/// A payment that is held because its deadline is near is looked at again after this, then after twice this, …: the network
/// fails it soon, but a clock may have been wrong.
const NEAR_AGAIN_FIRST: Duration = Duration::from_secs(60);
const NEAR_AGAIN_MAX: Duration = Duration::from_secs(15 * 60);

/// One thing to act on, to its end. Whether it came to its end.
pub(super) type Act<'w> = LocalBoxFuture<'w, Result<bool, SweepError>>;

/// A decision that is to be written down.
pub(super) struct Reviewed {
    pub(super) decision: Decision,
    /// Who made it.
    pub(super) by: &'static str,
    /// On what.
    pub(super) shown: Shown,
}

impl Sweep<'_> {
    /// Acts on what is due. How many operations came to their end.
    ///
    /// First come the operations without a clear answer, in this run or in one that died; but none waits for them: one
    /// whose payment cannot be looked at has only its own place. Those that could not be looked at before come last.
    pub(super) async fn act(&self, lease: &Lease) -> Result<u64, SweepError> {
        let sick = self.sick().await?;
        let (failed, open): (Vec<_>, Vec<_>) = self
            .open(lease)
            .await?
            .into_iter()
            .partition(|intent| sick.has_failed(&payment(&intent.payment_id)));
        let close = |intent: Intent| -> Act<'_> { Box::pin(self.close(lease, intent)) };
        let again = |intent: Intent| -> Act<'_> { Box::pin(self.close_in_time(lease, intent)) };
        let mut all: Vec<Act<'_>> = open.into_iter().map(close).collect();
        if let Some(acts) = self.rules.acts_as(&self.role) {
            all.extend(self.due(lease, acts).await?);
        }
        all.extend(failed.into_iter().map(again));
        let acted = self.each(all).await?;
        if !(self.stop)() {
            sick.end(lease, || self.is_well()).await?;
        }
        Ok(acted)
    }

    async fn due<'w>(
        &'w self,
        lease: &'w Lease,
        acts: &'w Acts,
    ) -> Result<Vec<Act<'w>>, SweepError> {
        if let Some(rail) = &self.settings.payout {
            return self.due_by_transfers(lease, acts, rail).await;
        }
        let network = &lease.scope.network;
        let (states, limit) = (self.rules.states, self.batch_size);
        let due = self.store.due(network, states, &acts.role, self.clock.now(), limit).await?;
        let handle = |due: Due| -> Act<'w> { Box::pin(self.handle(lease, acts, due)) };
        Ok(due.into_iter().map(handle).collect())
    }

    /// Does one thing after the other, a few at once, until the sweep is told to stop. Each fails alone, unless the
    /// network or the database fails all of them.
    async fn each(&self, all: Vec<Act<'_>>) -> Result<u64, SweepError> {
        let mut results = stream::iter(all)
            .take_while(|_| std::future::ready(!(self.stop)()))
            .buffer_unordered(AT_ONCE);
        let (mut acted, mut failed) = (0, None);
        while let Some(result) = results.next().await {
            match result {
                Ok(done) => acted += u64::from(done),
                // Those under way go on to their end: their answers are not to be lost.
                Err(error) if failed.is_none() => {
                    self.give_up();
                    failed = Some(error);
                }
                Err(error) => tracing::debug!(%error, "failed with the others"),
            }
            (self.observer)(Note::Progress);
        }
        failed.map_or(Ok(acted), Err)
    }

    pub(super) fn too_near(&self, payment: &Payment) -> Option<TimeDelta> {
        let expires_at = payment.expires_at.filter(|_| payment.state.can_expire());
        time_left(expires_at, self.network_now(), self.margin())
    }

    /// Reviews one payment, and carries the decision out.
    async fn handle(&self, lease: &Lease, acts: &Acts, due: Due) -> Result<bool, SweepError> {
        if self.has_given_up() {
            return Ok(false);
        }
        let Some(decision) = self.decision(lease, acts, &due).await? else { return Ok(false) };
        let operation = match decision {
            Decision::Approve => acts.approve.clone(),
            Decision::Decline(reason) => (acts.decline)(reason, self.settings.review.on_decline),
            Decision::Hold { .. } => return Ok(false),
        };
        self.begin(lease, &due, operation).await
    }

    /// The decision on a payment, made now or before, and recorded. None: there is none to carry out.
    pub(super) async fn decision(
        &self,
        lease: &Lease,
        acts: &Acts,
        due: &Due,
    ) -> Result<Option<Decision>, SweepError> {
        let network = &lease.scope.network;
        let expires_at = due.expires_at.filter(|_| due.state.can_expire());
        if let Some(left) = time_left(expires_at, self.network_now(), self.margin()) {
            let why = format!(
                "expires in {} s, and the margin is {} s: left to the network",
                left.num_seconds(),
                self.margin().num_seconds()
            );
            let holds = self.store.holds(network, &due.payment_id, &due.state, "rule").await?;
            let pause = doubling(NEAR_AGAIN_FIRST, NEAR_AGAIN_MAX, holds.saturating_add(1));
            let until = Some(self.after(pause));
            return self.decided(lease, due, Decision::Hold { until, why }, "rule", None).await;
        }
        match due.review {
            Some(ReviewStatus::Approved) => return Ok(Some(Decision::Approve)),
            Some(ReviewStatus::Declined) => {
                let reason =
                    self.store.decline_reason(network, &due.payment_id, &due.state).await?;
                return Ok(reason.map(Decision::Decline));
            }
            Some(ReviewStatus::Pending | ReviewStatus::Held) | None => {}
        }
        match self.review(lease, acts, due).await? {
            Some(Reviewed { decision, by, shown }) => {
                self.decided(lease, due, decision, by, Some(shown)).await
            }
            None => Ok(None),
        }
    }

    /// Who decides on a payment, and what. It is not written down. None: it waits for a person.
    pub(super) async fn review(
        &self,
        lease: &Lease,
        acts: &Acts,
        due: &Due,
    ) -> Result<Option<Reviewed>, SweepError> {
        let network = &lease.scope.network;
        let held = self.document(network, &due.payment_id).await?;
        let document = &held.text;
        let (payout, returns) = (due.payout.as_ref(), due.returns.as_deref());
        let shown = shown(due.version, &due.money, payout, returns, document);
        let by = self.reviewer.name();
        let user_info = sender_user_info(document);
        if acts.needs_user_info
            && let Some(gap) = gap_in_user_info(&user_info, &self.settings.review.require_user_info)
        {
            let decision = self.on_gap(acts, &gap);
            return Ok(Some(Reviewed { decision, by: "rule", shown }));
        }
        let now = self.clock.now();
        let decide =
            self.reviewer.decide(network, due, user_info.told(), document, acts.decline_type, now);
        match self.patiently(self.reviewer.patience(), decide).await {
            Ok(Some(decision)) => Ok(Some(Reviewed { decision, by, shown })),
            Ok(None) => {
                self.store.await_person(lease, due).await?;
                self.tell_review(due, "pending", String::new());
                Ok(None)
            }
            Err(why) => {
                let decision = self.review_failed(lease, due, why).await?;
                Ok(Some(Reviewed { decision, by, shown }))
            }
        }
    }

    /// Data that are proven to be incomplete are declined. What cannot be read is held for a person, and so is all of it
    /// where a person decides about everything.
    pub(super) fn on_gap(&self, acts: &Acts, gap: &UserInfoGap) -> Decision {
        let why = gap.to_string();
        let reason = gap.code().and_then(|code| Reason::new(acts.decline_type, code, &why).ok());
        match reason {
            Some(reason) if !self.reviewer.is_person() => Decision::Decline(reason),
            Some(_) | None => Decision::Hold { until: None, why },
        }
    }

    /// A review that fails is a hold, and the longer the more often it has failed.
    async fn review_failed(
        &self,
        lease: &Lease,
        due: &Due,
        why: String,
    ) -> Result<Decision, SweepError> {
        let network = &lease.scope.network;
        let name = self.reviewer.name();
        let failures = self.store.holds(network, &due.payment_id, &due.state, name).await?;
        let pause = doubling(REVIEW_AGAIN_FIRST, REVIEW_AGAIN_MAX, failures.saturating_add(1));
        let seconds = pause.as_secs();
        tracing::warn!(payment_id = due.payment_id, why, seconds, "the review failed: held");
        Ok(Decision::Hold { until: Some(self.after(pause)), why: format!("no decision: {why}") })
    }

    /// Records a decision. None if the payment has moved on meanwhile.
    pub(super) async fn decided(
        &self,
        lease: &Lease,
        due: &Due,
        decision: Decision,
        decided_by: &str,
        shown: Option<Shown>,
    ) -> Result<Option<Decision>, SweepError> {
        let review = Review { decision, decided_by: decided_by.to_owned(), shown };
        let (network, now) = (&lease.scope.network, self.clock.now());
        let recorded = self
            .store
            .decide(network, lease.into(), &due.payment_id, &due.state, &review, now)
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

    /// Writes the intent of an operation, and carries it out.
    pub(super) async fn begin(
        &self,
        lease: &Lease,
        due: &Due,
        operation: Operation,
    ) -> Result<bool, SweepError> {
        let now = self.clock.now();
        let intent = self.store.intend(lease, &due.payment_id, &due.state, &operation, now).await?;
        match intent {
            Some(intent) => self.carry_out(lease, intent).await,
            None => Ok(false),
        }
    }

    /// Calls the network, and records what came of it.
    pub(super) async fn carry_out(
        &self,
        lease: &Lease,
        intent: Intent,
    ) -> Result<bool, SweepError> {
        if !lease.is_trusted() {
            return Err(lease.lost().into());
        }
        failpoint::reached("before the call");
        let call = self.client.operate(&intent.payment_id, &intent.operation, None);
        let answer = self.answer(call).await;
        failpoint::reached("after the call");
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.put_off(lease, &intent.payment_id, error).await,
        };
        match answer {
            OperationAnswer::Done(row) => {
                let answer = match &*row {
                    Row::Payment(payment) => payment.state.to_string(),
                    Row::Bad(bad) => format!("done, but the answer is unclear: {}", bad.reason),
                };
                let seen = Some((&*row, Trail::Operation));
                self.finish(lease, &intent, Finished::Done { answer }, seen).await
            }
            OperationAnswer::Refused { status, reason } => {
                self.refused(lease, intent, format!("{status} {reason}")).await
            }
            OperationAnswer::Busy { why } | OperationAnswer::Unknown { why } => {
                self.unclear(lease, &intent, why).await
            }
        }
    }

    /// A refusal may mean that it is done already, by a call whose answer was lost: the payment tells.
    async fn refused(
        &self,
        lease: &Lease,
        intent: Intent,
        reason: String,
    ) -> Result<bool, SweepError> {
        match self.answer(self.client.get(&intent.payment_id)).await {
            Ok(row) => {
                let finished = match &row {
                    Row::Payment(payment) => match resolve(&intent.operation, payment) {
                        Resolution::Done => {
                            Finished::Done { answer: format!("found {}", payment.state) }
                        }
                        Resolution::NotYet | Resolution::TooLate => Finished::Refused { reason },
                    },
                    Row::Bad(_) => Finished::Refused { reason },
                };
                self.finish(lease, &intent, finished, Some((&row, Trail::Get))).await
            }
            Err(NetworkError::Refused { .. }) => {
                self.finish(lease, &intent, Finished::Refused { reason }, None).await
            }
            Err(error) => self.put_off(lease, &intent.payment_id, error).await,
        }
    }

    /// Leaves an operation for a later look.
    async fn unclear(
        &self,
        lease: &Lease,
        intent: &Intent,
        why: String,
    ) -> Result<bool, SweepError> {
        let tries = u32::try_from(intent.attempt).unwrap_or(u32::MAX);
        let not_before = self.after(doubling(LOOK_AGAIN_FIRST, LOOK_AGAIN_MAX, tries));
        self.finish(lease, intent, Finished::Unknown { why, not_before }, None).await
    }

    pub(super) async fn finish(
        &self,
        lease: &Lease,
        intent: &Intent,
        finished: Finished,
        seen: Option<(&Row, Trail)>,
    ) -> Result<bool, SweepError> {
        self.store.finish(lease, intent, &finished, seen, self.clock.now()).await?;
        let (result, detail) = match finished {
            Finished::Done { answer } => ("done", answer),
            Finished::Refused { reason } => ("refused", reason),
            Finished::Unknown { why, .. } => ("unknown", why),
        };
        let (payment_id, operation) = (intent.payment_id.clone(), intent.operation.name());
        tracing::info!(
            payment_id,
            operation,
            result,
            detail,
            attempt = intent.attempt,
            "operation"
        );
        (self.observer)(Note::Operation { payment_id, operation, result, detail });
        Ok(result != "unknown")
    }

    pub(super) fn tell_review(&self, due: &Due, decision: &'static str, detail: String) {
        let payment_id = due.payment_id.clone();
        tracing::info!(payment_id, decision, detail, "review");
        (self.observer)(Note::Review { payment_id, decision, detail });
    }

    fn after(&self, pause: Duration) -> DateTime<Utc> {
        later(self.clock.now(), pause)
    }

    /// The time by the network's clock: deadlines are the network's.
    pub(super) fn network_now(&self) -> DateTime<Utc> {
        self.clock.now() + self.client.server_offset()
    }

    pub(super) fn margin(&self) -> TimeDelta {
        TimeDelta::from_std(self.settings.review.expiry_margin).unwrap_or(TimeDelta::MAX)
    }
}
