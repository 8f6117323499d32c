//! Error bodies, with the codes of GANA.

use serde_json::json;

use crate::service::Answer;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    status: u16,
    code: u32,
    hint: &'static str,
    pub(super) detail: String,
    /// No correct client sends such a request.
    pub(super) violation: bool,
}

impl Problem {
    const fn violation(status: u16, code: u32, hint: &'static str, detail: String) -> Self {
        Self { status, code, hint, detail, violation: true }
    }

    const fn refusal(status: u16, code: u32, hint: &'static str, detail: String) -> Self {
        Self { status, code, hint, detail, violation: false }
    }

    pub(super) const fn no_such_endpoint(detail: String) -> Self {
        Self::violation(404, 21, "GENERIC_ENDPOINT_UNKNOWN", detail)
    }

    pub(super) const fn bad_json(detail: String) -> Self {
        Self::violation(400, 22, "GENERIC_JSON_INVALID", detail)
    }

    pub(super) const fn bad_payto(detail: String) -> Self {
        Self::violation(400, 24, "GENERIC_PAYTO_URI_MALFORMED", detail)
    }

    pub(super) const fn missing(detail: String) -> Self {
        Self::violation(400, 25, "GENERIC_PARAMETER_MISSING", detail)
    }

    pub(super) const fn malformed(detail: String) -> Self {
        Self::violation(400, 26, "GENERIC_PARAMETER_MALFORMED", detail)
    }

    pub(super) const fn other_currency(detail: String) -> Self {
        Self::violation(400, 30, "GENERIC_CURRENCY_MISMATCH", detail)
    }

    pub(super) const fn unauthorized(detail: String) -> Self {
        Self::violation(401, 40, "GENERIC_UNAUTHORIZED", detail)
    }

    pub(super) const fn not_enough(detail: String) -> Self {
        Self::refusal(409, 5102, "BANK_UNALLOWED_DEBIT", detail)
    }

    pub(super) const fn unknown_account(detail: String) -> Self {
        Self::refusal(404, 5106, "BANK_UNKNOWN_ACCOUNT", detail)
    }

    pub(super) const fn no_such_transfer(detail: String) -> Self {
        Self::refusal(404, 5107, "BANK_TRANSACTION_NOT_FOUND", detail)
    }

    pub(super) const fn uid_reused(detail: String) -> Self {
        Self::violation(409, 5112, "BANK_TRANSFER_REQUEST_UID_REUSED", detail)
    }

    pub(super) const fn reserve_reused(detail: String) -> Self {
        Self::refusal(409, 5114, "BANK_DUPLICATE_RESERVE_PUB_SUBJECT", detail)
    }

    pub(super) const fn unknown_creditor(detail: String) -> Self {
        Self::refusal(409, 5124, "BANK_UNKNOWN_CREDITOR", detail)
    }

    pub(super) const fn wtid_reused(detail: String) -> Self {
        Self::violation(409, 5154, "BANK_TRANSFER_WTID_REUSED", detail)
    }

    pub(super) fn answer(&self) -> Answer {
        let body = json!({"code": self.code, "hint": self.hint, "detail": self.detail});
        Answer { status: self.status, body: body.to_string() }
    }
}
