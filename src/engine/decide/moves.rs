//! What a person's wish for a transfer comes to: a move of the table of legal moves, with what goes out or back. Pure.

use super::accept::accepted;
use super::returns::{CameIn, refund_for};
use crate::engine::{
    Action, Actor, Assets, Cause, MOVES, Move, NewRefund, Refusal, RefusalCode, Step, Transfer,
    TransferStatus, legal, released_to,
};

/// What somebody wants of a transfer.
#[derive(Debug, Clone)]
pub(crate) enum TransferWish {
    /// Nothing is done with it until it is released.
    Hold,
    /// It goes on, from a hold or a failure.
    Release,
    /// Its money goes back.
    Refund {
        /// Deposit: whom the rail pays, as JSON, where it did not tell who paid.
        beneficiary: Option<String>,
    },
    /// It gets this status, by a move that is for a person to make and has no name of its own.
    Move(TransferStatus),
}
use TransferWish as Wish;

/// The move that a person wishes for.
pub(crate) fn step<'a>(
    transfer: &'a Transfer,
    wish: &TransferWish,
    reason: &str,
) -> Result<Step<'a>, Refusal> {
    let status = transfer.status;
    let (to, cause) = match *wish {
        Wish::Hold => (TransferStatus::OnHold, Cause::Held),
        Wish::Release if status == TransferStatus::Error => (released_to(transfer), Cause::Retried),
        Wish::Release => (released_to(transfer), Cause::Released),
        Wish::Refund { .. } => (TransferStatus::PendingAnchor, Cause::RefundDecided),
        Wish::Move(to) => (to, cause_of(transfer, to)?),
    };
    let step = Step::new(transfer, to, cause);
    if legal(transfer.kind, status, to, cause).is_err() {
        let text = format!("transfer {} is {status}: {}", transfer.transfer_id, possible(transfer));
        return Err(Refusal::new(RefusalCode::WrongState, text));
    }
    Ok(step.because(reason))
}

/// Whoever lets a transfer go on accepts the amount that came for it.
pub(crate) fn go_on(step: &mut Step<'_>, assets: &Assets) -> Result<(), Refusal> {
    let is_on_its_way =
        matches!(step.to, TransferStatus::PendingAnchor | TransferStatus::PendingReceiver);
    let goes_on = is_on_its_way && step.cause != Cause::RefundDecided;
    if let (true, Some(received)) = (goes_on, &step.transfer.amount_in) {
        let (out, fee) = accepted(step.transfer, received, assets)?;
        step.changes.amount_out = Some(out);
        step.changes.amount_fee = Some(fee);
    }
    Ok(())
}

/// The moves from where the transfer stands that are for a person.
fn for_person(transfer: &Transfer) -> impl Iterator<Item = &'static Move> {
    let (kind, status) = (transfer.kind, transfer.status);
    MOVES.iter().filter(move |one| {
        one.by == Actor::Operator && one.kinds.contains(&kind) && one.from.contains(&status)
    })
}

/// The command that makes a move, where it is another than `move`: it has more to say than a status.
fn own_command(one: &Move) -> Option<String> {
    let action = one.cause.action();
    // The money waits at a counter, as the rail says: that ends nothing.
    let is_plain = action == Action::TransferMove
        || (one.cause == Cause::Resolved && one.to == TransferStatus::PendingUserTransferComplete);
    let word = action.as_str();
    (!is_plain).then(|| word.strip_prefix("transfer.").unwrap_or(word).replace('.', " "))
}

fn cause_of(transfer: &Transfer, to: TransferStatus) -> Result<Cause, Refusal> {
    let mut found = for_person(transfer).filter(|one| one.to == to && own_command(one).is_none());
    found.next().map(|one| one.cause).ok_or_else(|| {
        let text = format!(
            "transfer {} is {} and cannot simply become {to}: {}",
            transfer.transfer_id,
            transfer.status,
            possible(transfer)
        );
        Refusal::new(RefusalCode::WrongState, text)
    })
}

/// What a person can do with the transfer.
pub(crate) fn possible(transfer: &Transfer) -> String {
    let way = |one: &Move| own_command(one).unwrap_or_else(|| format!("move --to {}", one.to));
    let mut ways: Vec<String> = for_person(transfer).map(way).collect();
    ways.sort_unstable();
    ways.dedup();
    if ways.is_empty() {
        return "nothing is for a person to do; `railpoll transfers explain` tells what comes next"
            .to_owned();
    }
    format!("what can be done with it: {}", ways.join(", "))
}

/// Everything that came in goes back.
pub(crate) fn refund_of(
    transfer: &Transfer,
    assets: &Assets,
    reason: &str,
    beneficiary: Option<String>,
    refunds: u32,
) -> Result<NewRefund, Refusal> {
    let id = &transfer.transfer_id;
    let refused = |code, why: String| Refusal::new(code, format!("transfer {id}: {why}"));
    let Some(amount) = transfer.amount_in.clone() else {
        return Err(refused(
            RefusalCode::WrongState,
            "no money came in that could go back".to_owned(),
        ));
    };
    if beneficiary.is_some() && !transfer.kind.is_deposit() {
        return Err(refused(
            RefusalCode::Unfit,
            format!(
                "its money goes back on the network {}, to where it came from: --beneficiary is for deposits",
                transfer.network
            ),
        ));
    }
    let came = CameIn {
        amount,
        from: transfer.from_address.clone(),
        reference: transfer.network_reference.clone(),
        refunds,
    };
    let Some(mut refund) = refund_for(transfer, came, assets, reason.to_owned()) else {
        return Err(refused(
            RefusalCode::NotConfigured,
            format!(
                "the money came on {}, where nothing can be sent from here: send it back there; then {}",
                transfer.network,
                by_hand(transfer)
            ),
        ));
    };
    refund.beneficiary = beneficiary.or(refund.beneficiary);
    let is_known = if transfer.kind.is_deposit() {
        refund.beneficiary.is_some()
    } else {
        refund.destination.is_some()
    };
    if is_known {
        return Ok(refund);
    }
    let way_out = if transfer.kind.is_deposit() {
        format!("say whom rail {} is to pay with --beneficiary", transfer.rail)
    } else {
        format!("send it back by hand; then {}", by_hand(transfer))
    };
    Err(refused(RefusalCode::NobodyKnown, format!("nobody knows who paid: {way_out}")))
}

/// How a person says that the money was sent back by hand.
fn by_hand(transfer: &Transfer) -> String {
    let id = &transfer.transfer_id;
    let resolve = format!("`railpoll transfers resolve {id} --as refunded`");
    if legal(transfer.kind, transfer.status, TransferStatus::Refunded, Cause::Resolved).is_ok() {
        return format!("{resolve} puts it on record");
    }
    format!("`railpoll transfers hold {id}` and {resolve} put it on record")
}
