//! Asking a rail about the deposits that are waited for: many in one question, and several questions at once.
//!
//! A question may fail for one deposit's sake, and a slow answer may be slow for one deposit's sake. So it is asked again in
//! parts, all at once: those of the well are answered while the sick one's is waited for. What failed before is asked about
//! alone, after all others.

use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::Asker;
use super::batches::Booked;
use crate::engine::Transfer;
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::frame::round::Round;
use crate::rails::{ExpectedDeposit, RailError};
use crate::store::Postponed;

/// So many deposits are in one question at most, and so many that failed before are in memory at once.
const QUESTION_MAX: u32 = 500;
/// A question that fails is asked again in so many parts.
const PARTS: usize = 8;

/// What came of a question.
enum Came<'b> {
    Answered(Booked),
    /// It failed, and is asked again in parts.
    Silence(&'b [Transfer]),
    /// The deposit alone cannot be asked about.
    PutOff,
}

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
        let (mut behind, mut suspects) = (None, Vec::new());
        while !round.is_stopping() {
            let waiting =
                self.desk.store.waiting_deposits(rail, behind.as_ref(), now, limit).await?;
            let Some(last) = waiting.last() else { break };
            behind = Some((last.created_at, last.transfer_id.clone()));
            let due = waiting.into_iter().filter(|one| !round.sick.is_put_off(&thing_of(one)));
            let (sick, well): (Vec<_>, Vec<_>) =
                due.partition(|one| round.sick.has_failed(&thing_of(one)));
            if !well.is_empty() {
                self.ask(round, [well.as_slice()], report).await?;
            }
            suspects.extend(sick);
            if u32::try_from(suspects.len()).unwrap_or(u32::MAX) >= QUESTION_MAX {
                self.ask(round, suspects.chunks(1), report).await?;
                suspects.clear();
            }
            report.pages += 1;
            round.beat();
        }
        self.ask(round, suspects.chunks(1), report).await
    }

    /// Asks these questions, and smaller ones where they fail, several at once.
    async fn ask<'b>(
        &self,
        round: &Round<'_>,
        questions: impl IntoIterator<Item = &'b [Transfer]>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let mut questions: VecDeque<&[Transfer]> = questions.into_iter().collect();
        let (mut asked, mut failed) = (FuturesUnordered::new(), None);
        loop {
            while asked.len() < self.at_once
                && failed.is_none()
                && !round.is_stopping()
                && let Some(batch) = questions.pop_front()
            {
                asked.push(self.question(round, batch));
            }
            let Some(came) = asked.next().await else { break };
            match came {
                Ok(Came::Answered(Booked { moved, stayed })) => {
                    report.tally.unchanged += stayed;
                    report.tally.changed += moved;
                    report.acted += moved;
                }
                Ok(Came::Silence(batch)) => {
                    questions.extend(batch.chunks(batch.len().div_ceil(PARTS)));
                }
                Ok(Came::PutOff) => {}
                // Those under way go on to their end: their answers are not to be lost.
                Err(error) if failed.is_none() => failed = Some(error),
                Err(error) => tracing::debug!(%error, "failed with the others"),
            }
            round.beat();
        }
        failed.map_or(Ok(()), Err)
    }

    async fn question<'b>(
        &self,
        round: &Round<'_>,
        batch: &'b [Transfer],
    ) -> Result<Came<'b>, SweepError> {
        let expected: Vec<ExpectedDeposit> = batch.iter().map(expected).collect();
        let error = match round.answer(self.rail.deposits(&expected, None)).await {
            Ok(arrivals) => {
                for one in batch {
                    round.sick.well(round.lease, &thing_of(one)).await?;
                }
                return self.book(round, batch, arrivals).await.map(Came::Answered);
            }
            Err(error) => error,
        };
        match batch {
            [one] => self.failed(round, one, error).await.map(|()| Came::PutOff),
            [] | [_, _, ..] => {
                let ask = || self.is_well(round);
                round.sick.failed_together(round.lease, error, ask).await?;
                Ok(Came::Silence(batch))
            }
        }
    }

    /// A deposit that the rail alone cannot be asked about is put off.
    async fn failed(
        &self,
        round: &Round<'_>,
        deposit: &Transfer,
        error: RailError,
    ) -> Result<(), SweepError> {
        let message = Some(format!("the rail cannot be asked about it: {error}"));
        let ask = || self.is_well(round);
        round.sick.failed(round.lease, &thing_of(deposit), error, ask).await?;
        let postponed = Postponed {
            transfer_id: deposit.transfer_id.clone(),
            version: deposit.version,
            not_before: round.now(),
            message,
            counts: false,
        };
        Ok(self.desk.store.postpone_transfers(round.lease, &[postponed]).await?)
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
