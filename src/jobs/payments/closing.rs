//! Finding out what became of operations without a clear answer. A payment that cannot be looked at is put off alone.

use crate::engine::{Basis, Resolution, Row, Trail, Window, resolve};
use crate::jobs::frame::round::Round;
use crate::jobs::{Sweep, SweepError};
use crate::networks::NetworkError;
use crate::store::{Finished, Intent};

impl Sweep<'_> {
    /// The operations whose end is to be found out.
    pub(super) async fn open(&self, round: &Round<'_>) -> Result<Vec<Intent>, SweepError> {
        let (now, limit, scope) = (self.desk.clock.now(), self.job.batch_size, &round.lease.scope);
        let mut intents = self.desk.store.open_intents(scope, now, limit).await?;
        if self.job.rules.acts.is_none() {
            // The payments in this state are over: whoever began an operation on one, it is decided now.
            let states = self.job.rules.states;
            intents.extend(self.desk.store.open_intents_in(scope, states, now, limit).await?);
        }
        Ok(intents)
    }

    /// A call that is no payment's own: whether the network answers at all.
    pub(super) async fn is_well(&self) -> Result<(), NetworkError> {
        let window = Window { after: None, before: None, page: 0, size: 1 };
        let list = Box::pin(self.job.client.list(&self.job.rules.asked, &window));
        match self.answer(list).await {
            // Whoever answers too much answers.
            Ok(_) | Err(NetworkError::TooLarge { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A call about one payment has failed: it is put off, unless the network is down.
    pub(super) async fn put_off(
        &self,
        round: &Round<'_>,
        payment_id: &str,
        error: NetworkError,
    ) -> Result<bool, SweepError> {
        round.sick.failed(round.lease, &payment(payment_id), error, || self.is_well()).await?;
        Ok(false)
    }

    /// The same as [`Sweep::close`], for a payment that could not be looked at before: the sweep waits for it no longer
    /// than for one answer.
    pub(super) async fn close_in_time(
        &self,
        round: &Round<'_>,
        intent: Intent,
    ) -> Result<bool, SweepError> {
        if self.has_given_up() {
            return Ok(false);
        }
        let look = self.answer(self.job.client.get(&intent.payment_id));
        match tokio::time::timeout(self.job.timeout, look).await {
            Ok(row) => self.close_as(round, intent, row).await,
            Err(_) => {
                let why = format!("no answer within {:?}", self.job.timeout);
                let error = NetworkError::Unavailable(why);
                self.put_off(round, &intent.payment_id, error).await
            }
        }
    }

    /// Looks at the network for the end of one operation, and tries it again only if it was surely not done.
    pub(super) async fn close(
        &self,
        round: &Round<'_>,
        intent: Intent,
    ) -> Result<bool, SweepError> {
        if self.has_given_up() {
            return Ok(false);
        }
        let row = self.answer(self.job.client.get(&intent.payment_id)).await;
        self.close_as(round, intent, row).await
    }

    /// Ends an operation, or tries it again, by what the network tells of its payment.
    async fn close_as(
        &self,
        round: &Round<'_>,
        mut intent: Intent,
        row: Result<Row, NetworkError>,
    ) -> Result<bool, SweepError> {
        let id = &intent.payment_id;
        let row = match row {
            Ok(row @ Row::Payment(_)) => row,
            Ok(Row::Bad(bad)) => {
                let why = format!("the payment cannot be understood: {}", bad.reason);
                return self.put_off(round, id, NetworkError::Unreadable(why)).await;
            }
            Err(error) => return self.put_off(round, id, error).await,
        };
        round.sick.well(round.lease, &payment(id)).await?;
        let Row::Payment(payment) = &row else { return Ok(false) };
        match resolve(&intent.operation, payment) {
            Resolution::Done => {
                let answer = format!("found {}", payment.state);
                self.finish(round, &intent, Finished::Done { answer }, Some((&row, Trail::Get)))
                    .await
            }
            Resolution::TooLate => {
                let reason = format!("too late: the payment is {}", payment.state);
                let finished = Finished::Refused { reason };
                self.finish(round, &intent, finished, Some((&row, Trail::Get))).await
            }
            Resolution::NotYet => {
                if let Some(left) = self.too_near(payment) {
                    let reason = format!("not tried again: it expires in {} s", left.num_seconds());
                    let finished = Finished::Refused { reason };
                    return self.finish(round, &intent, finished, Some((&row, Trail::Get))).await;
                }
                let basis = Basis::of_payment(payment).digest;
                let (network, id) = (&round.lease.scope.network, &intent.payment_id);
                if !self.desk.store.is_decided(network, id, &intent.operation, &basis).await? {
                    let reason = "not tried again: what was decided on is not what came".to_owned();
                    let finished = Finished::Refused { reason };
                    return self.finish(round, &intent, finished, Some((&row, Trail::Get))).await;
                }
                self.desk
                    .store
                    .intend_again(round.lease, &mut intent, self.desk.clock.now())
                    .await?;
                self.carry_out(round, intent).await
            }
        }
    }
}

/// What a payment is called among the things that are put off.
pub(super) fn payment(payment_id: &str) -> String {
    format!("payment/{payment_id}")
}
