//! Result codes: why the ledger refused a transaction, as far as it matters what follows.

use stellar_xdr::{
    InnerTransactionResultResult, Limits, OperationResult, OperationResultTr, ReadXdr as _,
    TransactionResult, TransactionResultResult, VecM,
};

/// No result of any transaction is larger.
const XDR_MAX: Limits = Limits { depth: 200, len: 1024 * 1024 };

/// What became of a transaction that was not applied, or was applied and did nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes {
    /// Of the transaction; of the inner one, if there is a fee bump around it.
    pub transaction: TransactionCode,
    /// Of each operation. Empty unless the transaction's code is `Failed`.
    pub operations: Vec<OperationCode>,
}

/// Of a whole transaction. Those that stand apart have a rule of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionCode {
    /// `tx_failed`: one operation did not work, so none happened. The sequence number is used up.
    Failed,
    /// `tx_bad_seq`: the sequence number is used up already, or another must come before it.
    BadSequence,
    /// `tx_too_late`: its time is over.
    TooLate,
    /// `tx_insufficient_fee`: others offer more.
    InsufficientFee,
    /// `tx_insufficient_balance`: the account that pays the fee has not enough XLM.
    InsufficientBalance,
    /// `tx_internal_error`: the network has a trouble of its own.
    Internal,
    /// Any other, by Horizon's name.
    Other(String),
}

/// Of one operation. Those that stand apart have a rule of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationCode {
    /// `op_success`: it would have worked.
    Success,
    /// `op_no_trust`.
    NoTrust,
    /// `op_no_destination`.
    NoDestination,
    /// `op_already_exists`.
    AlreadyExists,
    /// `op_line_full`: the receiver's trustline has no room for so much.
    LineFull,
    /// `op_not_authorized`: the issuer does not let the receiver hold the asset.
    NotAuthorized,
    /// `op_underfunded`: the paying account has not enough.
    Underfunded,
    /// `op_low_reserve`: an account would be below its reserve.
    LowReserve,
    /// `op_src_no_trust`: the paying account has no trustline.
    SourceNoTrust,
    /// `op_src_not_authorized`: the issuer does not let the paying account pay.
    SourceNotAuthorized,
    /// Any other, by Horizon's name.
    Other(String),
}

impl TransactionCode {
    /// Reads Horizon's name of a code.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "tx_failed" => Self::Failed,
            "tx_bad_seq" => Self::BadSequence,
            "tx_too_late" => Self::TooLate,
            "tx_insufficient_fee" => Self::InsufficientFee,
            "tx_insufficient_balance" => Self::InsufficientBalance,
            "tx_internal_error" => Self::Internal,
            other => Self::Other(brief(other)),
        }
    }
}

impl OperationCode {
    /// Reads Horizon's name of a code.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "op_success" => Self::Success,
            "op_no_trust" => Self::NoTrust,
            "op_no_destination" => Self::NoDestination,
            // The ledger's own name has no `s`.
            "op_already_exists" | "op_already_exist" => Self::AlreadyExists,
            "op_line_full" => Self::LineFull,
            "op_not_authorized" => Self::NotAuthorized,
            "op_underfunded" => Self::Underfunded,
            "op_low_reserve" => Self::LowReserve,
            "op_src_no_trust" => Self::SourceNoTrust,
            "op_src_not_authorized" => Self::SourceNotAuthorized,
            other => Self::Other(brief(other)),
        }
    }
}

impl Codes {
    /// Reads the ledger's own result, in base64. None for a transaction that did what it should.
    ///
    /// # Errors
    /// It is no result.
    pub fn from_result_xdr(result_xdr: &str) -> Result<Option<Self>, String> {
        let result = read(result_xdr)?;
        let (name, operations) = effective(&result);
        if name == TransactionResultResult::TxSuccess(VecM::default()).name() {
            return Ok(None);
        }
        Ok(Some(Self {
            transaction: TransactionCode::parse(&snake(name)),
            operations: operations.iter().map(operation_code).collect(),
        }))
    }
}

/// Reads the ledger's own result, in base64.
pub(super) fn read(result_xdr: &str) -> Result<TransactionResult, String> {
    TransactionResult::from_xdr_base64(result_xdr, XDR_MAX)
        .map_err(|error| format!("result_xdr cannot be read: {error}"))
}

/// What counts of a result: the ledger's name of it and the results of the operations, of the inner transaction if there
/// is a fee bump around it.
pub(super) fn effective(result: &TransactionResult) -> (&'static str, &[OperationResult]) {
    use {InnerTransactionResultResult as Inner, TransactionResultResult as Outer};
    let outer = &result.result;
    if let Outer::TxFeeBumpInnerSuccess(pair) | Outer::TxFeeBumpInnerFailed(pair) = outer {
        let inner = &pair.result.result;
        if let Inner::TxSuccess(operations) | Inner::TxFailed(operations) = inner {
            return (inner.name(), operations);
        }
        return (inner.name(), &[]);
    }
    if let Outer::TxSuccess(operations) | Outer::TxFailed(operations) = outer {
        return (outer.name(), operations);
    }
    (outer.name(), &[])
}

/// The code of an operation: of those that we make, and of any that fails before it begins.
fn operation_code(result: &OperationResult) -> OperationCode {
    let OperationResult::OpInner(inner) = result else {
        return OperationCode::parse(&snake(result.name()));
    };
    let name = if let OperationResultTr::Payment(result) = inner {
        result.name()
    } else if let OperationResultTr::CreateAccount(result) = inner {
        result.name()
    } else if let OperationResultTr::CreateClaimableBalance(result) = inner {
        result.name()
    } else {
        "Unknown"
    };
    OperationCode::parse(&format!("op_{}", snake(name)))
}

/// `TxBadSeq` as `tx_bad_seq`.
fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 8);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

fn brief(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}
