//! Money that an asset's policy sends back: the refund that goes with the step. Pure, but for its new name.

use serde_json::{Value, json};
use uuid::Uuid;

use super::assets::Assets;
use crate::engine::{Cause, Memo, Step};
use crate::store::NewRefund;

/// The refund that `step` needs, whose name it is given. None if its money stays.
pub(super) fn refund_of(step: &mut Step<'_>, assets: &Assets) -> Option<NewRefund> {
    if step.cause != Cause::ArrivalReturned {
        return None;
    }
    let transfer = step.transfer;
    let amount = step.changes.amount_in.clone()?;
    let from = step.changes.from_address.clone();
    let (place, asset, memo, beneficiary) = if transfer.kind.is_deposit() {
        let beneficiary = from.as_deref().map(payer);
        (transfer.rail.clone(), transfer.currency.clone(), None, beneficiary)
    } else {
        let asset = assets.of_transfer(transfer)?.on_network.to_string();
        let memo = step.changes.network_reference.as_deref().and_then(return_of);
        (transfer.network.clone(), asset, memo, None)
    };
    let refund_id = Uuid::new_v4().to_string();
    step.changes.refund_id = Some(refund_id.clone());
    Some(NewRefund {
        refund_id,
        transfer_id: Some(transfer.transfer_id.clone()),
        incoming: None,
        place,
        amount,
        asset,
        destination: from,
        memo,
        beneficiary,
        reason: step.changes.message.clone().unwrap_or_else(|| "by the asset's policy".to_owned()),
    })
}

/// The memo that says whose money goes back: the hash of the transaction that brought it.
fn return_of(hash: &str) -> Option<Memo> {
    Memo::parse("return", hash).ok()
}

/// Who paid, as a rail's beneficiary: what it told, if that is JSON, or else the account by the name that it gave.
fn payer(from: &str) -> String {
    match serde_json::from_str(from) {
        Ok(Value::Object(fields)) => Value::Object(fields),
        Ok(_) | Err(_) if from.starts_with("payto://") => json!({ "payto": from }),
        Ok(_) | Err(_) => json!({ "account": from }),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_paid_can_be_paid_back() {
        assert_eq!(payer("DE02"), r#"{"account":"DE02"}"#);
        assert_eq!(payer("payto://iban/DE02"), r#"{"payto":"payto://iban/DE02"}"#);
        assert_eq!(payer(r#"{"iban":"DE02"}"#), r#"{"iban":"DE02"}"#);
        assert_eq!(payer("12345"), r#"{"account":"12345"}"#);
    }

    #[test]
    fn what_goes_back_names_what_brought_it() {
        let hash = "ab".repeat(32);
        assert_eq!(return_of(&hash), Some(Memo::Return([0xab; 32])));
        assert_eq!(return_of("7"), None);
    }
}
