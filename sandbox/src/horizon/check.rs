//! Whether a transaction may go into the next ledger, in the order in which stellar-core looks.

use stellar_xdr::{
    ChangeTrustAsset, ClaimClaimableBalanceResult, CreateAccountResult,
    CreateClaimableBalanceResult, Hash, InnerTransactionResult, InnerTransactionResultExt,
    InnerTransactionResultPair, InnerTransactionResultResult as Inner, Limits, Operation,
    OperationBody, OperationResult, OperationResultTr, PaymentResult, ReadXdr as _,
    TransactionResult, TransactionResultExt, TransactionResultResult as Outer, WriteXdr as _,
};

use super::account::Level;
use super::envelope::{Envelope, operation_source};
use super::keys::Key;
use super::signatures::Signatures;
use super::state::State;

/// Stroops per operation that every ledger asks for.
pub(super) const BASE_FEE: i64 = 100;

/// Which signatures were found to be whose; of the transaction, and of the fee bump.
#[derive(Debug, Clone, Default)]
pub(super) struct Proven {
    pub(super) inner: Vec<Option<Key>>,
    pub(super) bump: Vec<Option<Key>>,
}

/// What a transaction is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Seconds since 1970.
    pub(super) now: u64,
    /// Stroops per operation.
    pub(super) min_fee: i64,
}

/// `Err` is the result that the network would give.
pub(super) fn check(
    state: &State,
    envelope: &Envelope,
    proven: &mut Proven,
    terms: Terms,
) -> Result<(), Box<TransactionResult>> {
    let least = terms.min_fee.saturating_mul(envelope.priced_operations());
    if let Some(bump) = &envelope.bump {
        let inner_fee =
            i128::from(envelope.transaction.fee) * i128::from(envelope.priced_operations());
        let outer_fee = i128::from(bump.fee) * i128::from(envelope.priced_operations() - 1);
        if bump.fee < least || outer_fee < inner_fee {
            return Err(outer(least, Outer::TxInsufficientFee));
        }
        let Some(account) = state.account(bump.source) else {
            return Err(outer(0, Outer::TxNoAccount));
        };
        let mut signatures = Signatures::new(&bump.hash, &bump.signatures, &mut proven.bump);
        if !signatures.meet(bump.source, account, Level::Low) {
            return Err(outer(0, Outer::TxBadAuth));
        }
        if account.spendable() < bump.fee {
            return Err(outer(0, Outer::TxInsufficientBalance));
        }
        if !signatures.all_used() {
            return Err(outer(0, Outer::TxBadAuthExtra));
        }
    }
    check_inner(state, envelope, &mut proven.inner, terms)
        .map_err(|(fee, result)| Box::new(whole(envelope, fee, result)))
}

fn check_inner(
    state: &State,
    envelope: &Envelope,
    proven: &mut Vec<Option<Key>>,
    terms: Terms,
) -> Result<(), (i64, Inner)> {
    let bad = |result| Err((0, result));
    let operations = envelope.transaction.operations.as_slice();
    if operations.is_empty() {
        return bad(Inner::TxMissingOperation);
    }
    if let Some(bounds) = envelope.time_bounds() {
        if bounds.min_time.0 > terms.now {
            return bad(Inner::TxTooEarly);
        }
        if bounds.max_time.0 != 0 && bounds.max_time.0 < terms.now {
            return bad(Inner::TxTooLate);
        }
    }
    let least = terms.min_fee.saturating_mul(envelope.priced_operations());
    if envelope.bump.is_none() && envelope.bid() < least {
        return Err((least, Inner::TxInsufficientFee));
    }
    let source = envelope.source();
    let Some(account) = state.account(source) else { return bad(Inner::TxNoAccount) };
    if account.sequence.checked_add(1) != Some(envelope.sequence()) {
        return bad(Inner::TxBadSeq);
    }
    let mut signatures = Signatures::new(&envelope.inner_hash, &envelope.signatures, proven);
    if !signatures.meet(source, account, Level::Low) {
        return bad(Inner::TxBadAuth);
    }
    if envelope.bump.is_none() && account.spendable() < envelope.bid() {
        return bad(Inner::TxInsufficientBalance);
    }
    if let Some(results) =
        check_operations(state, source, operations, &mut signatures, Missing::MayAppear)
    {
        return bad(Inner::TxFailed(results.try_into().unwrap_or_default()));
    }
    if !signatures.all_used() {
        return bad(Inner::TxBadAuthExtra);
    }
    Ok(())
}

/// What it means that an operation's source does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// An earlier operation may make it: its own key has to have signed.
    MayAppear,
    /// It is needed now.
    Fails,
}

/// The results of all operations, if one of them cannot go ahead.
fn check_operations(
    state: &State,
    source: Key,
    operations: &[Operation],
    signatures: &mut Signatures<'_>,
    missing: Missing,
) -> Option<Vec<OperationResult>> {
    let found: Vec<Option<OperationResult>> = operations
        .iter()
        .map(|operation| {
            check_authority(state, source, operation, signatures, missing)
                .or_else(|| malformed(operation_source(source, operation), operation))
        })
        .collect();
    if found.iter().all(Option::is_none) {
        return None;
    }
    // An operation that is well is told as a success that did nothing yet.
    Some(
        found
            .into_iter()
            .zip(operations)
            .map(|(found, op)| found.unwrap_or_else(|| fine(op)))
            .collect(),
    )
}

/// Whether the operation's source has signed for it with enough weight.
pub(super) fn check_authority(
    state: &State,
    source: Key,
    operation: &Operation,
    signatures: &mut Signatures<'_>,
    missing: Missing,
) -> Option<OperationResult> {
    let actor = operation_source(source, operation);
    let signed = match state.account(actor) {
        Some(account) => signatures.meet(actor, account, level(&operation.body)),
        None if missing == Missing::Fails => return Some(OperationResult::OpNoAccount),
        None if operation.source_account.is_none() => return Some(OperationResult::OpNoAccount),
        None => signatures.meet_without_account(actor),
    };
    (!signed).then_some(OperationResult::OpBadAuth)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the XDR's operations; most need the same")]
fn level(body: &OperationBody) -> Level {
    match body {
        OperationBody::SetOptions(op) => {
            let weighty = op.master_weight.is_some()
                || op.low_threshold.is_some()
                || op.med_threshold.is_some()
                || op.high_threshold.is_some()
                || op.signer.is_some();
            if weighty { Level::High } else { Level::Medium }
        }
        OperationBody::BumpSequence(_) | OperationBody::ClaimClaimableBalance(_) => Level::Low,
        _ => Level::Medium,
    }
}

/// What can be said of an operation without looking at the ledger.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the XDR's operations; the rest is not judged here"
)]
fn malformed(source: Key, operation: &Operation) -> Option<OperationResult> {
    let (bad, result) = match &operation.body {
        OperationBody::Payment(op) => {
            (op.amount <= 0, OperationResultTr::Payment(PaymentResult::Malformed))
        }
        OperationBody::CreateAccount(op) => (
            op.starting_balance < 0 || Key::from(&op.destination) == source,
            OperationResultTr::CreateAccount(CreateAccountResult::Malformed),
        ),
        OperationBody::CreateClaimableBalance(op) => (
            op.amount <= 0 || op.claimants.is_empty(),
            OperationResultTr::CreateClaimableBalance(CreateClaimableBalanceResult::Malformed),
        ),
        OperationBody::ChangeTrust(op) => (
            op.limit < 0 || matches!(op.line, ChangeTrustAsset::Native),
            OperationResultTr::ChangeTrust(stellar_xdr::ChangeTrustResult::Malformed),
        ),
        _ => return None,
    };
    bad.then_some(OperationResult::OpInner(result))
}

/// A success, for an operation beside one that failed.
#[expect(clippy::wildcard_enum_match_arm, reason = "the XDR's operations; few stand beside others")]
fn fine(operation: &Operation) -> OperationResult {
    OperationResult::OpInner(match &operation.body {
        OperationBody::CreateAccount(_) => {
            OperationResultTr::CreateAccount(CreateAccountResult::Success)
        }
        OperationBody::CreateClaimableBalance(_) => {
            OperationResultTr::CreateClaimableBalance(CreateClaimableBalanceResult::Success(
                stellar_xdr::ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash([0; 32])),
            ))
        }
        OperationBody::ClaimClaimableBalance(_) => {
            OperationResultTr::ClaimClaimableBalance(ClaimClaimableBalanceResult::Success)
        }
        OperationBody::ChangeTrust(_) => {
            OperationResultTr::ChangeTrust(stellar_xdr::ChangeTrustResult::Success)
        }
        OperationBody::SetOptions(_) => {
            OperationResultTr::SetOptions(stellar_xdr::SetOptionsResult::Success)
        }
        _ => OperationResultTr::Payment(PaymentResult::Success),
    })
}

/// The result of the transaction itself, in the form that its envelope asks for.
pub(super) fn whole(envelope: &Envelope, fee_charged: i64, result: Inner) -> TransactionResult {
    let Some(bump) = &envelope.bump else {
        let result = plain(&result);
        return TransactionResult { fee_charged, result, ext: TransactionResultExt::V0 };
    };
    let success = matches!(result, Inner::TxSuccess(_));
    let pair = InnerTransactionResultPair {
        transaction_hash: Hash(envelope.inner_hash),
        result: InnerTransactionResult {
            fee_charged: 0,
            result,
            ext: InnerTransactionResultExt::V0,
        },
    };
    let fee_charged = fee_charged.min(bump.fee);
    let result = if success {
        Outer::TxFeeBumpInnerSuccess(pair)
    } else {
        Outer::TxFeeBumpInnerFailed(pair)
    };
    TransactionResult { fee_charged, result, ext: TransactionResultExt::V0 }
}

fn outer(fee_charged: i64, result: Outer) -> Box<TransactionResult> {
    Box::new(TransactionResult { fee_charged, result, ext: TransactionResultExt::V0 })
}

/// The result of a transaction without a fee bump: in XDR it is the same.
fn plain(result: &Inner) -> Outer {
    let xdr = result.to_xdr(Limits::none());
    let same = xdr.and_then(|xdr| Outer::from_xdr(xdr, Limits::none()));
    // What was built here can be written, and read.
    same.unwrap_or(Outer::TxInternalError)
}
