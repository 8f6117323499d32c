//! Errands by what can be done for them now, and the writing of it, many at once.

use chrono::{DateTime, Utc};

use super::errand::{Errand, Ready};
use crate::engine::{Cause, Step, Transfer, TransferStatus};
use crate::jobs::frame::note::Note;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::store::Postponed;

/// A move that is to be made.
struct Moving {
    transfer: Box<Transfer>,
    to: (TransferStatus, Cause),
    message: Option<String>,
    not_before: Option<DateTime<Utc>>,
}

/// What was found out about errands.
pub(super) struct Sorted {
    now: DateTime<Utc>,
    ready: Vec<Ready>,
    moving: Vec<Moving>,
    postponed: Vec<Postponed>,
}

impl Sorted {
    pub(super) const fn new(now: DateTime<Utc>) -> Self {
        Self { now, ready: Vec::new(), moving: Vec::new(), postponed: Vec::new() }
    }

    /// It can be done now.
    pub(super) fn ready(&mut self, ready: Ready) {
        self.ready.push(ready);
    }

    /// Its transfer, if it has one, goes elsewhere.
    pub(super) fn moves(
        &mut self,
        errand: Errand,
        to: (TransferStatus, Cause),
        why: &str,
        not_before: Option<DateTime<Utc>>,
    ) {
        let message = Some(why.to_owned());
        let transfer = match errand {
            Errand::Deposit(transfer) => Some(transfer),
            Errand::Refund(_, transfer) => transfer,
        };
        self.moving.extend(transfer.map(|transfer| Moving { transfer, to, message, not_before }));
    }

    /// A deposit stays where it is, and is looked at later. `counts`: its receiver was looked at, and cannot take it yet.
    pub(super) fn postpone(
        &mut self,
        transfer: &Transfer,
        why: &str,
        not_before: DateTime<Utc>,
        counts: bool,
    ) {
        self.postponed.push(Postponed {
            transfer_id: transfer.transfer_id.clone(),
            version: transfer.version,
            not_before,
            message: Some(why.to_owned()),
            counts,
        });
    }

    /// Writes all of it down, and tells what can be done now: as it is after that.
    pub(super) async fn written(self, round: &Round<'_>) -> Result<Vec<Ready>, SweepError> {
        let waited = |one: &Ready| match &one.errand {
            Errand::Deposit(transfer) => transfer.status == TransferStatus::PendingTrust,
            Errand::Refund(..) => false,
        };
        let (found, mut ready): (Vec<Ready>, Vec<Ready>) = self.ready.into_iter().partition(waited);
        let to = (TransferStatus::PendingAnchor, Cause::TrustFound);
        let trusting = found.iter().filter_map(|one| one.errand.transfer());
        let mut steps: Vec<Step<'_>> =
            trusting.map(|transfer| Step::new(transfer, to.0, to.1)).collect();
        steps.extend(self.moving.iter().map(|moving| {
            let mut step = Step::new(&moving.transfer, moving.to.0, moving.to.1);
            step.changes.message.clone_from(&moving.message);
            step.changes.not_before = moving.not_before;
            step
        }));
        let moved = round.store.move_transfers(round.lease, &steps, &[], self.now).await?;
        for step in steps.iter().filter(|step| moved.contains(&step.transfer.transfer_id)) {
            (round.observer)(Note::of_step(step));
        }
        round.store.postpone_transfers(round.lease, &self.postponed).await?;
        let ids: Vec<String> = found.iter().map(|one| one.errand.id().to_owned()).collect();
        for transfer in round.store.transfers_with_ids(&ids).await? {
            let old = found.iter().find(|one| one.errand.id() == transfer.transfer_id);
            if let Some(old) = old.filter(|_| transfer.status == to.0) {
                ready.push(Ready { errand: Errand::Deposit(Box::new(transfer)), ..old.clone() });
            }
        }
        Ok(ready)
    }
}
