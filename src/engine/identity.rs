//! The names of what we send, made of what was decided and of nothing else.
//!
//! A database that has lost its last commits decides the same again. The same decision has the same name then, so whoever
//! got it before knows it again, and drops it.

use sha2::{Digest as _, Sha256};
use uuid::Builder;

use super::Purpose;

/// What a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'a> {
    /// A transfer, by its id.
    Transfer(&'a str),
    /// A refund, by its id.
    Refund(&'a str),
    /// Incoming money that belongs to no transfer.
    Incoming {
        /// The network or rail that told of it.
        source: &'a str,
        /// Its id there.
        id: &'a str,
    },
    /// What somebody has asked under a key of their own.
    Asked(&'a str),
    /// An order that a person says is paid: that can be once.
    Order {
        /// The shop.
        shop: &'a str,
        /// The shop's id of it.
        order_id: &'a str,
    },
    /// Credit that a person gives a customer, or takes.
    Credit {
        /// The shop.
        shop: &'a str,
        /// The shop's id of the customer.
        customer_id: &'a str,
        /// Of what.
        asset: &'a str,
        /// How much, with its sign.
        amount: &'a str,
        /// Why.
        reason: &'a str,
    },
}

impl About<'_> {
    /// The key of the payout that is the `number`-th decision about this, counted from 1: a UUID.
    #[must_use]
    pub fn payout_key(&self, purpose: Purpose, number: u32) -> String {
        self.name("payout", purpose.as_str(), number)
    }

    /// The id of the `number`-th refund of this, counted from 1: a UUID.
    #[must_use]
    pub fn refund_id(&self, number: u32) -> String {
        self.name("refund", "", number)
    }

    /// The id of the `number`-th credit note of this, counted from 1: a UUID.
    #[must_use]
    pub fn note_id(&self, number: u32) -> String {
        self.name("note", "", number)
    }

    fn name(&self, what: &str, purpose: &str, number: u32) -> String {
        let about: &[&str] = match *self {
            Self::Transfer(id) => &["transfer", id, ""],
            Self::Refund(id) => &["refund", id, ""],
            Self::Incoming { source, id } => &["incoming", source, id],
            Self::Asked(key) => &["asked", key],
            Self::Order { shop, order_id } => &["order", shop, order_id],
            Self::Credit { shop, customer_id, asset, amount, reason } => {
                &["credit", shop, customer_id, asset, amount, reason]
            }
        };
        let mut hash = Sha256::new_with_prefix("railpoll");
        // Each word is preceded by its length, so that no two decisions are the same text.
        for word in [what, purpose].into_iter().chain(about.iter().copied()) {
            hash.update(u64::try_from(word.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(word);
        }
        hash.update(number.to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let [bytes, _] = halves(digest);
        Builder::from_custom_bytes(bytes).into_uuid().to_string()
    }
}

fn halves(digest: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    for (to, from) in halves.iter_mut().flatten().zip(digest) {
        *to = from;
    }
    halves
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_is_the_same_for_ever() {
        let key = About::Transfer("t1").payout_key(Purpose::Payout, 1);
        assert_eq!(key, "8e18c632-18b2-84c8-8231-318cf0db4ed4");
        let refund = About::Incoming { source: "bank", id: "7" }.refund_id(1);
        assert_eq!(refund, "54d4d695-aa94-8d39-a09f-c9c4b7090d8a");
    }

    const fn credit<'a>(amount: &'a str, reason: &'a str) -> About<'a> {
        About::Credit { shop: "a", customer_id: "b", asset: "c", amount, reason }
    }

    #[test]
    fn no_two_decisions_have_the_same_name() {
        let about = [
            About::Transfer("a"),
            About::Transfer("b"),
            About::Transfer(""),
            About::Refund("a"),
            About::Incoming { source: "a", id: "b" },
            About::Incoming { source: "ab", id: "" },
            About::Incoming { source: "", id: "ab" },
            About::Asked("a"),
            About::Order { shop: "a", order_id: "b" },
            About::Order { shop: "ab", order_id: "" },
            credit("1", "b"),
            credit("1b", ""),
        ];
        let mut names = HashSet::new();
        for one in about {
            for number in 1..=3 {
                assert!(names.insert(one.payout_key(Purpose::Payout, number)));
                assert!(names.insert(one.payout_key(Purpose::Refund, number)));
                assert!(names.insert(one.refund_id(number)));
                assert!(names.insert(one.note_id(number)));
            }
        }
    }
}
