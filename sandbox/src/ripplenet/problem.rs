//! The network's error body.

use serde_json::json;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) detail: String,
    /// No correct client sends such a request.
    pub(super) violation: bool,
}

impl Problem {
    /// 400: the request is not as documented.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: "E0104",
            title: "Invalid Request Object",
            detail: detail.into(),
            violation: true,
        }
    }

    /// 400: the payment's state does not allow it.
    pub(super) fn not_now(detail: String) -> Self {
        Self { status: 400, code: "E0120", title: "Bad Request", detail, violation: false }
    }

    /// 404: there is no such thing.
    pub(super) fn not_found(detail: String) -> Self {
        Self { status: 404, code: "E0101", title: "Resource Not Found", detail, violation: false }
    }

    /// 409: the same is being done.
    pub(super) fn in_progress() -> Self {
        Self {
            status: 409,
            code: "E0120",
            title: "Conflict",
            detail: "Concurrent request already in progress. Any 200 response result is unchanged."
                .to_owned(),
            violation: false,
        }
    }

    /// 401: no token that is good now.
    pub(super) fn unauthorized(detail: &str, violation: bool) -> Self {
        Self {
            status: 401,
            code: "A0110",
            title: "Unauthorized",
            detail: detail.to_owned(),
            violation,
        }
    }

    pub(super) fn body(&self) -> String {
        json!({
            "type": "https://errors.ripplenet.ripple.com/error/sandbox",
            "title": self.title,
            "detail": self.detail,
            "status": self.status,
            "ripplenet_error_code": self.code,
            "finality": "PERMANENT",
        })
        .to_string()
    }
}
