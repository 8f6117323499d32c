//! What a path and a method stand for.

use axum::http::Method;

/// The path that the contract's calls are under.
pub(super) const BASE: &str = "/railpoll/";

/// A thing that can be asked of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BankEndpoint {
    /// `GET config`.
    Config,
    /// `POST deposits/lookup`.
    DepositsLookup,
    /// `POST payouts`.
    Payouts,
    /// `POST payouts/lookup`.
    PayoutsLookup,
    /// `POST /admin/receive`: not in the contract, unsigned. A customer pays in.
    AdminReceive,
    /// `POST /admin/announce`: the same. A deposit is seen and not there yet.
    AdminAnnounce,
    /// `POST /admin/fail`: the same. A deposit fails.
    AdminFail,
    /// `GET /admin/books`: the same. What the bank knows.
    AdminBooks,
    /// Anything else.
    Unknown,
}

impl BankEndpoint {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let call = path.strip_prefix(BASE).unwrap_or(path);
        match (method, call) {
            (&Method::GET, "config") => Self::Config,
            (&Method::POST, "deposits/lookup") => Self::DepositsLookup,
            (&Method::POST, "payouts") => Self::Payouts,
            (&Method::POST, "payouts/lookup") => Self::PayoutsLookup,
            (&Method::POST, "/admin/receive") => Self::AdminReceive,
            (&Method::POST, "/admin/announce") => Self::AdminAnnounce,
            (&Method::POST, "/admin/fail") => Self::AdminFail,
            (&Method::GET, "/admin/books") => Self::AdminBooks,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods_are_told_apart() {
        for (method, path, endpoint) in [
            (Method::GET, "/railpoll/config", BankEndpoint::Config),
            (Method::POST, "/railpoll/config", BankEndpoint::Unknown),
            (Method::POST, "/railpoll/payouts", BankEndpoint::Payouts),
            (Method::GET, "/railpoll/payouts", BankEndpoint::Unknown),
            (Method::POST, "/railpoll/payouts/", BankEndpoint::Unknown),
            (Method::POST, "/railpoll/payouts/lookup", BankEndpoint::PayoutsLookup),
            (Method::POST, "/railpoll/deposits/lookup", BankEndpoint::DepositsLookup),
            (Method::POST, "/payouts", BankEndpoint::Unknown),
            (Method::POST, "/admin/receive", BankEndpoint::AdminReceive),
            (Method::GET, "/admin/books", BankEndpoint::AdminBooks),
        ] {
            assert_eq!(BankEndpoint::of(&method, path), endpoint, "{method} {path}");
        }
    }
}
