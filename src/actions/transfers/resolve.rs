//! What became of a transfer, found out by a person.

use crate::actions::transfers::{TransferMoved, story};
use crate::actions::{ActionError, Actions};
use crate::engine::decide::moves::{go_on, possible};
use crate::engine::{
    Cause, Refusal, RefusalCode, Step, Transfer, TransferStatus, legal, released_to,
};
use crate::store::{Deed, PayoutRow, Resolved};

/// What became of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoundOut {
    /// The money is where it was to go.
    Completed,
    /// It is back.
    Refunded,
    /// It surely was not moved; it is done again.
    Retry,
    /// It surely was not moved, and is not done again by itself.
    Error,
}

impl Actions<'_> {
    /// Puts on record what became of a transfer. `reference` is the rail's or network's name for it.
    ///
    /// # Errors
    /// There is no such transfer, or that is not for a person to say of it.
    pub(crate) async fn resolve_transfer(
        &self,
        id: &str,
        outcome: FoundOut,
        reference: Option<&str>,
        reason: &str,
        deed: &Deed,
    ) -> Result<TransferMoved, ActionError> {
        let story = story(self.store, id).await?;
        let transfer = &story.transfer;
        let payout = story.payouts.iter().find(|payout| payout.finished_at.is_none());
        expect_fit(transfer, payout, outcome)?;
        let mut step = step(transfer, outcome, reference, reason)?;
        go_on(&mut step, &self.settings.assets)?;
        let Some(payout) = payout else { return self.carry_out(&step, &[], deed).await };
        let resolved = match outcome {
            FoundOut::Completed | FoundOut::Refunded => {
                Resolved::Delivered { reference: reference.map(str::to_owned) }
            }
            FoundOut::Retry | FoundOut::Error => Resolved::NotDelivered,
        };
        let id = &payout.payout_id;
        self.store.resolve_payout(id, &resolved, deed, Some(&step), self.now).await?;
        Ok(TransferMoved::by(&step))
    }
}

/// A payout that brought the money to its beneficiary did not bring it back, and the other way round.
fn expect_fit(
    transfer: &Transfer,
    payout: Option<&PayoutRow>,
    outcome: FoundOut,
) -> Result<(), Refusal> {
    let is_refund = payout.is_some_and(|payout| payout.refund_id.is_some());
    let unfit = |text| Err(Refusal::new(RefusalCode::Unfit, text));
    match outcome {
        FoundOut::Completed if is_refund => unfit(format!(
            "the open payout of transfer {} is a refund: its money is not where it was to go",
            transfer.transfer_id
        )),
        // Trying again is paying out, and this money was to go back.
        FoundOut::Retry if is_refund => unfit(format!(
            "the open payout of transfer {id} is a refund: `--as error` says that it was not made, and `railpoll \
             transfers refund {id}` makes another",
            id = transfer.transfer_id
        )),
        FoundOut::Refunded if payout.is_some() && !is_refund => unfit(format!(
            "the open payout of transfer {} is no refund: say first what became of it",
            transfer.transfer_id
        )),
        FoundOut::Completed | FoundOut::Refunded | FoundOut::Retry | FoundOut::Error => Ok(()),
    }
}

fn step<'a>(
    transfer: &'a Transfer,
    outcome: FoundOut,
    reference: Option<&str>,
    reason: &str,
) -> Result<Step<'a>, Refusal> {
    let to = match outcome {
        FoundOut::Completed => TransferStatus::Completed,
        FoundOut::Refunded => TransferStatus::Refunded,
        FoundOut::Error => TransferStatus::Error,
        FoundOut::Retry => released_to(transfer),
    };
    let (id, status) = (&transfer.transfer_id, transfer.status);
    if legal(transfer.kind, status, to, Cause::Resolved).is_err() {
        let text = format!(
            "transfer {id} is {status}: that is not for you to say; {}",
            possible(transfer)
        );
        return Err(Refusal::new(RefusalCode::WrongState, text));
    }
    if status == TransferStatus::Error && transfer.amount_in.is_none() {
        let text = format!("transfer {id} is {status}, and no money came in for it: it is over");
        return Err(Refusal::new(RefusalCode::WrongState, text));
    }
    let mut step = Step::new(transfer, to, Cause::Resolved).because(reason);
    if matches!(outcome, FoundOut::Completed | FoundOut::Refunded) {
        let goes_on_rail = transfer.kind.is_deposit() == transfer.is_refunding();
        let reference = reference.map(str::to_owned);
        if goes_on_rail {
            step.changes.rail_reference = reference;
        } else {
            step.changes.network_reference = reference;
        }
    }
    Ok(step)
}
