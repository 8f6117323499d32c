//! Claimable balances: money that waits for one of its claimants.

use sha2::{Digest as _, Sha256};
use stellar_xdr::{
    ClaimClaimableBalanceOp, ClaimClaimableBalanceResult, ClaimPredicate, ClaimableBalanceId,
    Claimant, CreateClaimableBalanceOp, CreateClaimableBalanceResult, Hash, HashIdPreimage,
    HashIdPreimageOperationId, Limits, MuxedAccount, OperationResult, OperationResultTr,
    SequenceNumber, WriteXdr as _,
};

use super::keys::Key;
use super::movement::{Done, Kind, Movement, Place};
use super::state::{Claimable, NotGiven, NotTaken, State};

/// Takes money from the actor and lets it wait for its claimants, who may claim it whenever they like: other predicates
/// are not known here.
pub(super) fn set_aside(
    state: &mut State,
    actor: Key,
    from: MuxedAccount,
    op: &CreateClaimableBalanceOp,
    place: Place,
) -> Done {
    let is_plain = |Claimant::ClaimantTypeV0(claimant): &Claimant| {
        claimant.predicate == ClaimPredicate::Unconditional
    };
    if !op.claimants.iter().all(is_plain) {
        return (OperationResult::OpNotSupported, None);
    }
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
            claimants: op.claimants.iter().map(claimant).collect(),
            sponsor: actor,
            ledger: place.ledger,
        };
        state.put_claimable(id, Some(claimable));
    }
    let moved = op.claimants.first().filter(|_| good).map(|first| Movement {
        kind: Kind::ClaimableBalance { id },
        from,
        to: claimant(first).muxed(),
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
) -> Done {
    let ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash(id)) = op.balance_id;
    let done =
        |result| (OperationResult::OpInner(OperationResultTr::ClaimClaimableBalance(result)), None);
    let Some(claimable) = state.claimable(&id).cloned() else {
        return done(ClaimClaimableBalanceResult::DoesNotExist);
    };
    if !claimable.claimants.contains(&actor) {
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

fn claimant(Claimant::ClaimantTypeV0(claimant): &Claimant) -> Key {
    Key::from(&claimant.destination)
}
