//! The parties to a payment, so that two sightings of it can be compared.

use serde_json::{Value, json};

use super::sender_user_info;
use crate::engine::{Parties, UserInfo};

/// The parties to a payment are whom the sender tells of.
pub const PARTIES: Parties = Parties(parties);

fn parties(document: &str) -> Value {
    match sender_user_info(document) {
        UserInfo::Absent => Value::Null,
        UserInfo::Told(raw) => comparable(raw.get()),
        UserInfo::Unreadable(why) => json!({ "unreadable": why }),
    }
}

/// The value, whose fields have no order; or the text, where a value would lose something of it: digits of a number, or
/// one of two fields of one name.
fn comparable(raw: &str) -> Value {
    let text = without_blanks(raw);
    let sorted = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(value) if sorted(&value.to_string()) == sorted(&text) => value,
        Ok(_) | Err(_) => Value::String(text),
    }
}

/// JSON without what stands between its parts.
fn without_blanks(raw: &str) -> String {
    let (mut in_text, mut is_escaped) = (false, false);
    raw.chars()
        .filter(|c| {
            let keep = in_text || !c.is_ascii_whitespace();
            if is_escaped {
                is_escaped = false;
            } else if *c == '"' {
                in_text = !in_text;
            } else if *c == '\\' {
                is_escaped = in_text;
            }
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_blanks_do_not_matter_and_nothing_else_is_lost() {
        let same = comparable(r#"{"a": "x y\" z", "b": [1, 2.5]}"#);
        assert_eq!(comparable(r#"{"b":[1,2.5],"a":"x y\" z"}"#), same);
        assert_ne!(comparable(r#"{"b":[1,2.5],"a":"xy\" z"}"#), same);
        let pairs = [
            (r#"{"a":12345678901234567890123}"#, r#"{"a":12345678901234567890124}"#),
            (r#"{"a":0.12345678901234567}"#, r#"{"a":0.12345678901234568}"#),
            (r#"{"a":1}"#, r#"{"a":2,"a":1}"#),
        ];
        for (one, other) in pairs {
            assert_ne!(comparable(one), comparable(other), "{one}");
        }
    }
}
