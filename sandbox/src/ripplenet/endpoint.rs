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
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (method, parts.as_slice()) {
            (&Method::POST, ["oauth", "token"]) => Self::Token,
            (&Method::GET, ["v4", "health"]) => Self::Health,
            (&Method::GET, ["v4", "payments"]) => Self::List,
            (&Method::GET, ["v4", "payments", _]) => Self::Get,
            (&Method::POST, ["v4", "payments", _, name]) => {
                let mut operations = Operation::ALL.into_iter();
                let found = operations.find(|operation| operation.name() == *name);
                found.map_or(Self::Unknown, Self::Operation)
            }
            _ => Self::Unknown,
        }
    }
}

/// The payment's id as it stands in the path.
pub(super) fn id(path: &str) -> Option<&str> {
    path.strip_prefix("/v4/payments/")?.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        let of = |method: Method, path| (Endpoint::of(&method, path), id(path));
        assert_eq!(of(Method::GET, "/v4/payments"), (Endpoint::List, None));
        assert_eq!(of(Method::GET, "/v4/payments/7"), (Endpoint::Get, Some("7")));
        let lock = Endpoint::Operation(Operation::Lock);
        assert_eq!(of(Method::POST, "/v4/payments/7/lock"), (lock, Some("7")));
        assert_eq!(of(Method::GET, "/v4/payments/7/lock").0, Endpoint::Unknown);
        assert_eq!(of(Method::POST, "/v4/payments/7/labels").0, Endpoint::Unknown);
        assert_eq!(of(Method::GET, "/payments"), (Endpoint::Unknown, None));
        assert_eq!(of(Method::POST, "/oauth/token"), (Endpoint::Token, None));
    }
}
