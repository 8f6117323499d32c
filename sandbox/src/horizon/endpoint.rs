//! What a path and a method stand for.

use axum::http::Method;

/// A thing that can be asked of Horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HorizonEndpoint {
    /// `GET /`.
    Root,
    /// `GET /fee_stats`.
    FeeStats,
    /// `GET /ledgers`.
    Ledgers,
    /// `GET /accounts/{id}`.
    Account,
    /// `GET /accounts/{id}/payments`.
    AccountPayments,
    /// `GET /accounts/{id}/transactions`.
    AccountTransactions,
    /// `GET /transactions/{hash}`.
    Transaction,
    /// `POST /transactions`.
    Submit,
    /// `POST /transactions_async`.
    SubmitAsync,
    /// `GET /claimable_balances/{id}`.
    ClaimableBalance,
    /// `GET /friendbot?addr=…`: a new account with 10,000 lumens.
    Friendbot,
    /// `/sandbox/…`: what no real Horizon has.
    Sandbox,
    /// Anything else.
    Unknown,
}

impl HorizonEndpoint {
    /// The endpoint, and the part of the path that names a thing.
    pub(super) fn of<'a>(method: &Method, path: &'a str) -> (Self, Option<&'a str>) {
        let path = path.strip_suffix('/').unwrap_or(path);
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match (method, parts.as_slice()) {
            (&Method::GET, [] | [""]) => (Self::Root, None),
            (&Method::GET, ["fee_stats"]) => (Self::FeeStats, None),
            (&Method::GET, ["ledgers"]) => (Self::Ledgers, None),
            (&Method::GET, ["accounts", id]) => (Self::Account, Some(id)),
            (&Method::GET, ["accounts", id, "payments"]) => (Self::AccountPayments, Some(id)),
            (&Method::GET, ["accounts", id, "transactions"]) => {
                (Self::AccountTransactions, Some(id))
            }
            (&Method::GET, ["transactions", hash]) => (Self::Transaction, Some(hash)),
            (&Method::POST, ["transactions"]) => (Self::Submit, None),
            (&Method::POST, ["transactions_async"]) => (Self::SubmitAsync, None),
            (&Method::GET, ["claimable_balances", id]) => (Self::ClaimableBalance, Some(id)),
            (&Method::GET, ["friendbot"]) => (Self::Friendbot, None),
            (_, ["sandbox", what]) => (Self::Sandbox, Some(what)),
            _ => (Self::Unknown, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        let of = |method: Method, path| HorizonEndpoint::of(&method, path);
        assert_eq!(of(Method::GET, "/"), (HorizonEndpoint::Root, None));
        assert_eq!(of(Method::GET, "/accounts/G"), (HorizonEndpoint::Account, Some("G")));
        assert_eq!(
            of(Method::GET, "/accounts/G/payments"),
            (HorizonEndpoint::AccountPayments, Some("G"))
        );
        assert_eq!(of(Method::POST, "/transactions"), (HorizonEndpoint::Submit, None));
        assert_eq!(of(Method::GET, "/transactions/ab"), (HorizonEndpoint::Transaction, Some("ab")));
        assert_eq!(of(Method::POST, "/accounts/G"), (HorizonEndpoint::Unknown, None));
        assert_eq!(of(Method::POST, "/sandbox/close"), (HorizonEndpoint::Sandbox, Some("close")));
    }
}
