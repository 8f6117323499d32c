//! Carrying a decision out: the intent of an operation, the call, and what came of it.

use std::time::Duration;

use crate::engine::{Operation, Resolution, Row, Trail, doubling, resolve};
use crate::failpoint;
use crate::jobs::frame::note::Note;
use crate::jobs::frame::round::Round;
use crate::jobs::{Sweep, SweepError};
use crate::networks::NetworkError;
use crate::networks::ripplenet::OperationAnswer;
use crate::store::{Due, Finished, Intent};

/// An operation whose end is not known is looked at after this, then after twice this, …
const LOOK_AGAIN_FIRST: Duration = Duration::from_millis(500);
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(300);

impl Sweep<'_> {
    /// Writes the intent of an operation, and carries it out.
    pub(super) async fn begin(
        &self,
        round: &Round<'_>,
        due: &Due,
        operation: Operation,
    ) -> Result<bool, SweepError> {
        let now = self.desk.clock.now();
        let intent = self
            .desk
            .store
            .intend(round.lease, &due.payment_id, &due.state, &operation, now)
            .await?;
        match intent {
            Some(intent) => self.carry_out(round, intent).await,
            None => Ok(false),
        }
    }

    /// Calls the network, and records what came of it.
    pub(super) async fn carry_out(
        &self,
        round: &Round<'_>,
        intent: Intent,
    ) -> Result<bool, SweepError> {
        if !round.lease.is_trusted() {
            return Err(round.lease.lost().into());
        }
        failpoint::reached("before the call");
        let call = self.job.client.operate(&intent.payment_id, &intent.operation, None);
        let answer = self.answer(call).await;
        failpoint::reached("after the call");
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.put_off(round, &intent.payment_id, error).await,
        };
        match answer {
            OperationAnswer::Done(row) => {
                let answer = match &*row {
                    Row::Payment(payment) => payment.state.to_string(),
                    Row::Bad(bad) => format!("done, but the answer is unclear: {}", bad.reason),
                };
                let seen = Some((&*row, Trail::Operation));
                self.finish(round, &intent, Finished::Done { answer }, seen).await
            }
            OperationAnswer::Refused { status, reason } => {
                self.refused(round, intent, format!("{status} {reason}")).await
            }
            OperationAnswer::Busy { why } | OperationAnswer::Unknown { why } => {
                self.unclear(round, &intent, why).await
            }
        }
    }

    /// A refusal may mean that it is done already, by a call whose answer was lost: the payment tells.
    async fn refused(
        &self,
        round: &Round<'_>,
        intent: Intent,
        reason: String,
    ) -> Result<bool, SweepError> {
        match self.answer(self.job.client.get(&intent.payment_id)).await {
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
                self.finish(round, &intent, finished, Some((&row, Trail::Get))).await
            }
            Err(NetworkError::Refused { .. }) => {
                self.finish(round, &intent, Finished::Refused { reason }, None).await
            }
            Err(error) => self.put_off(round, &intent.payment_id, error).await,
        }
    }

    /// Leaves an operation for a later look.
    async fn unclear(
        &self,
        round: &Round<'_>,
        intent: &Intent,
        why: String,
    ) -> Result<bool, SweepError> {
        let tries = u32::try_from(intent.attempt).unwrap_or(u32::MAX);
        let not_before = self.after(doubling(LOOK_AGAIN_FIRST, LOOK_AGAIN_MAX, tries));
        self.finish(round, intent, Finished::Unknown { why, not_before }, None).await
    }

    pub(super) async fn finish(
        &self,
        round: &Round<'_>,
        intent: &Intent,
        finished: Finished,
        seen: Option<(&Row, Trail)>,
    ) -> Result<bool, SweepError> {
        self.desk.store.finish(round.lease, intent, &finished, seen, self.desk.clock.now()).await?;
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
            reason = detail,
            attempt = intent.attempt,
            "operation"
        );
        (self.observer)(Note::Operation { payment_id, operation, result, detail });
        Ok(result != "unknown")
    }
}
