//! Money that goes back: the refund, as the place where it goes out takes it. Pure.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::engine::{
    About, Amount, Assets, Cause, Incoming, Memo, NewRefund, Step, Transfer, TransferStatus,
    asset_of,
};

/// Money that came in for a transfer.
#[derive(Debug, Clone)]
pub(crate) struct CameIn {
    /// How much.
    pub(crate) amount: Amount,
    /// Who paid, as the rail or the network told it.
    pub(crate) from: Option<String>,
    /// What brought it, on a network: the transaction's hash.
    pub(crate) reference: Option<String>,
    /// How many refunds of it were decided on before.
    pub(crate) refunds: u32,
}

/// The transfers whose money goes back with these steps by their assets' policies.
pub(crate) fn returned<'a>(steps: impl Iterator<Item = &'a Step<'a>>) -> Vec<String> {
    let are_returned = steps.filter(|step| step.cause == Cause::ArrivalReturned);
    are_returned.map(|step| step.transfer.transfer_id.clone()).collect()
}

/// The refund that `step` needs by its asset's policy, whose name it is given. None if its money stays. So many refunds of
/// each transfer were decided on `before`.
pub(crate) fn refund_of(
    step: &mut Step<'_>,
    assets: &Assets,
    before: &HashMap<String, u32>,
) -> Option<NewRefund> {
    if step.cause != Cause::ArrivalReturned {
        return None;
    }
    let changes = &step.changes;
    let came = CameIn {
        amount: changes.amount_in.clone()?,
        from: changes.from_address.clone(),
        reference: changes.network_reference.clone(),
        refunds: before.get(&step.transfer.transfer_id).copied().unwrap_or(0),
    };
    let reason = changes.message.clone().unwrap_or_else(|| "by the asset's policy".to_owned());
    let refund = refund_for(step.transfer, came, assets, reason.clone());
    let Some(refund) = refund.filter(names_somebody) else {
        // Ordered to nobody it would go astray, or come back without a word.
        hold(step, &reason);
        return None;
    };
    step.changes.refund_id = Some(refund.refund_id.clone());
    Some(refund)
}

/// Whether a refund says who gets it.
fn names_somebody(refund: &NewRefund) -> bool {
    refund.beneficiary.is_some() || refund.destination.is_some()
}

/// What nobody knows whom to send back to waits for a person.
fn hold(step: &mut Step<'_>, reason: &str) {
    let id = &step.transfer.transfer_id;
    let way_out = if step.transfer.kind.is_deposit() {
        format!("`railpoll transfers refund {id} --beneficiary JSON` names one")
    } else {
        format!("send it back by hand, and say so: `railpoll transfers resolve {id} --as refunded`")
    };
    step.to = TransferStatus::OnHold;
    step.cause = Cause::ArrivalHeld;
    step.changes.message =
        Some(format!("{reason}; it is to go back, and nobody knows to whom: {way_out}"));
}

/// The refund of what came in for `transfer`: a deposit's on its rail, the others' on their network. None if its asset
/// is not on a network that we send on.
pub(crate) fn refund_for(
    transfer: &Transfer,
    came: CameIn,
    assets: &Assets,
    reason: String,
) -> Option<NewRefund> {
    let about = About::Transfer(&transfer.transfer_id);
    let transfer_id = Some(transfer.transfer_id.clone());
    Some(if transfer.kind.is_deposit() {
        let place = (transfer.rail.clone(), transfer.currency.clone());
        NewRefund { transfer_id, ..on_rail(about, place, came, reason) }
    } else {
        let asset = asset_of(assets, transfer)?.code.clone();
        let place = (transfer.network.clone(), asset);
        NewRefund { transfer_id, ..on_network(about, place, came, reason) }
    })
}

/// The refund of an incoming payment that belongs to no transfer, to where it came from. So many `refunds` of it were
/// decided on before.
pub(crate) fn refund_of_incoming(
    incoming: &Incoming,
    is_on_rail: bool,
    refunds: u32,
    reason: String,
) -> NewRefund {
    let came = CameIn {
        amount: incoming.amount.clone(),
        from: incoming.from.clone(),
        reference: Some(incoming.reference.clone()),
        refunds,
    };
    let about = About::Incoming { source: &incoming.source, id: &incoming.incoming_id };
    let place = (incoming.source.clone(), incoming.asset.clone());
    if is_on_rail {
        on_rail(about, place, came, reason)
    } else {
        on_network(about, place, came, reason)
    }
}

/// Where money goes back, and what it is there.
type Place = (String, String);

fn on_rail(about: About<'_>, place: Place, came: CameIn, reason: String) -> NewRefund {
    let beneficiary = came.from.as_deref().map(payer);
    NewRefund { beneficiary, ..plain(about, place, came, reason) }
}

fn on_network(about: About<'_>, place: Place, came: CameIn, reason: String) -> NewRefund {
    let memo = came.reference.as_deref().and_then(return_of);
    NewRefund { memo, ..plain(about, place, came, reason) }
}

fn plain(about: About<'_>, (place, asset): Place, came: CameIn, reason: String) -> NewRefund {
    NewRefund {
        refund_id: about.refund_id(came.refunds.saturating_add(1)),
        transfer_id: None,
        incoming: None,
        place,
        amount: came.amount,
        asset,
        destination: came.from,
        memo: None,
        beneficiary: None,
        reason,
    }
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
    use crate::engine::TransferKind;
    use crate::engine::decide::fixtures::{amount, assets, now, transfer};

    #[test]
    fn what_nobody_can_be_paid_back_is_held() {
        let waiting = transfer(TransferKind::Deposit, TransferStatus::PendingExternal);
        for (from, goes_back) in [(Some("DE02"), true), (None, false)] {
            let mut step =
                Step::new(&waiting, TransferStatus::PendingAnchor, Cause::ArrivalReturned);
            step.changes.amount_in = Some(amount("7"));
            step.changes.from_address = from.map(str::to_owned);
            let refund = refund_of(&mut step, &assets(), &HashMap::new());
            assert_eq!(refund.is_some(), goes_back);
            assert_eq!(step.changes.refund_id.is_some(), goes_back);
            assert_eq!(step.to == TransferStatus::OnHold, !goes_back);
            assert!(step.taken(now()).is_ok(), "{from:?}");
        }
    }

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
