//! The names that Horizon has for the results of the network.

use stellar_xdr::{
    InnerTransactionResultResult as Inner, OperationResult, OperationResultTr, TransactionResult,
    TransactionResultResult as Outer,
};

/// The result codes of a transaction, as Horizon tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Codes {
    pub(super) transaction: String,
    /// Of the transaction inside a fee bump.
    pub(super) inner: Option<String>,
    /// One per operation, if they were looked at.
    pub(super) operations: Vec<String>,
}

/// The names for a result.
pub(super) fn codes(result: &TransactionResult) -> Codes {
    let inner = inner(result);
    Codes {
        transaction: transaction_code(result.result.name()),
        inner: inner.map(|inner| transaction_code(inner.name())),
        operations: operation_results(result).iter().map(operation_code).collect(),
    }
}

/// The results of the operations; none, if they were not looked at.
pub(super) fn operation_results(result: &TransactionResult) -> &[OperationResult] {
    if let Outer::TxSuccess(results) | Outer::TxFailed(results) = &result.result {
        return results.as_slice();
    }
    if let Some(Inner::TxSuccess(results) | Inner::TxFailed(results)) = inner(result) {
        return results.as_slice();
    }
    &[]
}

/// The result of the transaction inside a fee bump.
fn inner(result: &TransactionResult) -> Option<&Inner> {
    if let Outer::TxFeeBumpInnerSuccess(pair) | Outer::TxFeeBumpInnerFailed(pair) = &result.result {
        return Some(&pair.result.result);
    }
    None
}

fn transaction_code(name: &str) -> String {
    match name {
        "TxNoAccount" => "tx_no_source_account".to_owned(),
        other => snake(other),
    }
}

/// The name for an operation's result.
pub(super) fn operation_code(result: &OperationResult) -> String {
    match result {
        OperationResult::OpInner(inner) => match inner_name(inner) {
            "AlreadyExist" => "op_already_exists".to_owned(),
            other => format!("op_{}", snake(other)),
        },
        OperationResult::OpNoAccount => "op_no_source_account".to_owned(),
        OperationResult::OpBadAuth
        | OperationResult::OpNotSupported
        | OperationResult::OpTooManySubentries
        | OperationResult::OpExceededWorkLimit
        | OperationResult::OpTooManySponsoring => snake(result.name()),
    }
}

/// Whether the operation did what it was to do.
pub(super) fn succeeded(result: &OperationResult) -> bool {
    matches!(result, OperationResult::OpInner(inner) if inner_name(inner) == "Success")
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the XDR's operations; the sandbox knows a few")]
fn inner_name(result: &OperationResultTr) -> &'static str {
    match result {
        OperationResultTr::CreateAccount(result) => result.name(),
        OperationResultTr::Payment(result) => result.name(),
        OperationResultTr::CreateClaimableBalance(result) => result.name(),
        OperationResultTr::ClaimClaimableBalance(result) => result.name(),
        OperationResultTr::ChangeTrust(result) => result.name(),
        OperationResultTr::SetOptions(result) => result.name(),
        OperationResultTr::BumpSequence(result) => result.name(),
        _ => "NotSupported",
    }
}

/// `TxBadSeq` becomes `tx_bad_seq`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (index, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use stellar_xdr::{CreateAccountResult, PaymentResult};

    use super::*;

    #[test]
    fn results_have_horizons_names() {
        let op = |inner| operation_code(&OperationResult::OpInner(inner));
        assert_eq!(op(OperationResultTr::Payment(PaymentResult::Success)), "op_success");
        assert_eq!(op(OperationResultTr::Payment(PaymentResult::SrcNoTrust)), "op_src_no_trust");
        assert_eq!(op(OperationResultTr::Payment(PaymentResult::LineFull)), "op_line_full");
        assert_eq!(
            op(OperationResultTr::CreateAccount(CreateAccountResult::AlreadyExist)),
            "op_already_exists"
        );
        assert_eq!(operation_code(&OperationResult::OpBadAuth), "op_bad_auth");
        assert_eq!(operation_code(&OperationResult::OpNoAccount), "op_no_source_account");
        for (result, name) in [
            (Outer::TxBadSeq, "tx_bad_seq"),
            (Outer::TxNoAccount, "tx_no_source_account"),
            (Outer::TxBadAuthExtra, "tx_bad_auth_extra"),
            (Outer::TxInsufficientFee, "tx_insufficient_fee"),
            (Outer::TxTooLate, "tx_too_late"),
        ] {
            assert_eq!(transaction_code(result.name()), name);
        }
    }
}
