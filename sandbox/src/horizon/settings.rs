//! What operations that set up accounts do to the ledger.

use stellar_xdr::{
    Asset, BumpSequenceOp, BumpSequenceResult, ChangeTrustAsset, ChangeTrustOp, ChangeTrustResult,
    OperationResult, OperationResultTr, SetOptionsOp, SetOptionsResult, SignerKey, Uint256,
};

use super::account::{Account, Line};
use super::keys::{Key, issuer};
use super::movement::Place;
use super::state::State;

const MOST_SIGNERS: usize = 20;

/// Opens, changes or closes a trustline.
pub(super) fn change_trust(state: &mut State, actor: Key, op: &ChangeTrustOp) -> OperationResult {
    OperationResult::OpInner(OperationResultTr::ChangeTrust(trust(state, actor, op)))
}

fn trust(state: &mut State, actor: Key, op: &ChangeTrustOp) -> ChangeTrustResult {
    let asset = match &op.line {
        ChangeTrustAsset::CreditAlphanum4(asset) => Asset::CreditAlphanum4(asset.clone()),
        ChangeTrustAsset::CreditAlphanum12(asset) => Asset::CreditAlphanum12(asset.clone()),
        ChangeTrustAsset::Native | ChangeTrustAsset::PoolShare(_) => {
            return ChangeTrustResult::Malformed;
        }
    };
    if issuer(&asset) == Some(actor) {
        return ChangeTrustResult::SelfNotAllowed;
    }
    let issuer = issuer(&asset).and_then(|issuer| state.account(issuer));
    let has_issuer = issuer.is_some();
    let authorized = issuer.is_none_or(|issuer| !issuer.auth_required);
    let Some(account) = state.account_mut(actor) else {
        return ChangeTrustResult::TrustLineMissing;
    };
    if let Some(line) = account.lines.get_mut(&asset) {
        if op.limit < line.balance {
            return ChangeTrustResult::InvalidLimit;
        }
        if op.limit == 0 {
            account.lines.remove(&asset);
        } else if has_issuer {
            line.limit = op.limit;
        } else {
            return ChangeTrustResult::NoIssuer;
        }
        return ChangeTrustResult::Success;
    }
    if op.limit == 0 {
        return ChangeTrustResult::InvalidLimit;
    }
    if !has_issuer {
        return ChangeTrustResult::NoIssuer;
    }
    if !account.affords(1) {
        return ChangeTrustResult::LowReserve;
    }
    account.lines.insert(asset, Line { balance: 0, limit: op.limit, authorized });
    ChangeTrustResult::Success
}

/// Changes signers and thresholds. Flags are the sandbox's to set.
pub(super) fn set_options(state: &mut State, actor: Key, op: &SetOptionsOp) -> OperationResult {
    if op.set_flags.is_some() || op.clear_flags.is_some() {
        return OperationResult::OpNotSupported;
    }
    let result = match state.account_mut(actor) {
        Some(account) => options(account, actor, op),
        None => return OperationResult::OpNoAccount,
    };
    OperationResult::OpInner(OperationResultTr::SetOptions(result))
}

fn options(account: &mut Account, actor: Key, op: &SetOptionsOp) -> SetOptionsResult {
    let weights = [op.master_weight, op.low_threshold, op.med_threshold, op.high_threshold];
    if weights.iter().flatten().any(|weight| *weight > 255) {
        return SetOptionsResult::ThresholdOutOfRange;
    }
    let [low, medium, high] = account.thresholds;
    account.master_weight = op.master_weight.unwrap_or(account.master_weight);
    account.thresholds = [
        op.low_threshold.unwrap_or(low),
        op.med_threshold.unwrap_or(medium),
        op.high_threshold.unwrap_or(high),
    ];
    let Some(signer) = &op.signer else { return SetOptionsResult::Success };
    if signer.weight > 255 || signer.key == SignerKey::Ed25519(Uint256(actor.0)) {
        return SetOptionsResult::BadSigner;
    }
    if signer.weight == 0 {
        return match account.signers.remove(&signer.key) {
            Some(_) => SetOptionsResult::Success,
            None => SetOptionsResult::BadSigner,
        };
    }
    if !account.signers.contains_key(&signer.key) {
        if account.signers.len() >= MOST_SIGNERS {
            return SetOptionsResult::TooManySigners;
        }
        if !account.affords(1) {
            return SetOptionsResult::LowReserve;
        }
    }
    account.signers.insert(signer.key.clone(), signer.weight);
    SetOptionsResult::Success
}

/// Moves a sequence forward.
pub(super) fn bump_sequence(
    state: &mut State,
    actor: Key,
    op: &BumpSequenceOp,
    place: Place,
) -> OperationResult {
    let Some(account) = state.account_mut(actor) else { return OperationResult::OpNoAccount };
    let result = if op.bump_to.0 < 0 {
        BumpSequenceResult::BadSeq
    } else {
        account.sequence = account.sequence.max(op.bump_to.0);
        account.sequence_ledger = place.ledger;
        account.sequence_time = place.now;
        BumpSequenceResult::Success
    };
    OperationResult::OpInner(OperationResultTr::BumpSequence(result))
}
