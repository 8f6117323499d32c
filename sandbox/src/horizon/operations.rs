//! What operations that move money do to the ledger, and the result each of them gets.

use stellar_xdr::{
    AccountMergeResult, Asset, CreateAccountOp, CreateAccountResult, MuxedAccount, Operation,
    OperationBody, OperationResult, OperationResultTr, PaymentOp, PaymentResult,
};

use super::account::{Account, BASE_RESERVE};
use super::check::operation_source;
use super::claimable;
use super::keys::{Key, issuer};
use super::path;
use super::settings;
use super::state::{NotGiven, NotTaken, State};

/// Where an operation stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The transaction's source.
    pub(super) source: Key,
    pub(super) sequence: i64,
    /// Its place in the transaction, from 0.
    pub(super) index: u32,
    pub(super) ledger: u32,
    /// When the ledger closes: seconds since 1970.
    pub(super) now: u64,
}

/// Money that an operation has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Movement {
    pub(super) kind: Kind,
    pub(super) from: MuxedAccount,
    /// The claimant, of a claimable balance.
    pub(super) to: MuxedAccount,
    pub(super) asset: Asset,
    /// What arrived.
    pub(super) amount: i64,
    /// What left, where that was something else.
    pub(super) sent: Option<(Asset, i64)>,
}

/// How money was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    CreateAccount,
    Payment,
    PathReceive { most: i64 },
    PathSend { least: i64 },
    Merge,
    ClaimableBalance { id: [u8; 32] },
    Claim { id: [u8; 32] },
}

/// An operation's result, and the money that it moved.
pub(super) type Done = (OperationResult, Option<Movement>);

/// Carries one operation out. What it changed before it failed is the caller's to undo.
#[expect(clippy::wildcard_enum_match_arm, reason = "the XDR's operations; the sandbox knows a few")]
pub(super) fn apply(state: &mut State, operation: &Operation, place: Place) -> Done {
    let actor = operation_source(place.source, operation);
    let from = operation.source_account.clone().unwrap_or_else(|| place.source.muxed());
    match &operation.body {
        OperationBody::CreateAccount(op) => create_account(state, actor, from, op, place),
        OperationBody::Payment(op) => pay(state, actor, from, op),
        OperationBody::PathPaymentStrictReceive(op) => path::receive(state, actor, from, op),
        OperationBody::PathPaymentStrictSend(op) => path::send(state, actor, from, op),
        OperationBody::AccountMerge(to) => merge(state, actor, from, to, place),
        OperationBody::CreateClaimableBalance(op) => {
            claimable::set_aside(state, actor, from, op, place)
        }
        OperationBody::ClaimClaimableBalance(op) => claimable::claim(state, actor, from, op, place),
        OperationBody::ChangeTrust(op) => (settings::change_trust(state, actor, op), None),
        OperationBody::SetTrustLineFlags(op) => (settings::authorize(state, actor, op), None),
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
        sent: None,
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
        sent: None,
    };
    let good = result == PaymentResult::Success;
    (OperationResult::OpInner(OperationResultTr::Payment(result)), good.then_some(moved))
}

/// Moves an amount. The network looks at the destination first.
pub(super) fn payment(
    state: &mut State,
    from: Key,
    to: Key,
    asset: &Asset,
    amount: i64,
) -> PaymentResult {
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

fn merge(
    state: &mut State,
    actor: Key,
    from: MuxedAccount,
    to: &MuxedAccount,
    place: Place,
) -> Done {
    let target = Key::from(to);
    let done = |result| (OperationResult::OpInner(OperationResultTr::AccountMerge(result)), None);
    let Some(account) = state.account(actor) else {
        return (OperationResult::OpNoAccount, None);
    };
    let (amount, subentries, sponsoring) =
        (account.native, account.subentries(), account.sponsoring);
    if target == actor {
        return done(AccountMergeResult::Malformed);
    }
    if state.account(target).is_none() {
        return done(AccountMergeResult::NoAccount);
    }
    if subentries > 0 {
        return done(AccountMergeResult::HasSubEntries);
    }
    if sponsoring > 0 {
        return done(AccountMergeResult::IsSponsor);
    }
    // An account made anew in this ledger must not use an old sequence again.
    if account.sequence >= i64::from(place.ledger) << 32 {
        return done(AccountMergeResult::SeqnumTooFar);
    }
    if state.give(target, &Asset::Native, amount).is_err() {
        return done(AccountMergeResult::DestFull);
    }
    state.put_account(actor, None);
    let (kind, to, asset) = (Kind::Merge, to.clone(), Asset::Native);
    let moved = Movement { kind, from, to, asset, amount, sent: None };
    let result = OperationResultTr::AccountMerge(AccountMergeResult::Success(amount));
    (OperationResult::OpInner(result), Some(moved))
}

/// Whether the asset's issuer is there, or it needs none.
pub(super) fn has_issuer(state: &State, asset: &Asset) -> bool {
    issuer(asset).is_none_or(|issuer| state.account(issuer).is_some())
}
