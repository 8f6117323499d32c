//! What a decision on a payment is about: where the money goes, and how much of it.

use std::fmt;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Amount, Money, Payment};

/// So many differences are told; whoever wants to know more looks at the payment.
const TOLD_MAX: usize = 5;
/// Of what stands in the parties' data, the last characters are enough to tell two apart.
const SHOWN_MAX: usize = 4;

/// How the data of the parties to a payment are found in its document: each kind of network has its own way.
#[derive(Clone, Copy)]
pub struct Parties(pub fn(&str) -> Value);

impl Parties {
    /// For documents that tell of nobody.
    pub const NONE: Self = Self(|_| Value::Null);
}

impl fmt::Debug for Parties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parties")
    }
}

/// All of them are alike: what they find tells documents apart.
impl PartialEq for Parties {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What whoever decides on a payment was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The version of the payment.
    pub version: i64,
    /// What decides where its money goes.
    pub basis: Basis,
}

/// What decides where a payment's money goes. A decision is on this, and on no other.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// A name for it: another basis has another.
    pub digest: String,
    /// The facts themselves.
    pub facts: Value,
}

impl Basis {
    /// The basis that these facts are. How an amount is written does not matter, nor the order of what stands in an
    /// object.
    #[must_use]
    pub fn of(
        money: &Money,
        payout: Option<&Money>,
        returns: Option<&str>,
        parties: &Value,
    ) -> Self {
        let facts = json!({
            "amount": plain(&money.amount),
            "currency": money.currency,
            "payout_amount": payout.map(|payout| plain(&payout.amount)),
            "payout_currency": payout.map(|payout| &payout.currency),
            "returns": returns,
            "user_info": parties,
        });
        // Objects of JSON values are sorted by their keys.
        let digest: Vec<String> =
            Sha256::digest(facts.to_string()).iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = digest.concat();
        Self { digest, facts }
    }

    /// That of a payment as it was seen.
    #[must_use]
    pub fn of_payment(payment: &Payment) -> Self {
        let parties = (payment.parties.0)(&payment.document);
        Self::of(&payment.money, payment.payout.as_ref(), payment.returns.as_deref(), &parties)
    }

    /// In what `other` differs from this, for a person to read. Of the parties' data no more is told than what tells
    /// them apart: it goes to places that are not to know whom a payment concerns.
    #[must_use]
    pub fn differences(&self, other: &Self) -> String {
        let found = differences(&self.facts, &other.facts);
        let told = |one: &Difference| {
            let Difference { at, was, is } = one;
            format!("{at} was {}, and is {}", shown(at, was), shown(at, is))
        };
        let mut found: Vec<String> = found.iter().map(told).collect();
        let more = found.len().saturating_sub(TOLD_MAX);
        found.truncate(TOLD_MAX);
        if more > 0 {
            found.push(format!("and {more} more"));
        }
        found.join("; ")
    }
}

fn plain(amount: &Amount) -> String {
    let text = amount.to_string();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A fact that is another than it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where it stands, such as `user_info/CdtrAcct/Id`.
    pub at: String,
    /// What it was; null if it was not there.
    pub was: Value,
    /// What it is.
    pub is: Value,
}

/// In what two sets of facts differ.
#[must_use]
pub fn differences(was: &Value, is: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", was, is, &mut found);
    found
}

fn compare(at: &str, was: &Value, is: &Value, found: &mut Vec<Difference>) {
    if was == is {
        return;
    }
    if let (Value::Object(before), Value::Object(after)) = (was, is) {
        let added = after.keys().filter(|key| !before.contains_key(*key));
        for key in before.keys().chain(added) {
            let side = |fields: &serde_json::Map<String, Value>| {
                fields.get(key).cloned().unwrap_or_default()
            };
            compare(&format!("{at}/{key}"), &side(before), &side(after), found);
        }
        return;
    }
    found.push(Difference { at: name(at).to_owned(), was: was.clone(), is: is.clone() });
}

fn name(at: &str) -> &str {
    at.strip_prefix('/').unwrap_or(at)
}

fn shown(at: &str, value: &Value) -> String {
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    if !at.starts_with("user_info") {
        return text;
    }
    let count = text.chars().count();
    let last: String = text.chars().skip(count.saturating_sub(SHOWN_MAX)).collect();
    if count > 2 * SHOWN_MAX { format!("…{last}") } else { "…".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str) -> Money {
        Money { amount: amount.parse().unwrap(), currency: "USD".to_owned() }
    }

    fn basis(amount: &str, info: &Value) -> Basis {
        Basis::of(&money(amount), Some(&money("9")), None, info)
    }

    #[test]
    fn what_is_the_same_has_the_same_name() {
        let info = json!({"CdtrAcct": {"Id": "DE02123456789"}, "Cdtr": {"Nm": "Kim"}});
        let again: Value = serde_json::from_str(
            r#"{"Cdtr": {"Nm": "Kim"}, "CdtrAcct":   {"Id": "DE02123456789"}}"#,
        )
        .unwrap();
        assert_eq!(basis("10.00", &info), basis("10.0", &again));
        assert_eq!(basis("100", &info).facts["amount"], "100");
        assert_eq!(basis("10", &info).digest.len(), 64);
    }

    #[test]
    fn whatever_decides_where_money_goes_makes_another() {
        let info = json!({"Cdtr": "Kim"});
        let one = basis("10", &info);
        let others = [
            basis("11", &info),
            basis("10", &json!({"Cdtr": "Lee"})),
            basis("10", &Value::Null),
            Basis::of(&money("10"), Some(&money("8")), None, &info),
            Basis::of(&money("10"), None, None, &info),
            Basis::of(&money("10"), Some(&money("9")), Some("p0"), &info),
            Basis::of(
                &Money { currency: "EUR".to_owned(), ..money("10") },
                Some(&money("9")),
                None,
                &info,
            ),
        ];
        assert!(others.iter().all(|other| other.digest != one.digest));
    }

    #[test]
    fn both_sides_of_a_difference_are_told_and_nobody_is_named() {
        let was = basis("10", &json!({"CdtrAcct": {"Id": "DE02123456789"}, "Cdtr": {"Nm": "Kim"}}));
        let is = basis("11", &json!({"CdtrAcct": {"Id": "GB29123450000"}, "Cdtr": {"Nm": "Lee"}}));
        assert_eq!(
            was.differences(&is),
            "amount was 10, and is 11; user_info/Cdtr/Nm was …, and is …; \
             user_info/CdtrAcct/Id was …6789, and is …0000"
        );
        assert_eq!(was.differences(&was), "");
    }
}
