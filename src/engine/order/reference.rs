//! Which order a text means: one reading of references, at every door.

use super::{NewOrder, Order, PayTo};
use crate::engine::words;

words! {
    /// What is read of a text that somebody has written freely.
    pub enum FreeText: "reading of free text" {
        /// Its first run of digits.
        Digits = "digits",
        /// The same with `#` before it, for shops that call their orders so.
        Hash = "hash",
    }
}

/// A text with a place for the reference: `invoice {}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePattern {
    before: String,
    after: String,
}

impl ReferencePattern {
    /// Reads `before {} after`. None unless there is just one `{}`, and something beside it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.split_once("{}")?;
        let has_more = after.contains("{}");
        let is_bare = before.is_empty() && after.is_empty();
        (!has_more && !is_bare).then(|| Self { before: before.to_owned(), after: after.to_owned() })
    }

    fn read<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())
    }
}

/// How a shop's orders may be named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceRules {
    /// Whether by their other name too.
    pub by_alt_id: bool,
    /// What stands around the reference in a memo, if not nothing.
    pub pattern: Option<ReferencePattern>,
    /// Whether a memo may be free text.
    pub free_text: Option<FreeText>,
}

/// A signed object in a memo: `{address, order_id, signature}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimTold<'a> {
    /// There is none.
    Absent,
    /// There is one, and its signature is right.
    Signed {
        /// Whose signature it is.
        address: &'a str,
        /// The order that it names.
        order_id: &'a str,
    },
    /// There is one, and its signature is wrong, or it cannot be read.
    Bad,
}

/// What somebody has told with money about what it is for.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceTold<'a> {
    /// Who paid.
    pub sender: &'a str,
    /// The address that it was paid to, where each order has one of its own.
    pub paid_to: Option<&'a str>,
    /// The order, in a field of its own.
    pub order_id: Option<&'a str>,
    /// The memo that the network carries.
    pub memo: Option<&'a str>,
    /// The signed object that the memo is.
    pub claim: ClaimTold<'a>,
}

/// A reference: what an order may be called, best first. Few words, to be looked up in one question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// The address of its own that was paid.
    pub address: Option<String>,
    /// Ids or other names of orders.
    pub texts: Vec<String>,
}

/// Bytes of a text that is looked up. No shop's id is longer.
const TEXT_MAX: usize = 200;

impl Reference {
    /// Reads what was told by a shop's rules.
    ///
    /// A field of its own goes before the memo. A signed object means its order, if whoever signed it has paid, and nothing
    /// if not: it is never read as free text.
    #[must_use]
    pub fn read(rules: &ReferenceRules, told: &ReferenceTold<'_>) -> Self {
        let texts = match (told.order_id.and_then(usable), told.claim) {
            (Some(order_id), _) => vec![order_id],
            (None, ClaimTold::Signed { address, order_id }) if address == told.sender => {
                Vec::from_iter(usable(order_id))
            }
            (None, ClaimTold::Signed { .. } | ClaimTold::Bad) => Vec::new(),
            (None, ClaimTold::Absent) => {
                told.memo.map_or_else(Vec::new, |memo| of_memo(rules, memo))
            }
        };
        Self { address: told.paid_to.map(ToOwned::to_owned), texts }
    }

    /// Whether it names nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.address.is_none() && self.texts.is_empty()
    }

    /// Whether it means an order that comes: then it has waited for it.
    #[must_use]
    pub fn means(&self, rules: &ReferenceRules, order: &NewOrder) -> bool {
        let has_address = order.pay_to == PayTo::Address && order.address.is_some();
        (has_address && self.address == order.address)
            || self.texts.contains(&order.key.order_id)
            || (rules.by_alt_id
                && order.alt_id.as_ref().is_some_and(|alt_id| self.texts.contains(alt_id)))
    }

    /// The order that it means, of those of one shop that its words lead to: by its address, by id, by its other name.
    #[must_use]
    pub fn order_among<'a>(
        &self,
        rules: &ReferenceRules,
        orders: &'a [Order],
    ) -> Option<&'a Order> {
        let by_address = self.address.as_ref().and_then(|address| {
            let has_it = |one: &&Order| {
                one.pay_to == PayTo::Address && one.address.as_ref() == Some(address)
            };
            orders.iter().find(has_it)
        });
        by_address.or_else(|| {
            self.texts.iter().find_map(|text| {
                let by_id = || orders.iter().find(|one| one.key.order_id == *text);
                let by_alt_id = || {
                    let has_it = |one: &&Order| one.alt_id.as_ref() == Some(text);
                    orders.iter().find(has_it).filter(|_| rules.by_alt_id)
                };
                by_id().or_else(by_alt_id)
            })
        })
    }
}

fn of_memo(rules: &ReferenceRules, memo: &str) -> Vec<String> {
    let by_pattern = rules.pattern.as_ref().and_then(|pattern| pattern.read(memo.trim()));
    let free = rules.free_text.and_then(|reading| {
        let digits = first_digits(memo)?;
        Some(match reading {
            FreeText::Digits => digits.to_owned(),
            FreeText::Hash => format!("#{digits}"),
        })
    });
    let mut texts: Vec<String> = Vec::new();
    for text in [Some(memo), by_pattern, free.as_deref()].into_iter().flatten() {
        texts.extend(usable(text).filter(|text| !texts.contains(text)));
    }
    texts
}

fn first_digits(text: &str) -> Option<&str> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    text[from..].split(|c: char| !c.is_ascii_digit()).next()
}

fn usable(text: &str) -> Option<String> {
    let text = text.trim();
    let is_usable = !text.is_empty() && text.len() <= TEXT_MAX && !text.contains(char::is_control);
    is_usable.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::OrderStatus;
    use super::super::fixtures::{new, order};
    use super::*;

    fn plain(memo: &str) -> ReferenceTold<'_> {
        let (paid_to, order_id, claim) = (None, None, ClaimTold::Absent);
        ReferenceTold { sender: "alice", paid_to, order_id, memo: Some(memo), claim }
    }

    fn rules(by_alt_id: bool, free_text: Option<FreeText>) -> ReferenceRules {
        ReferenceRules { by_alt_id, pattern: None, free_text }
    }

    fn orders() -> Vec<Order> {
        let mut orders = Vec::from(
            ["1000", "12345", "alice001"].map(|id| order(id, "alice", "10", OrderStatus::New)),
        );
        orders[2].alt_id = Some("#1000".to_owned());
        orders
    }

    fn meant(rules: &ReferenceRules, told: &ReferenceTold<'_>) -> Option<String> {
        let reference = Reference::read(rules, told);
        reference.order_among(rules, &orders()).map(|order| order.key.order_id.clone())
    }

    #[test]
    fn an_id_goes_before_another_name_which_the_shop_must_allow() {
        let (id, name) = (Some("1000".to_owned()), Some("alice001".to_owned()));
        assert_eq!(meant(&rules(false, None), &plain("1000")), id);
        assert_eq!(meant(&rules(false, None), &plain("#1000")), None);
        assert_eq!(meant(&rules(true, None), &plain("#1000")), name);
        assert_eq!(meant(&rules(true, None), &plain(" alice001 ")), name);
        let told = ReferenceTold { order_id: Some("#1000"), ..plain("12345") };
        assert_eq!(meant(&rules(true, None), &told), name, "the same at every door");
    }

    #[test]
    fn free_text_is_its_first_digits_where_it_is_allowed() {
        let by_digits = rules(false, Some(FreeText::Digits));
        assert_eq!(meant(&by_digits, &plain("order #12345, thanks 7")), Some("12345".to_owned()));
        assert_eq!(meant(&rules(false, None), &plain("order #12345")), None);
        assert_eq!(
            meant(&by_digits, &plain("alice001")),
            Some("alice001".to_owned()),
            "exact first"
        );
        let by_name = rules(true, Some(FreeText::Hash));
        assert_eq!(meant(&by_name, &plain("order 1000")), Some("alice001".to_owned()));
        assert_eq!(meant(&by_name, &plain("#1000")), Some("alice001".to_owned()));
        assert_eq!(meant(&by_name, &plain("nothing")), None);
    }

    #[test]
    fn a_pattern_says_what_stands_around_it() {
        let pattern = ReferencePattern::parse("invoice {}.");
        let by_pattern = ReferenceRules { pattern, ..rules(false, None) };
        assert_eq!(meant(&by_pattern, &plain("invoice 1000.")), Some("1000".to_owned()));
        assert_eq!(meant(&by_pattern, &plain("invoice 1000")), None);
        for text in ["{}", "invoice", "{} {}"] {
            assert_eq!(ReferencePattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_signed_object_names_an_order_for_its_signer_alone() {
        let signed = |address| ReferenceTold {
            claim: ClaimTold::Signed { address, order_id: "1000" },
            ..plain(r#"{"order_id":"12345"}"#)
        };
        let free = rules(true, Some(FreeText::Digits));
        assert_eq!(meant(&free, &signed("alice")), Some("1000".to_owned()));
        assert_eq!(meant(&free, &signed("eve")), None);
        let bad = ReferenceTold { claim: ClaimTold::Bad, ..signed("alice") };
        assert_eq!(meant(&free, &bad), None);
        assert!(Reference::read(&free, &bad).is_none(), "it is credit");
    }

    #[test]
    fn an_address_of_its_own_names_its_order() {
        let mut orders = orders();
        orders[1].pay_to = PayTo::Address;
        orders[1].address = Some("0xabc".to_owned());
        let reference = Reference::read(
            &ReferenceRules::default(),
            &ReferenceTold { paid_to: Some("0xabc"), ..plain("1000") },
        );
        let found = reference.order_among(&ReferenceRules::default(), &orders);
        assert_eq!(found.map(|one| one.key.order_id.as_str()), Some("12345"));
    }

    #[test]
    fn what_comes_later_is_meant_by_the_same_words() {
        let rules = rules(false, Some(FreeText::Digits));
        let reference = Reference::read(&rules, &plain("order 7"));
        let comes = |order_id: &str| NewOrder {
            alt_id: Some("order 7".to_owned()),
            ..new(order_id, "alice", "10")
        };
        assert!(reference.means(&rules, &comes("7")));
        assert!(!reference.means(&rules, &comes("8")));
        assert!(reference.means(&ReferenceRules { by_alt_id: true, ..rules }, &comes("8")));
    }

    #[test]
    fn what_cannot_be_looked_up_names_nothing() {
        let free = rules(true, Some(FreeText::Digits));
        for memo in ["", "  ", "a\0b", &"x".repeat(201)] {
            assert!(Reference::read(&free, &plain(memo)).is_none(), "{memo:?}");
        }
    }
}
