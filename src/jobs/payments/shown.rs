//! What whoever decides on a payment is shown of it.

use crate::engine::{Basis, Money};
use crate::networks::ripplenet;
use crate::store::Shown;

/// What a decision is on: this version of the payment, and what decides where its money goes.
pub(crate) fn shown(
    version: i64,
    money: &Money,
    payout: Option<&Money>,
    returns: Option<&str>,
    document: &str,
) -> Shown {
    let parties = (ripplenet::PARTIES.0)(document);
    Shown { version, basis: Basis::of(money, payout, returns, &parties) }
}
