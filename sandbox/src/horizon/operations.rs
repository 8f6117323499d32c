//! What operations do to the ledger, and the result each of them gets.

use stellar_xdr::{
    Asset, CreateAccountOp, CreateAccountResult, MuxedAccount, Operation, OperationBody,
    OperationResult, OperationResultTr, PaymentOp, PaymentResult,
};

use super::account::{Account, BASE_RESERVE};
use super::envelope::operation_source;
use super::keys::Key;
use super::movement::{Done, Kind, Movement, Place};
use super::state::{NotGiven, NotTaken, State};
use super::{claimable, settings};

/// Carries one operation out. What it changed before it failed is the caller's to undo.
#[expect(clippy::wildcard_enum_match_arm, reason = "the XDR's operations; the sandbox knows a few")]
pub(super) fn apply(state: &mut State, operation: &Operation, place: Place) -> Done {
    let actor = operation_source(place.source, operation);
    let from = operation.source_account.clone().unwrap_or_else(|| place.source.muxed());
    match &operation.body {
        OperationBody::CreateAccount(op) => create_account(state, actor, from, op, place),
        OperationBody::Payment(op) => pay(state, actor, from, op),
        OperationBody::CreateClaimableBalance(op) => {
            claimable::set_aside(state, actor, from, op, place)
        }
        OperationBody::ClaimClaimableBalance(op) => claimable::claim(state, actor, from, op),
        OperationBody::ChangeTrust(op) => (settings::change_trust(state, actor, op), None),
        OperationBody::SetOptions(op) => (settings::set_options(state, actor, op), None),
        OperationBody::BumpSequence(op) => (settings::bump_sequence(state, actor, op, place), None),
        _ => (OperationResult::OpNotSupported, None),
    }
}

fn create_account(
    state: &mut State,
    actor: Key,
    from: MuxedAccount,
    op: &CreateAccountOp,
    place: Place,
) -> Done {
    let to = Key::from(&op.destination);
    let result = if state.account(to).is_some() {
        CreateAccountResult::AlreadyExist
    } else if op.starting_balance < 2 * BASE_RESERVE {
        CreateAccountResult::LowReserve
    } else if state.take(actor, &Asset::Native, op.starting_balance).is_err() {
        CreateAccountResult::Underfunded
    } else {
        state.put_account(to, Some(Account::new(op.starting_balance, place.ledger)));
        CreateAccountResult::Success
    };
    let moved = Movement {
        kind: Kind::CreateAccount,
        from,
        to: to.muxed(),
        asset: Asset::Native,
        amount: op.starting_balance,
    };
    let good = result == CreateAccountResult::Success;
    (OperationResult::OpInner(OperationResultTr::CreateAccount(result)), good.then_some(moved))
}

fn pay(state: &mut State, actor: Key, from: MuxedAccount, op: &PaymentOp) -> Done {
    let result = payment(state, actor, Key::from(&op.destination), &op.asset, op.amount);
    let moved = Movement {
        kind: Kind::Payment,
        from,
        to: op.destination.clone(),
        asset: op.asset.clone(),
        amount: op.amount,
    };
    let good = result == PaymentResult::Success;
    (OperationResult::OpInner(OperationResultTr::Payment(result)), good.then_some(moved))
}

/// Moves an amount. The network looks at the destination first.
fn payment(state: &mut State, from: Key, to: Key, asset: &Asset, amount: i64) -> PaymentResult {
    if state.account(to).is_none() {
        return PaymentResult::NoDestination;
    }
    if from == to && *asset == Asset::Native {
        return PaymentResult::Success;
    }
    match state.give(to, asset, amount) {
        Ok(()) => {}
        Err(NotGiven::NoDestination) => return PaymentResult::NoDestination,
        Err(NotGiven::NoTrust) => return PaymentResult::NoTrust,
        Err(NotGiven::NotAuthorized) => return PaymentResult::NotAuthorized,
        Err(NotGiven::LineFull) => return PaymentResult::LineFull,
    }
    match state.take(from, asset, amount) {
        Ok(()) => PaymentResult::Success,
        Err(NotTaken::NoTrust) => PaymentResult::SrcNoTrust,
        Err(NotTaken::NotAuthorized) => PaymentResult::SrcNotAuthorized,
        Err(NotTaken::Underfunded) => PaymentResult::Underfunded,
    }
}
