//! Error bodies, with the codes of GANA.

use serde_json::json;

use crate::service::Answer;

/// A kind of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    status: u16,
    code: u32,
    hint: &'static str,
    /// No correct client sends such a request.
    violation: bool,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    kind: Kind,
    pub(super) detail: String,
}

const fn violation(status: u16, code: u32, hint: &'static str) -> Kind {
    Kind { status, code, hint, violation: true }
}

const fn refusal(status: u16, code: u32, hint: &'static str) -> Kind {
    Kind { status, code, hint, violation: false }
}

pub(super) const NO_SUCH_ENDPOINT: Kind = violation(404, 21, "GENERIC_ENDPOINT_UNKNOWN");
pub(super) const BAD_JSON: Kind = violation(400, 22, "GENERIC_JSON_INVALID");
pub(super) const BAD_PAYTO: Kind = violation(400, 24, "GENERIC_PAYTO_URI_MALFORMED");
pub(super) const MISSING: Kind = violation(400, 25, "GENERIC_PARAMETER_MISSING");
pub(super) const MALFORMED: Kind = violation(400, 26, "GENERIC_PARAMETER_MALFORMED");
pub(super) const OTHER_CURRENCY: Kind = violation(400, 30, "GENERIC_CURRENCY_MISMATCH");
pub(super) const UNAUTHORIZED: Kind = violation(401, 40, "GENERIC_UNAUTHORIZED");
pub(super) const NOT_ENOUGH: Kind = refusal(409, 5102, "BANK_UNALLOWED_DEBIT");
pub(super) const NO_SUCH_TRANSFER: Kind = refusal(404, 5107, "BANK_TRANSACTION_NOT_FOUND");
pub(super) const UID_REUSED: Kind = violation(409, 5112, "BANK_TRANSFER_REQUEST_UID_REUSED");
pub(super) const RESERVE_REUSED: Kind = refusal(409, 5114, "BANK_DUPLICATE_RESERVE_PUB_SUBJECT");
pub(super) const UNKNOWN_CREDITOR: Kind = refusal(409, 5124, "BANK_UNKNOWN_CREDITOR");
pub(super) const WTID_REUSED: Kind = violation(409, 5154, "BANK_TRANSFER_WTID_REUSED");

impl Kind {
    /// A request that is refused like this.
    pub(super) fn of(self, detail: impl Into<String>) -> Problem {
        Problem { kind: self, detail: detail.into() }
    }
}

impl Problem {
    pub(super) const fn is_violation(&self) -> bool {
        self.kind.violation
    }

    pub(super) fn answer(&self) -> Answer {
        let Kind { status, code, hint, .. } = self.kind;
        let body = json!({"code": code, "hint": hint, "detail": self.detail});
        Answer { status, body: body.to_string() }
    }
}
