//! One envelope from its place in the database to its end: sent, looked up, sent again, bid up, and settled.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Sender;
use super::errand::Does;
use super::settle::{Fate, Scene, Settled, settle};
use crate::engine::{EnvelopeStatus, Step, Transfer, TransferStatus, later};
use crate::failpoint;
use crate::jobs::frame::note::Note;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::stellar::{
    Codes, Envelope, FoundTransaction, Level, Next, OperationKind, OperationNext, Sent,
    SubmitAnswer, after_look_up, after_submit, margin,
};
use crate::store::{self, EnvelopeEnd, StoreError};

/// Between two submissions of one envelope there is at least this.
const AGAIN: Duration = Duration::from_secs(2);
/// An envelope that the network refuses as a whole is tried again after this, until its time is over.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);

/// Where driving an envelope has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Driven {
    /// It is over. Whether its number is used.
    Over { is_used: bool },
    /// It is not, and its source stays busy.
    Left,
}

/// How an envelope ended.
struct Verdict {
    end: EnvelopeEnd,
    fates: Vec<Fate>,
    is_used: bool,
}

impl Sender {
    /// Drives a stored envelope on, until it is over, or `until`.
    pub(super) async fn drive(
        &self,
        round: &Round<'_>,
        mut envelope: store::Envelope,
        until: Instant,
    ) -> Result<Driven, SweepError> {
        if envelope.status == EnvelopeStatus::WaitingSignatures
            && !self.is_released(round, &mut envelope).await?
        {
            return Ok(Driven::Left);
        }
        // What was perhaps sent before is looked for first.
        let is_fresh = envelope.status == EnvelopeStatus::Intended && envelope.attempts == 0;
        let mut next =
            if is_fresh { Next::Resubmit } else { Next::LookUp { after: Duration::ZERO } };
        let mut last_sent: Option<Instant> = None;
        loop {
            next = match next {
                Next::Resubmit => {
                    if let Some(sent) = last_sent {
                        let rest = AGAIN.saturating_sub(sent.elapsed());
                        if !self.may_go_on(round, rest, until).await {
                            return Ok(Driven::Left);
                        }
                    }
                    last_sent = Some(Instant::now());
                    let answer = self.submit(round, &mut envelope).await?;
                    after_submit(&answer, &self.sent(&envelope))
                }
                Next::LookUp { after } => {
                    if !self.may_go_on(round, after, until).await {
                        return Ok(Driven::Left);
                    }
                    match self.looked_up(round, &envelope).await? {
                        Looked::Next(next) => next,
                        Looked::Over(verdict) => {
                            return self.finish(round, &envelope, verdict).await;
                        }
                    }
                }
                Next::Bump { fee_per_operation } => {
                    self.bump(round, &mut envelope, fee_per_operation).await?
                }
                Next::Done { ledger } => {
                    let verdict = done(&envelope, ledger);
                    return self.finish(round, &envelope, verdict).await;
                }
                Next::Rebuild => {
                    let verdict = expired(&envelope);
                    return self.finish(round, &envelope, verdict).await;
                }
                Next::Each(operations) => {
                    let verdict = self.refuted(round, &envelope, operations).await;
                    return self.finish(round, &envelope, verdict).await;
                }
                Next::Unfunded { reason } => {
                    self.tell_of_short(round, &envelope.source_account, &reason).await?;
                    self.refused(round, &envelope, None).await?;
                    return Ok(Driven::Left);
                }
                Next::Hold { reason } => {
                    self.refused(round, &envelope, Some(&reason)).await?;
                    return Ok(Driven::Left);
                }
            };
        }
    }

    /// Lets time pass before the next step. False: this sweep has none left, or is told to stop.
    async fn may_go_on(&self, round: &Round<'_>, pause: Duration, until: Instant) -> bool {
        Instant::now() + pause <= until && round.pause(pause).await
    }

    /// Whether an envelope that lacked signatures has got them, or somebody has sent it, or its time is over: then it
    /// is driven as all others are.
    async fn is_released(
        &self,
        round: &Round<'_>,
        envelope: &mut store::Envelope,
    ) -> Result<bool, SweepError> {
        let (hash, source) = (&envelope.envelope_id, &envelope.source_account);
        let look = round.answer(self.horizon.look_up(hash, source)).await?;
        match after_look_up(&look, &self.sent(envelope)) {
            Next::Done { .. } | Next::Rebuild | Next::Each(_) | Next::Hold { .. } => Ok(true),
            // It was not sent, and it cannot be.
            Next::Resubmit | Next::LookUp { .. } | Next::Bump { .. } | Next::Unfunded { .. } => {
                Ok(false)
            }
        }
    }

    /// Sends an envelope, or the fee bump around it.
    async fn submit(
        &self,
        round: &Round<'_>,
        envelope: &mut store::Envelope,
    ) -> Result<SubmitAnswer, SweepError> {
        let now = round.now();
        let (lease, id) = (round.lease, envelope.envelope_id.clone());
        round.store.mark_sent(lease, &id, None, now, now).await?;
        envelope.attempts += 1;
        if !lease.is_trusted() {
            return Err(lease.lost().into());
        }
        let xdr = envelope.bump_xdr.as_deref().unwrap_or(&envelope.xdr);
        failpoint::reached("before the submission");
        let answer = round.answer(self.horizon.submit(xdr)).await?;
        failpoint::reached("after the submission");
        round.beat();
        let told = answer.as_str();
        tracing::info!(envelope = id, attempt = envelope.attempts, answer = told, "submitted");
        Ok(answer)
    }

    /// Looks an envelope up in the ledger.
    async fn looked_up(
        &self,
        round: &Round<'_>,
        envelope: &store::Envelope,
    ) -> Result<Looked, SweepError> {
        let (hash, source) = (&envelope.envelope_id, &envelope.source_account);
        let look = round.answer(self.horizon.look_up(hash, source)).await?;
        let next = after_look_up(&look, &self.sent(envelope));
        tracing::debug!(envelope = hash, next = next.as_str(), "looked up");
        let Some(found) = look.found else { return Ok(Looked::Next(next)) };
        // The ledger has it: whatever it did, it does nothing more.
        Ok(match next {
            Next::Hold { reason } => {
                let fates = vec![Fate::Held(reason); envelope.payments.len()];
                let result = found.failed.map_or_else(String::new, |codes| words(&codes));
                Looked::Over(failed(result, Some(i64::from(found.ledger)), fates))
            }
            Next::Each(operations) => {
                let fates = operations.into_iter().map(Fate::from).collect();
                let result = found.failed.map_or_else(String::new, |codes| words(&codes));
                Looked::Over(failed(result, Some(i64::from(found.ledger)), fates))
            }
            other @ (Next::Done { .. }
            | Next::LookUp { .. }
            | Next::Resubmit
            | Next::Bump { .. }
            | Next::Unfunded { .. }
            | Next::Rebuild) => Looked::Next(other),
        })
    }

    /// The verdict where a submission was answered by what is wrong with each operation. Whether the ledger has it is asked:
    /// then its number is used, and its account has sent nothing that is not on record.
    async fn refuted(
        &self,
        round: &Round<'_>,
        envelope: &store::Envelope,
        operations: Vec<OperationNext>,
    ) -> Verdict {
        let found = round.answer(self.horizon.transaction(&envelope.envelope_id)).await;
        let found = found.ok().flatten();
        if let Some(FoundTransaction { ledger, failed: None }) = found {
            return done(envelope, ledger);
        }
        let fates = operations.into_iter().map(Fate::from).collect();
        failed("tx_failed".to_owned(), found.map(|found| i64::from(found.ledger)), fates)
    }

    /// Puts a higher fee around an envelope, and stores that before it is sent.
    async fn bump(
        &self,
        round: &Round<'_>,
        envelope: &mut store::Envelope,
        fee_per_operation: u32,
    ) -> Result<Next, SweepError> {
        let source = &envelope.source_account;
        let Some(state) = round.answer(self.horizon.account(source)).await? else {
            return Ok(Next::LookUp { after: AGAIN });
        };
        let own = Envelope::parse(&envelope.xdr, self.horizon.network_id());
        let bump = own.map_err(|error| error.to_string()).and_then(|own| {
            let payer = state.authority(Level::Low);
            own.fee_bump(&payer, fee_per_operation, &self.keys).map_err(|error| error.to_string())
        });
        match bump {
            Ok(bump) => {
                let (id, xdr) = (&envelope.envelope_id, &bump.xdr_base64);
                round.store.bump_envelope(round.lease, id, xdr, bump.fee).await?;
                tracing::info!(envelope = id, fee = bump.fee, "the fee is raised");
                envelope.bump_xdr = Some(bump.xdr_base64);
                envelope.fee = bump.fee;
                Ok(Next::Resubmit)
            }
            Err(error) => {
                tracing::warn!(envelope = envelope.envelope_id, error, "the fee cannot be raised");
                Ok(Next::LookUp { after: AGAIN })
            }
        }
    }

    /// The network refuses it as a whole. It stays valid until its time is over, so nothing may be sent in its place; and
    /// what was wrong may pass. With a `reason` its payments are for a person if it does not.
    async fn refused(
        &self,
        round: &Round<'_>,
        envelope: &store::Envelope,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = round.now();
        let id = &envelope.envelope_id;
        tracing::error!(envelope = id, reason, until = %envelope.max_time, "the network refuses a transaction of ours");
        let not_before = later(now, REFUSED_PAUSE);
        round.store.mark_sent(round.lease, id, reason, not_before, now).await
    }

    /// Writes down how an envelope ended, with all that this makes of its transfers and refunds.
    async fn finish(
        &self,
        round: &Round<'_>,
        envelope: &store::Envelope,
        verdict: Verdict,
    ) -> Result<Driven, SweepError> {
        let ids: Vec<String> =
            envelope.payments.iter().filter_map(|one| one.transfer_id.clone()).collect();
        let found = round.store.transfers_with_ids(&ids).await?;
        let transfers: HashMap<&str, &Transfer> =
            found.iter().map(|transfer| (transfer.transfer_id.as_str(), transfer)).collect();
        let (mut steps, mut refunds): (Vec<Step<'_>>, Vec<_>) = (Vec::new(), Vec::new());
        for (payment, fate) in envelope.payments.iter().zip(&verdict.fates) {
            let transfer = payment.transfer_id.as_deref().and_then(|id| transfers.get(id)).copied();
            let scene = Scene {
                hash: &envelope.envelope_id,
                needs_no_trust: transfer.is_some_and(|one| self.needs_no_trust(one)),
                now: round.now(),
            };
            let Settled { step, refund } = settle(payment, transfer, fate, scene);
            steps
                .extend(step.filter(|step| step.transfer.status == TransferStatus::PendingStellar));
            refunds.extend(refund);
        }
        let (lease, id, now) = (round.lease, &envelope.envelope_id, round.now());
        let store = round.store;
        if store.finish_envelope(lease, id, &verdict.end, &steps, &refunds, now).await? {
            for step in &steps {
                (round.observer)(Note::of_step(step));
            }
        }
        let short = verdict.fates.iter().find_map(|fate| match fate {
            Fate::Unfunded(why) => Some(why),
            Fate::Applied
            | Fate::Lapsed(_)
            | Fate::Exists
            | Fate::NoTrust
            | Fate::NoAccount
            | Fate::NoRoom(_)
            | Fate::Held(_) => None,
        });
        if let Some(why) = short {
            self.tell_of_short(round, &self.payer_of(envelope), why).await?;
        }
        for (payment, fate) in envelope.payments.iter().zip(&verdict.fates) {
            if *fate == Fate::Exists {
                self.is_denied(round, &payment.destination).await?;
            }
        }
        let status = verdict.end.status.as_str();
        tracing::info!(envelope = id, status, payments = envelope.payments.len(), "envelope over");
        Ok(Driven::Over { is_used: verdict.is_used })
    }

    /// Whose money it pays with, `G…`.
    fn payer_of(&self, envelope: &store::Envelope) -> String {
        let own = Envelope::parse(&envelope.xdr, self.horizon.network_id());
        let plan = own.and_then(|own| own.plan());
        plan.map_or_else(|_| envelope.source_account.clone(), |plan| plan.payer)
    }

    /// The facts that the rules of submission need.
    fn sent(&self, envelope: &store::Envelope) -> Sent {
        let operations: Vec<OperationKind> = envelope
            .payments
            .iter()
            .map(|one| one.operation.parse().map_or(OperationKind::Pay, Does::kind))
            .collect();
        // A fee bump offers for one operation more.
        let paid = operations.len() + usize::from(envelope.bump_xdr.is_some());
        let fee = u64::try_from(envelope.fee).unwrap_or(0);
        let fee_per_operation = fee / u64::try_from(std::cmp::max(paid, 1)).unwrap_or(1);
        Sent {
            sequence: envelope.sequence,
            max_time: envelope.max_time,
            operations,
            fee_per_operation: u32::try_from(fee_per_operation).unwrap_or(u32::MAX),
            max_fee: self.settings.max_fee,
            margin: margin(self.settings.time_bound),
        }
    }
}

/// What a look at the ledger comes to.
enum Looked {
    Next(Next),
    Over(Verdict),
}

fn done(envelope: &store::Envelope, ledger: u32) -> Verdict {
    let end = EnvelopeEnd {
        status: EnvelopeStatus::Done,
        ledger: Some(i64::from(ledger)),
        result: Some("applied".to_owned()),
    };
    Verdict { end, fates: vec![Fate::Applied; envelope.payments.len()], is_used: true }
}

/// It never will be applied. If the network has refused it as a whole, it would refuse another one too.
fn expired(envelope: &store::Envelope) -> Verdict {
    let fate = match &envelope.result {
        Some(refusal) => Fate::Held(refusal.clone()),
        None => Fate::Lapsed("its time was over before the network took it".to_owned()),
    };
    let end = EnvelopeEnd { status: EnvelopeStatus::Expired, ledger: None, result: None };
    Verdict { end, fates: vec![fate; envelope.payments.len()], is_used: false }
}

fn failed(result: String, ledger: Option<i64>, fates: Vec<Fate>) -> Verdict {
    let end = EnvelopeEnd { status: EnvelopeStatus::Failed, ledger, result: Some(result) };
    Verdict { end, fates, is_used: ledger.is_some() }
}

/// Codes for a person to read.
fn words(codes: &Codes) -> String {
    format!("{codes:?}")
}
