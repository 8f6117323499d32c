//! Asking a rail about the deposits that are waited for.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};

use super::answers::{Asked, Foreign, after};
use super::{Asker, count};
use crate::engine::{Incoming, Match, Step, Transfer};
use crate::rails::{Arrival, Arrivals, ExpectedDeposit, RailError};
use crate::states::note::Note;
use crate::states::returns::{refund_of, returned};
use crate::states::round::Round;
use crate::states::sweep::{SweepError, SweepReport};
use crate::store::{FEED, NewIncoming, NewRefund, Postponed, Recorded};

/// So many deposits are in one question at most.
const QUESTION_MAX: u32 = 500;
/// So many questions about one deposit alone may fail, and none be answered, before it is taken to be the rail's fault.
const FAILED_MAX: u32 = 20;

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
            self.ask(round, waiting, report).await?;
            report.pages += 1;
            round.beat();
        }
        Ok(())
    }

    /// Asks about a batch. A question that fails for one deposit's sake is asked about the others: in halves, until it is known
    /// for whose. What failed before is asked about alone, after all others.
    async fn ask(
        &self,
        round: &Round<'_>,
        waiting: Vec<Transfer>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let due = waiting.into_iter().filter(|one| !round.sick.is_put_off(&thing_of(one)));
        let (sick, well): (Vec<_>, Vec<_>) =
            due.partition(|one| round.sick.has_failed(&thing_of(one)));
        let whole = Some(well.as_slice()).filter(|well| !well.is_empty());
        let mut questions: VecDeque<&[Transfer]> =
            whole.into_iter().chain(sick.chunks(1)).collect();
        let (mut failed, mut is_proven) = (0, false);
        while let Some(batch) = questions.pop_front() {
            if round.is_stopping() {
                break;
            }
            let expected: Vec<ExpectedDeposit> = batch.iter().map(expected).collect();
            let answer = round.answer(self.rail.deposits(&expected, None)).await;
            let error = match answer {
                Ok(arrivals) => {
                    (failed, is_proven) = (0, true);
                    for one in batch {
                        round.sick.well(round.lease, &thing_of(one)).await?;
                    }
                    self.book(round, batch, arrivals, report).await?;
                    continue;
                }
                Err(error) => error,
            };
            let [one] = batch else {
                // Many more questions are asked only of a rail that is well.
                if !is_proven {
                    self.is_well(round).await.map_err(SweepError::Rail)?;
                    is_proven = true;
                }
                let (first, second) = batch.split_at(batch.len() / 2);
                questions.push_front(second);
                questions.push_front(first);
                continue;
            };
            failed += 1;
            self.failed(round, one, &error).await?;
            if failed >= FAILED_MAX {
                return Err(SweepError::Rail(error));
            }
        }
        Ok(())
    }

    /// A deposit that the rail alone cannot be asked about is put off.
    async fn failed(
        &self,
        round: &Round<'_>,
        deposit: &Transfer,
        error: &RailError,
    ) -> Result<(), SweepError> {
        let ask = || self.is_well(round);
        round.sick.failed(round.lease, &thing_of(deposit), error.clone(), ask).await?;
        let postponed = Postponed {
            transfer_id: deposit.transfer_id.clone(),
            version: deposit.version,
            not_before: round.now(),
            message: Some(format!("the rail cannot be asked about it: {error}")),
        };
        Ok(self.desk.store.postpone_transfers(round.lease, &[postponed]).await?)
    }

    /// Puts money on record that came for a transfer in another currency, so that it can go back. Its transfer moves by a step of
    /// its own, for the rail tells the same again if a person lets the transfer wait on.
    async fn keep_foreign(
        &self,
        round: &Round<'_>,
        step: &Step<'_>,
        came: Foreign,
    ) -> Result<(), SweepError> {
        let (rail, deposit, now) = (&self.desk.scope.network, step.transfer, round.now());
        let mut incoming = incoming(rail, deposit, &came, now);
        let known = self.desk.store.incoming_with_id(rail, &incoming.incoming_id).await?;
        let is_anothers =
            known.is_some_and(|row| row.transfer_id.as_ref() != Some(&deposit.transfer_id));
        if is_anothers {
            // The rail has given two deposits one name.
            incoming.incoming_id.clone_from(&deposit.transfer_id);
        }
        let verdict = Match::WrongAsset(deposit.transfer_id.clone());
        let row = NewIncoming { incoming, verdict, step: None, refund: None };
        let rows = std::slice::from_ref(&row);
        match self.desk.store.record_incoming(round.lease, rail, FEED, rows, None, now).await? {
            Recorded::Stored(0) | Recorded::Again(_) => {}
            Recorded::Stored(_) => (round.observer)(Note::Incoming {
                incoming_id: row.incoming.incoming_id.clone(),
                verdict: row.verdict.as_str(),
                transfer_id: Some(deposit.transfer_id.clone()),
                detail: format!("{} {}", came.amount, came.currency),
            }),
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
                Asked::Foreign(step, came) => {
                    self.keep_foreign(round, &step, came).await?;
                    steps.push(*step);
                }
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

/// Money in a currency that its transfer is not of, as it is on record. Its id is the rail's name for it.
fn incoming(rail: &str, deposit: &Transfer, came: &Foreign, now: DateTime<Utc>) -> Incoming {
    let id = &deposit.transfer_id;
    let raw = serde_json::json!({
        "transfer_id": id,
        "amount": came.amount.to_string(),
        "currency": came.currency,
        "from": came.from,
        "reference": came.reference,
    });
    let reference = came.reference.as_ref().unwrap_or(id).clone();
    Incoming {
        source: rail.to_owned(),
        incoming_id: reference.clone(),
        account: FEED.to_owned(),
        from: came.from.clone(),
        amount: came.amount.clone(),
        asset: came.currency.clone(),
        memo: None,
        subject: deposit.subject.clone(),
        fee: None,
        muxed_id: None,
        reference,
        at: now,
        raw: raw.to_string(),
    }
}

/// The name by which a deposit is put off.
fn thing_of(deposit: &Transfer) -> String {
    format!("transfer/{}", deposit.transfer_id)
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
        Arrival::Untold { why } => Some(format!("the rail's answer cannot be understood: {why}")),
        Arrival::Received { amount, .. } => {
            Some(format!("the rail tells of a deposit of {amount}"))
        }
        Arrival::Failed { reason, .. } => Some(reason.clone()),
    }
}
