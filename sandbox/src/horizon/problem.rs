//! Horizon's error bodies.

use serde_json::{Map, Value, json};
use stellar_xdr::TransactionResult;

use super::codes::codes;
use super::render::result_xdr;

/// Why a request is refused: `application/problem+json`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) status: u16,
    slug: &'static str,
    title: &'static str,
    detail: String,
    extras: Option<Value>,
    /// No correct client sends such a request.
    pub(super) violation: bool,
}

impl Problem {
    fn new(status: u16, slug: &'static str, title: &'static str, detail: &str) -> Self {
        let detail = detail.to_owned();
        Self { status, slug, title, detail, extras: None, violation: false }
    }

    /// 404: there is no such thing, or not yet.
    pub(super) fn not_found() -> Self {
        Self::new(
            404,
            "not_found",
            "Resource Missing",
            "The resource at the url requested was not found.",
        )
    }

    /// 404 at an address that Horizon does not have.
    pub(super) fn no_such_address() -> Self {
        Self { violation: true, ..Self::not_found() }
    }

    /// 400: a parameter is not as documented.
    pub(super) fn bad_request(field: &str, reason: &str) -> Self {
        Self {
            extras: Some(json!({ "invalid_field": field, "reason": reason })),
            violation: true,
            ..Self::new(
                400,
                "bad_request",
                "Bad Request",
                "The request you sent was invalid in some way.",
            )
        }
    }

    /// 415: the body is no form.
    pub(super) fn no_form() -> Self {
        Self {
            violation: true,
            ..Self::new(
                415,
                "unsupported_media_type",
                "Unsupported Media Type",
                "The request has an unsupported content type.",
            )
        }
    }

    /// 400: this is no envelope.
    pub(super) fn malformed(xdr: &str) -> Self {
        Self {
            extras: Some(json!({ "envelope_xdr": xdr })),
            violation: true,
            ..Self::new(
                400,
                "transaction_malformed",
                "Transaction Malformed",
                "Horizon could not decode the transaction envelope in this request.",
            )
        }
    }

    /// 400: the network does not take the transaction, or it has failed.
    pub(super) fn failed(xdr: &str, hash: &str, result: &TransactionResult) -> Self {
        let codes = codes(result);
        let mut told = Map::new();
        told.insert("transaction".to_owned(), codes.transaction.into());
        if let Some(inner) = codes.inner {
            told.insert("inner_transaction".to_owned(), inner.into());
        }
        if !codes.operations.is_empty() {
            told.insert("operations".to_owned(), codes.operations.into());
        }
        Self {
            extras: Some(json!({
                "hash": hash, "envelope_xdr": xdr, "result_codes": told,
                "result_xdr": result_xdr(result),
            })),
            ..Self::new(
                400,
                "transaction_failed",
                "Transaction Failed",
                "The transaction failed when submitted to the stellar network.",
            )
        }
    }

    /// 504: nobody knows what became of the transaction.
    pub(super) fn timeout(xdr: &str, hash: &str) -> Self {
        Self { extras: Some(json!({ "hash": hash, "envelope_xdr": xdr })), ..Self::of_status(504) }
    }

    /// 410: a list from before what Horizon keeps.
    pub(super) fn before_history() -> Self {
        Self::new(
            410,
            "before_history",
            "Data Requested Is Before Recorded History",
            "This horizon instance is configured to only track a portion of the history.",
        )
    }

    /// What Horizon, or what stands before it, says with a status alone.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            429 => Self::new(
                429,
                "rate_limit_exceeded",
                "Rate Limit Exceeded",
                "The rate limit for the requesting IP address is over its alloted limit.",
            ),
            500 => Self::new(
                500,
                "server_error",
                "Internal Server Error",
                "An error occurred while processing this request.",
            ),
            503 => Self::new(
                503,
                "service_unavailable",
                "Service Unavailable",
                "The server is not able to handle the request.",
            ),
            504 => Self::new(
                504,
                "timeout",
                "Timeout",
                "Your request timed out before completing. Submit the same transaction again.",
            ),
            404 => Self::not_found(),
            other => Self::new(other, "error", "Error", "The request was not carried out."),
        }
    }

    pub(super) fn body(&self) -> String {
        let mut body = json!({
            "type": format!("https://stellar.org/horizon-errors/{}", self.slug),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        });
        if let (Some(extras), Some(body)) = (&self.extras, body.as_object_mut()) {
            body.insert("extras".to_owned(), extras.clone());
        }
        body.to_string()
    }

    /// For the list of violations.
    pub(super) fn told(&self) -> String {
        match &self.extras {
            Some(extras) => format!("{}: {extras}", self.slug),
            None => self.slug.to_owned(),
        }
    }
}
