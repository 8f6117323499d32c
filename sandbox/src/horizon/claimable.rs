//! Claimable balances: money that waits for one of its claimants.

use sha2::{Digest as _, Sha256};
use stellar_xdr::{
    ClaimClaimableBalanceOp, ClaimClaimableBalanceResult, ClaimPredicate, ClaimableBalanceId,
    Claimant, ClaimantV0, CreateClaimableBalanceOp, CreateClaimableBalanceResult, Hash,
    HashIdPreimage, HashIdPreimageOperationId, Limits, MuxedAccount, OperationResult,
    OperationResultTr, SequenceNumber, VecM, WriteXdr as _,
};

use super::keys::Key;
use super::movement::{Done, Kind, Movement, Place};
use super::state::{Claimable, NotGiven, NotTaken, State};

/// Takes money from the actor and lets it wait for its claimants.
pub(super) fn set_aside(
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

/// Gives money that waits to the actor.
pub(super) fn claim(
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
    let all = |inner: VecM<ClaimPredicate, 2>| {
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
