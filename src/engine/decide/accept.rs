//! What goes out for money that a person accepts, whatever amount was expected. Pure.

use crate::engine::{
    Amount, Assets, Refusal, RefusalCode, Settled, Transfer, no_rail, settle_amounts,
};

/// What goes out for `received`, and what we keep. What was agreed for just this amount stays; else the asset's fee is
/// taken. An exchange has a price for the expected amount only.
///
/// # Errors
/// It cannot be accepted.
pub(crate) fn accepted(
    transfer: &Transfer,
    received: &Amount,
    assets: &Assets,
) -> Result<(Amount, Amount), Refusal> {
    let id = &transfer.transfer_id;
    let agreed = transfer.amount_out.clone().zip(transfer.amount_fee.clone());
    if transfer.kind.is_exchange() {
        let is_expected = transfer.amount_expected.as_ref() == Some(received);
        return agreed.filter(|_| is_expected).ok_or_else(|| {
            let text = format!("transfer {id} is an exchange with a price for another amount than {received}: send it back");
            Refusal::new(RefusalCode::Unfit, text)
        });
    }
    if let Some((out, fee)) = agreed.filter(|(out, fee)| out.plus(fee) == *received) {
        return Ok((out, fee));
    }
    let asset = assets.get(&transfer.asset).ok_or_else(|| {
        let text =
            format!("the asset {} of transfer {id} is not in the configuration", transfer.asset);
        Refusal::new(RefusalCode::NotConfigured, text)
    })?;
    let terms = asset.terms(transfer.kind).ok_or_else(|| {
        let text = format!("transfer {id}: {}", no_rail(&asset.name));
        Refusal::new(RefusalCode::NotConfigured, text)
    })?;
    match settle_amounts(&terms, received, None, None) {
        Settled::Accept { out, fee } => Ok((out, fee)),
        Settled::Refund(why) | Settled::Hold(why) => {
            let text = format!("transfer {id}: {why}: nothing would go out");
            Err(Refusal::new(RefusalCode::Unfit, text))
        }
    }
}
