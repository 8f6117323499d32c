//! How much goes out, where nobody has said so yet.

use super::Paying;
use crate::engine::{
    Assets, Cause, Policy, Settled, Step, Terms, Transfer, TransferStatus, no_rail, settle_amounts,
};
use crate::jobs::frame::round::Round;
use crate::store::{Settlement, StoreError};

impl Paying {
    /// Settles the amounts of transfers that a person has let go on, by the fees of their assets. What cannot be
    /// settled waits for a person.
    pub(super) async fn settle(&self, round: &Round<'_>) -> Result<(), StoreError> {
        let transfers =
            round.store.unsettled_transfers(self.rail_name(), self.options.batch_size).await?;
        let (mut settled, mut held) = (Vec::new(), Vec::new());
        for transfer in &transfers {
            match settlement(transfer, &self.options.assets) {
                Ok(settlement) => settled.push(settlement),
                Err(why) => {
                    let step = Step::new(transfer, TransferStatus::OnHold, Cause::PayoutHeld);
                    held.push(step.because(why));
                }
            }
        }
        round.store.settle_transfers(round.lease, &settled).await?;
        round.store.move_transfers(round.lease, &held, &[], round.now()).await.map(drop)
    }
}

/// What goes out and what we keep, or why nobody can tell.
pub(super) fn settlement(transfer: &Transfer, assets: &Assets) -> Result<Settlement, String> {
    if transfer.kind.is_exchange() {
        return Err(
            "an exchange has no price but the agreed one: amount_out and amount_fee are missing"
                .to_owned(),
        );
    }
    let Some(received) = &transfer.amount_in else {
        return Err("nobody has said how much came in: amount_in is missing".to_owned());
    };
    let Some(asset) = assets.get(&transfer.asset) else {
        let name = &transfer.asset;
        return Err(format!(
            "amount_out is missing, and no asset {name:?} is configured that would tell the fee"
        ));
    };
    let terms = asset
        .terms(transfer.kind)
        .ok_or_else(|| format!("amount_out is missing, and {}", no_rail(&asset.name)))?;
    // Whoever let it go on has accepted what came.
    let terms = Terms { underpayment: Policy::Accept, overpayment: Policy::Accept, ..terms };
    match settle_amounts(&terms, received, None, None) {
        Settled::Accept { out, fee } => Ok(Settlement {
            transfer_id: transfer.transfer_id.clone(),
            version: transfer.version,
            out,
            fee,
        }),
        Settled::Refund(why) | Settled::Hold(why) => Err(why),
    }
}
