//! What of a payment becomes columns.

use serde::Deserialize;

/// A payment's fields that become columns.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    pub(super) payment_id: &'a str,
    pub(super) payment_state: &'a str,
    pub(super) modified_at: &'a str,
    pub(super) contract: Contract<'a>,
    pub(super) accepted_at: Option<&'a str>,
    pub(super) locked_at: Option<&'a str>,
    pub(super) executed_at: Option<&'a str>,
    pub(super) completed_at: Option<&'a str>,
    #[serde(borrow)]
    pub(super) internal_info: InternalInfo<'a>,
    #[serde(borrow)]
    pub(super) user_info: Vec<Node<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Contract<'a> {
    pub(super) sender_end_to_end_id: &'a str,
    pub(super) created_at: &'a str,
    pub(super) expires_at: &'a str,
    #[serde(borrow)]
    pub(super) quote: Quote<'a>,
}

#[derive(Deserialize)]
pub(super) struct Quote<'a> {
    pub(super) amount: &'a str,
    pub(super) currency_code: &'a str,
    #[serde(borrow)]
    pub(super) quote_elements: Vec<Element<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Element<'a> {
    pub(super) receiving_amount: &'a str,
    pub(super) transfer_currency_code: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct InternalInfo<'a> {
    pub(super) connector_role: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Node<'a> {
    #[serde(borrow, default)]
    pub(super) settlement: Vec<Dated<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Dated<'a> {
    pub(super) created_at: &'a str,
}

impl Head<'_> {
    /// The states that it tells of, oldest first.
    pub(super) fn reached(&self) -> impl Iterator<Item = (&'static str, &str)> {
        // An executed payment was prepared by its last settlement. Times of one form sort as they read.
        let settled = self.user_info.iter().flat_map(|node| &node.settlement);
        let prepared_at = settled.map(|entry| entry.created_at).max();
        [
            ("ACCEPTED", self.accepted_at),
            ("LOCKED", self.locked_at),
            ("PREPARED", prepared_at.filter(|_| self.executed_at.is_some())),
            ("EXECUTED", self.executed_at),
            ("COMPLETED", self.completed_at),
        ]
        .into_iter()
        .filter_map(|(state, at)| Some((state, at?)))
    }
}
