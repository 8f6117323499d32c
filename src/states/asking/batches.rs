//! Asking a rail about the deposits that are waited for.

use std::collections::HashMap;

use super::answers::{Asked, after};
use super::{Asker, count};
use crate::engine::{Step, Transfer};
use crate::rails::{Arrival, Arrivals, ExpectedDeposit, RailError};
use crate::states::note::Note;
use crate::states::returns::{refund_of, returned};
use crate::states::round::Round;
use crate::states::sweep::{SweepError, SweepReport};
use crate::store::{NewRefund, Postponed};

/// So many deposits are in one question at most.
const QUESTION_MAX: u32 = 500;
/// A question about one deposit alone is refused so often, and none answered, before it is taken to be the rail's fault.
const REFUSED_MAX: u32 = 3;

impl Asker {
    /// Asks about every deposit that is due, oldest first. Each is asked about once in a sweep, for the walk goes on
    /// behind the last one; and the next sweep asks about none before its time.
    pub(super) async fn ask_all(
        &self,
        round: &Round<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let limit = std::cmp::min(self.batch_size, QUESTION_MAX);
        let (rail, now) = (&self.desk.scope.network, round.now());
        let mut behind = None;
        while !round.is_stopping() {
            let waiting =
                self.desk.store.waiting_deposits(rail, behind.as_ref(), now, limit).await?;
            let Some(last) = waiting.last() else { break };
            behind = Some((last.created_at, last.transfer_id.clone()));
            self.ask(round, &waiting, report).await?;
            report.pages += 1;
            round.beat();
        }
        Ok(())
    }

    /// Asks about a batch. A rail that refuses the question for one deposit's sake is asked about the others.
    async fn ask(
        &self,
        round: &Round<'_>,
        waiting: &[Transfer],
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let mut questions = vec![waiting];
        let (mut refused, mut was_answered) = (0, false);
        while let Some(batch) = questions.pop() {
            if round.is_stopping() {
                break;
            }
            let expected: Vec<ExpectedDeposit> = batch.iter().map(expected).collect();
            let answer = round.answer(self.rail.deposits(&expected, None)).await;
            match answer {
                Ok(arrivals) => {
                    was_answered = true;
                    self.book(round, batch, arrivals, report).await?;
                }
                Err(error @ RailError::Refused { .. }) => match batch {
                    [one] => {
                        refused += 1;
                        if refused >= REFUSED_MAX && !was_answered {
                            return Err(SweepError::Rail(error));
                        }
                        self.refused(round, one, &error).await?;
                    }
                    many => {
                        let (first, second) = many.split_at(many.len() / 2);
                        questions.extend([second, first]);
                    }
                },
                Err(error) => return Err(SweepError::Rail(error)),
            }
        }
        Ok(())
    }

    /// Writes down what the rail has answered: all moves in one transaction, and when to ask again in another.
    async fn book(
        &self,
        round: &Round<'_>,
        batch: &[Transfer],
        arrivals: Arrivals,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let now = round.now();
        let answers: HashMap<String, Arrival> = arrivals.answers.into_iter().collect();
        let silent = Arrival::NotYet { message: None };
        let (mut steps, mut postponed): (Vec<Step<'_>>, Vec<Postponed>) = (Vec::new(), Vec::new());
        for deposit in batch {
            let arrival = answers.get(&deposit.transfer_id).unwrap_or(&silent);
            let terms = self.assets.of_transfer(deposit).map(|asset| asset.terms(deposit.kind));
            match after(deposit, arrival, terms.as_ref(), now) {
                Asked::Move(step) => steps.push(*step),
                Asked::Again(not_before) => postponed.push(Postponed {
                    transfer_id: deposit.transfer_id.clone(),
                    version: deposit.version,
                    not_before,
                    message: words(arrival),
                }),
            }
        }
        let before = self.desk.store.refunds_decided(&returned(steps.iter())).await?;
        let refunds: Vec<NewRefund> =
            steps.iter_mut().filter_map(|step| refund_of(step, &self.assets, &before)).collect();
        let moved = self.desk.store.move_transfers(round.lease, &steps, &refunds, now).await?;
        self.desk.store.postpone_transfers(round.lease, &postponed).await?;
        for step in steps.iter().filter(|step| moved.contains(&step.transfer.transfer_id)) {
            (round.observer)(Note::of_step(step));
        }
        report.tally.unchanged += count(postponed.len());
        report.tally.changed += count(moved.len());
        report.acted += count(moved.len());
        Ok(())
    }
}

fn expected(deposit: &Transfer) -> ExpectedDeposit {
    ExpectedDeposit {
        transfer_id: deposit.transfer_id.clone(),
        subject: deposit.subject.clone(),
        amount: deposit.amount_expected.clone(),
        currency: deposit.currency.clone(),
        since: deposit.created_at,
    }
}

/// What the rail says about a deposit that stays where it is.
fn words(arrival: &Arrival) -> Option<String> {
    match arrival {
        Arrival::NotYet { message } | Arrival::Pending { message } => message.clone(),
        Arrival::Received { amount, .. } => {
            Some(format!("the rail tells of a deposit of {amount}"))
        }
        Arrival::Failed { reason, .. } => Some(reason.clone()),
    }
}
