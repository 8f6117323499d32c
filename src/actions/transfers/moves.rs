//! A person's moves of a transfer, each one of the table of legal moves.

use crate::actions::transfers::{TransferMoved, find};
use crate::actions::{ActionError, Actions, ids};
use crate::engine::decide::moves::{TransferWish, go_on, refund_of, step};
use crate::engine::{NewRefund, Refusal, RefusalCode, Step};
use crate::store::Deed;

impl Actions<'_> {
    /// Moves a transfer as somebody wishes, for a `reason`. `version` is the one that was seen, if it must be that one still.
    ///
    /// # Errors
    /// There is no such transfer, or it cannot be moved so.
    pub(crate) async fn move_transfer(
        &self,
        id: &str,
        version: Option<i64>,
        wish: &TransferWish,
        reason: &str,
        deed: &Deed,
    ) -> Result<TransferMoved, ActionError> {
        let transfer = find(self.store, id).await?;
        ids::expect_version("transfer", id, transfer.version, version)?;
        let mut step = step(&transfer, wish, reason)?;
        go_on(&mut step, &self.settings.assets)?;
        let refund = match wish {
            TransferWish::Refund { beneficiary } => {
                let id = &transfer.transfer_id;
                let before = self.store.refunds_decided(std::slice::from_ref(id)).await?;
                let refunds = before.get(id).copied().unwrap_or(0);
                let (assets, beneficiary) = (&self.settings.assets, beneficiary.clone());
                Some(refund_of(&transfer, assets, reason, beneficiary, refunds)?)
            }
            TransferWish::Hold | TransferWish::Release | TransferWish::Move(_) => None,
        };
        step.changes.refund_id = refund.as_ref().map(|refund| refund.refund_id.clone());
        self.carry_out(&step, refund.as_slice(), deed).await
    }

    /// Carries a step out, with the refund that it needs.
    pub(super) async fn carry_out(
        &self,
        step: &Step<'_>,
        refund: &[NewRefund],
        deed: &Deed,
    ) -> Result<TransferMoved, ActionError> {
        let steps = std::slice::from_ref(step);
        let moved = self.store.move_transfers(deed, steps, refund, self.now).await?;
        if moved.is_empty() {
            let id = &step.transfer.transfer_id;
            let text = format!("transfer {id} was moved by somebody else meanwhile: look again");
            return Err(Refusal::new(RefusalCode::MovedMeanwhile, text).into());
        }
        Ok(TransferMoved::by(step))
    }
}
