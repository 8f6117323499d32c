//! What a path and a method stand for.

use axum::http::Method;

use super::moves::Operation;

/// A thing that can be asked of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `POST /oauth/token`.
    Token,
    /// `GET /v4/health`.
    Health,
    /// `GET /v4/payments`.
    List,
    /// `GET /v4/payments/{id}`.
    Get,
    /// A call that changes a payment.
    Operation(Operation),
    /// Anything else: there is no such thing at the network.
    Unknown,
}

impl Endpoint {
    /// The endpoint, and the payment's id as it stands in the path.
    pub(super) fn of<'a>(method: &Method, path: &'a str) -> (Self, Option<&'a str>) {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (method, parts.as_slice()) {
            (&Method::POST, ["oauth", "token"]) => (Self::Token, None),
            (&Method::GET, ["v4", "health"]) => (Self::Health, None),
            (&Method::GET, ["v4", "payments"]) => (Self::List, None),
            (&Method::GET, ["v4", "payments", id]) => (Self::Get, Some(id)),
            (&Method::PUT, ["v4", "payments", id, "labels"]) => {
                (Self::Operation(Operation::PutLabels), Some(id))
            }
            (&Method::DELETE, ["v4", "payments", id, "labels"]) => {
                (Self::Operation(Operation::DeleteLabels), Some(id))
            }
            (&Method::POST, ["v4", "payments", id, name]) => Operation::ALL
                .into_iter()
                .find(|operation| !operation.about_labels() && operation.name() == *name)
                .map_or((Self::Unknown, None), |found| (Self::Operation(found), Some(id))),
            _ => (Self::Unknown, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        let of = |method: Method, path| Endpoint::of(&method, path);
        assert_eq!(of(Method::GET, "/v4/payments"), (Endpoint::List, None));
        assert_eq!(of(Method::GET, "/v4/payments/7"), (Endpoint::Get, Some("7")));
        let lock = Endpoint::Operation(Operation::Lock);
        assert_eq!(of(Method::POST, "/v4/payments/7/lock"), (lock, Some("7")));
        assert_eq!(of(Method::GET, "/v4/payments/7/lock"), (Endpoint::Unknown, None));
        assert_eq!(of(Method::POST, "/v4/payments/7/put_labels"), (Endpoint::Unknown, None));
        assert_eq!(of(Method::GET, "/payments"), (Endpoint::Unknown, None));
        assert_eq!(of(Method::POST, "/oauth/token"), (Endpoint::Token, None));
    }
}
