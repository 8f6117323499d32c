//! What a path and a method stand for.

use axum::http::Method;

/// The path that everything is under.
pub(super) const BASE: &str = "/accounts/exchange/taler-wire-gateway/";

/// A thing that can be asked of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GatewayEndpoint {
    /// `GET /config`.
    Config,
    /// `POST /transfer`.
    Transfer,
    /// `GET /transfers/{row_id}`.
    TransferById,
    /// `GET /history/incoming`.
    Incoming,
    /// `POST /admin/add-incoming`.
    AddIncoming,
    /// Anything else.
    Unknown,
}

impl GatewayEndpoint {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let Some(call) = path.strip_prefix(BASE) else { return Self::Unknown };
        match (method, call) {
            (&Method::GET, "config") => Self::Config,
            (&Method::POST, "transfer") => Self::Transfer,
            (&Method::GET, "history/incoming") => Self::Incoming,
            (&Method::POST, "admin/add-incoming") => Self::AddIncoming,
            (&Method::GET, call) if row(call).is_some() => Self::TransferById,
            _ => Self::Unknown,
        }
    }
}

/// The row id at the end of a path of `transfers/{row_id}`, as it stands there.
pub(super) fn row(path: &str) -> Option<&str> {
    let call = path.strip_prefix(BASE).unwrap_or(path);
    call.strip_prefix("transfers/").filter(|row| !row.is_empty() && !row.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods_are_told_apart() {
        let of = |method, call: &str| GatewayEndpoint::of(&method, &format!("{BASE}{call}"));
        assert_eq!(of(Method::GET, "config"), GatewayEndpoint::Config);
        assert_eq!(of(Method::POST, "transfer"), GatewayEndpoint::Transfer);
        assert_eq!(of(Method::GET, "transfer"), GatewayEndpoint::Unknown);
        assert_eq!(of(Method::GET, "transfers/7"), GatewayEndpoint::TransferById);
        assert_eq!(of(Method::GET, "transfers/"), GatewayEndpoint::Unknown);
        assert_eq!(of(Method::GET, "transfers/7/8"), GatewayEndpoint::Unknown);
        assert_eq!(of(Method::GET, "history/incoming"), GatewayEndpoint::Incoming);
        assert_eq!(GatewayEndpoint::of(&Method::GET, "/config"), GatewayEndpoint::Unknown);
        assert_eq!(row(&format!("{BASE}transfers/7")), Some("7"));
    }
}
