//! What operations that move money do to the ledger, and the result each of them gets.

use sha2::{Digest as _, Sha256};
use stellar_xdr::{
    AccountMergeResult, Asset, ClaimClaimableBalanceOp, ClaimClaimableBalanceResult,
    ClaimPredicate, ClaimableBalanceId, Claimant, ClaimantV0, CreateAccountOp, CreateAccountResult,
    CreateClaimableBalanceOp, CreateClaimableBalanceResult, Hash, HashIdPreimage,
    HashIdPreimageOperationId, Limits, MuxedAccount, Operation, OperationBody, OperationResult,
    OperationResultTr, PaymentOp, PaymentResult, SequenceNumber, WriteXdr as _,
};

use super::account::{Account, BASE_RESERVE};
use super::check::operation_source;
use super::keys::{Key, issuer};
use super::path;
use super::settings;
use super::state::{Claimable, NotGiven, NotTaken, State};

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
        OperationBody::CreateClaimableBalance(op) => set_aside(state, actor, from, op, place),
        OperationBody::ClaimClaimableBalance(op) => claim(state, actor, from, op, place),
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

fn set_aside(
    state: &mut State,
    actor: Key,
    from: MuxedAccount,
    op: &CreateClaimableBalanceOp,
    place: Place,
) -> Done {
    let id = balance_id(place);
    let entries = u32::try_from(op.claimants.len()).unwrap_or(u32::MAX);
    let result = if !state.account(actor).is_some_and(|account| account.affords(entries.into())) {
        CreateClaimableBalanceResult::LowReserve
    } else {
        match state.take(actor, &op.asset, op.amount) {
            Ok(()) => CreateClaimableBalanceResult::Success(
                ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash(id)),
            ),
            Err(NotTaken::NoTrust) => CreateClaimableBalanceResult::NoTrust,
            Err(NotTaken::NotAuthorized) => CreateClaimableBalanceResult::NotAuthorized,
            Err(NotTaken::Underfunded) => CreateClaimableBalanceResult::Underfunded,
        }
    };
    let good = matches!(result, CreateClaimableBalanceResult::Success(_));
    if good {
        if let Some(account) = state.account_mut(actor) {
            account.sponsoring += entries;
        }
        let claimable = Claimable {
            asset: op.asset.clone(),
            amount: op.amount,
            claimants: op.claimants.iter().map(|claimant| settled(claimant, place.now)).collect(),
            sponsor: actor,
            ledger: place.ledger,
        };
        state.put_claimable(id, Some(claimable));
    }
    let moved =
        op.claimants.first().filter(|_| good).map(|Claimant::ClaimantTypeV0(claimant)| Movement {
            kind: Kind::ClaimableBalance { id },
            from,
            to: Key::from(&claimant.destination).muxed(),
            asset: op.asset.clone(),
            amount: op.amount,
            sent: None,
        });
    (OperationResult::OpInner(OperationResultTr::CreateClaimableBalance(result)), moved)
}

/// The id of the balance that the operation at this place makes.
pub(super) fn balance_id(place: Place) -> [u8; 32] {
    let preimage = HashIdPreimage::OpId(HashIdPreimageOperationId {
        source_account: place.source.account_id(),
        seq_num: SequenceNumber(place.sequence),
        op_num: place.index,
    });
    // XDR of numbers and a key cannot fail.
    Sha256::digest(preimage.to_xdr(Limits::none()).unwrap_or_default()).into()
}

fn claim(
    state: &mut State,
    actor: Key,
    from: MuxedAccount,
    op: &ClaimClaimableBalanceOp,
    place: Place,
) -> Done {
    let ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash(id)) = op.balance_id;
    let done =
        |result| (OperationResult::OpInner(OperationResultTr::ClaimClaimableBalance(result)), None);
    let Some(claimable) = state.claimable(&id).cloned() else {
        return done(ClaimClaimableBalanceResult::DoesNotExist);
    };
    let may = claimable.claimants.iter().any(|Claimant::ClaimantTypeV0(claimant)| {
        Key::from(&claimant.destination) == actor && holds(&claimant.predicate, place.now)
    });
    if !may {
        return done(ClaimClaimableBalanceResult::CannotClaim);
    }
    match state.give(actor, &claimable.asset, claimable.amount) {
        Ok(()) => {}
        Err(NotGiven::NoTrust | NotGiven::NoDestination) => {
            return done(ClaimClaimableBalanceResult::NoTrust);
        }
        Err(NotGiven::NotAuthorized) => return done(ClaimClaimableBalanceResult::NotAuthorized),
        Err(NotGiven::LineFull) => return done(ClaimClaimableBalanceResult::LineFull),
    }
    if let Some(sponsor) = state.account_mut(claimable.sponsor) {
        let entries = u32::try_from(claimable.claimants.len()).unwrap_or(0);
        sponsor.sponsoring = sponsor.sponsoring.saturating_sub(entries);
    }
    state.put_claimable(id, None);
    let moved = Movement {
        kind: Kind::Claim { id },
        from: claimable.sponsor.muxed(),
        to: from,
        asset: claimable.asset,
        amount: claimable.amount,
        sent: None,
    };
    (done(ClaimClaimableBalanceResult::Success).0, Some(moved))
}

/// Whether a predicate holds. A relative time is one that was made absolute.
fn holds(predicate: &ClaimPredicate, now: u64) -> bool {
    match predicate {
        ClaimPredicate::Unconditional => true,
        ClaimPredicate::And(both) => both.iter().all(|one| holds(one, now)),
        ClaimPredicate::Or(either) => either.iter().any(|one| holds(one, now)),
        ClaimPredicate::Not(inner) => inner.as_ref().is_some_and(|inner| !holds(inner, now)),
        ClaimPredicate::BeforeAbsoluteTime(at) | ClaimPredicate::BeforeRelativeTime(at) => {
            u64::try_from(*at).is_ok_and(|at| now < at)
        }
    }
}

fn settled(Claimant::ClaimantTypeV0(claimant): &Claimant, now: u64) -> Claimant {
    let predicate = absolute(claimant.predicate.clone(), now);
    Claimant::ClaimantTypeV0(ClaimantV0 { predicate, ..claimant.clone() })
}

/// The same predicate with times that do not depend on when the balance was made.
fn absolute(predicate: ClaimPredicate, now: u64) -> ClaimPredicate {
    let all = |inner: stellar_xdr::VecM<ClaimPredicate, 2>| {
        let made: Vec<_> = Vec::from(inner).into_iter().map(|one| absolute(one, now)).collect();
        made.try_into().unwrap_or_default()
    };
    match predicate {
        ClaimPredicate::And(both) => ClaimPredicate::And(all(both)),
        ClaimPredicate::Or(either) => ClaimPredicate::Or(all(either)),
        ClaimPredicate::Not(inner) => {
            ClaimPredicate::Not(inner.map(|inner| Box::new(absolute(*inner, now))))
        }
        ClaimPredicate::BeforeRelativeTime(after) => ClaimPredicate::BeforeAbsoluteTime(
            i64::try_from(now).unwrap_or(i64::MAX).saturating_add(after),
        ),
        ClaimPredicate::Unconditional | ClaimPredicate::BeforeAbsoluteTime(_) => predicate,
    }
}

/// Whether the asset's issuer is there, or it needs none.
pub(super) fn has_issuer(state: &State, asset: &Asset) -> bool {
    issuer(asset).is_none_or(|issuer| state.account(issuer).is_some())
}
