//! Horizon's error bodies.

use serde_json::{Value, json};
use stellar_xdr::TransactionResult;

use super::codes::codes;
use super::render::result_xdr;
use crate::service::Answer;

/// What Horizon says with a status: that, a slug, a title and a detail.
type Kind = (u16, &'static str, &'static str, &'static str);

const NOT_FOUND: Kind =
    (404, "not_found", "Resource Missing", "The resource at the url requested was not found.");
const BAD_REQUEST: Kind =
    (400, "bad_request", "Bad Request", "The request you sent was invalid in some way.");
const NO_FORM: Kind = (
    415,
    "unsupported_media_type",
    "Unsupported Media Type",
    "The request has an unsupported content type.",
);
const MALFORMED: Kind = (
    400,
    "transaction_malformed",
    "Transaction Malformed",
    "Horizon could not decode the transaction envelope in this request.",
);
const FAILED: Kind = (
    400,
    "transaction_failed",
    "Transaction Failed",
    "The transaction failed when submitted to the stellar network.",
);
const BEFORE_HISTORY: Kind = (
    410,
    "before_history",
    "Data Requested Is Before Recorded History",
    "This horizon instance is configured to only track a portion of the history.",
);
/// What Horizon, or what stands before it, says with a status alone.
const BY_STATUS: [Kind; 5] = [
    NOT_FOUND,
    (
        429,
        "rate_limit_exceeded",
        "Rate Limit Exceeded",
        "The rate limit for the requesting IP address is over its alloted limit.",
    ),
    (
        500,
        "server_error",
        "Internal Server Error",
        "An error occurred while processing this request.",
    ),
    (
        503,
        "service_unavailable",
        "Service Unavailable",
        "The server is not able to handle the request.",
    ),
    (
        504,
        "timeout",
        "Timeout",
        "Your request timed out before completing. Submit the same transaction again.",
    ),
];

/// Why a request is refused: `application/problem+json`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    kind: Kind,
    extras: Option<Value>,
    /// No correct client sends such a request.
    pub(super) violation: bool,
}

impl Problem {
    const fn refusal(kind: Kind, extras: Option<Value>) -> Self {
        Self { kind, extras, violation: false }
    }

    const fn violation(kind: Kind, extras: Option<Value>) -> Self {
        Self { kind, extras, violation: true }
    }

    /// 404: there is no such thing, or not yet.
    pub(super) const fn not_found() -> Self {
        Self::refusal(NOT_FOUND, None)
    }

    /// 404 at an address that Horizon does not have.
    pub(super) const fn no_such_address() -> Self {
        Self::violation(NOT_FOUND, None)
    }

    /// 400: a parameter is not as documented.
    pub(super) fn bad_request(field: &str, reason: &str) -> Self {
        let extras = json!({ "invalid_field": field, "reason": reason });
        Self::violation(BAD_REQUEST, Some(extras))
    }

    /// 415: the body is no form.
    pub(super) const fn no_form() -> Self {
        Self::violation(NO_FORM, None)
    }

    /// 400: this is no envelope.
    pub(super) fn malformed(xdr: &str) -> Self {
        Self::violation(MALFORMED, Some(json!({ "envelope_xdr": xdr })))
    }

    /// 400: the network does not take the transaction, or it has failed.
    pub(super) fn failed(xdr: &str, hash: &str, result: &TransactionResult) -> Self {
        let codes = codes(result);
        let mut told = json!({ "transaction": codes.transaction });
        if let Some(inner) = codes.inner {
            told["inner_transaction"] = inner.into();
        }
        if !codes.operations.is_empty() {
            told["operations"] = codes.operations.into();
        }
        let extras = json!({
            "hash": hash, "envelope_xdr": xdr, "result_codes": told,
            "result_xdr": result_xdr(result),
        });
        Self::refusal(FAILED, Some(extras))
    }

    /// 504: nobody knows what became of the transaction.
    pub(super) fn timeout(xdr: &str, hash: &str) -> Self {
        let extras = json!({ "hash": hash, "envelope_xdr": xdr });
        Self { extras: Some(extras), ..Self::of_status(504) }
    }

    /// 410: a list from before what Horizon keeps.
    pub(super) const fn before_history() -> Self {
        Self::refusal(BEFORE_HISTORY, None)
    }

    /// What is said with a status alone.
    pub(super) fn of_status(status: u16) -> Self {
        let known = BY_STATUS.into_iter().find(|kind| kind.0 == status);
        let other = (status, "error", "Error", "The request was not carried out.");
        Self::refusal(known.unwrap_or(other), None)
    }

    pub(super) const fn status(&self) -> u16 {
        self.kind.0
    }

    pub(super) fn body(&self) -> String {
        let (status, slug, title, detail) = self.kind;
        let mut body = json!({
            "type": format!("https://stellar.org/horizon-errors/{slug}"),
            "title": title,
            "status": status,
            "detail": detail,
        });
        if let Some(extras) = &self.extras {
            body["extras"] = extras.clone();
        }
        body.to_string()
    }

    /// For the list of violations.
    pub(super) fn told(&self) -> String {
        let (_, slug, _, _) = self.kind;
        self.extras.as_ref().map_or_else(|| slug.to_owned(), |extras| format!("{slug}: {extras}"))
    }

    /// As it is answered.
    pub(super) fn answer(&self) -> Answer {
        Answer { status: self.status(), body: self.body() }
    }
}
