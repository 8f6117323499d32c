//! Somebody else is paid. The transfer waits for a person then, who may be another.

use serde_json::Value;

use crate::actions::transfers::{TransferMoved, find};
use crate::actions::{ActionError, Actions, ids};
use crate::engine::decide::moves::possible;
use crate::engine::{Cause, Refusal, RefusalCode, Step, Transfer, TransferStatus, legal};
use crate::store::Deed;

impl Actions<'_> {
    /// Names somebody else whom the rail pays, as JSON. `version` is the one that was seen, if it must be that one still.
    ///
    /// # Errors
    /// There is no such transfer, or nobody else can be paid by it.
    pub(crate) async fn correct_transfer(
        &self,
        id: &str,
        version: Option<i64>,
        beneficiary: &str,
        reason: &str,
        deed: &Deed,
    ) -> Result<TransferMoved, ActionError> {
        let transfer = find(self.store, id).await?;
        ids::expect_version("transfer", &transfer.transfer_id, transfer.version, version)?;
        let step = step(&transfer, beneficiary, reason)?;
        self.carry_out(&step, &[], deed).await
    }
}

fn step<'a>(transfer: &'a Transfer, beneficiary: &str, reason: &str) -> Result<Step<'a>, Refusal> {
    let id = &transfer.transfer_id;
    if let Some((network, payment)) = &transfer.payment {
        let text = format!(
            "transfer {id} pays out payment {payment} of {network}, which was approved for its own beneficiary: decline \
             it, and let its sender send another"
        );
        return Err(Refusal::new(RefusalCode::Unfit, text));
    }
    let (to, cause) = (TransferStatus::OnHold, Cause::Corrected);
    if legal(transfer.kind, transfer.status, to, cause).is_err() {
        let (kind, status) = (transfer.kind, transfer.status);
        let text = format!("transfer {id} is a {kind} and {status}: {}", possible(transfer));
        return Err(Refusal::new(RefusalCode::WrongState, text));
    }
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    if transfer.beneficiary.as_deref().and_then(value) == value(beneficiary) {
        let text = format!("transfer {id} has this beneficiary already");
        return Err(Refusal::new(RefusalCode::Unfit, text));
    }
    let mut step = Step::new(transfer, to, cause).because(reason);
    step.changes.beneficiary = Some(beneficiary.to_owned());
    Ok(step)
}
