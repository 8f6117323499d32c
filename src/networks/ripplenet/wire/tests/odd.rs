//! Arbitrary bytes and arbitrary changes: nothing panics, and no good row is lost beside a bad one.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{sender_user_info, single};
use super::{PAGE, page_of, payment_of, read, sample, sample_with};
use crate::engine::{ConnectorRole, Row};

/// Every place in a JSON value.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, inner)| pointers(inner, &format!("{at}/{key}"), found));
        }
        Value::Array(list) => {
            let inner = list.iter().enumerate();
            inner.for_each(|(n, inner)| pointers(inner, &format!("{at}/{n}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,40}".prop_map(Value::from),
        "[0-9]{1,70}(\\.[0-9]{1,40})?(e[0-9]{1,3})?".prop_map(Value::from),
        "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,12})?Z"
            .prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, [], {}, "x"])),
        Just(json!([{ "subState": 1, "json": null }])),
    ]
}

/// A page of a good row, `odd`, and another good row keeps both good ones.
fn keeps_its_neighbours(odd: &str) -> Result<(), TestCaseError> {
    let good = |id: &str| sample_with("/payment_id", json!(id)).to_string();
    let page = page_of(&[good("first"), odd.to_owned(), good("last")]);
    let rows = read(page.as_bytes()).map_err(TestCaseError::fail)?.rows;
    prop_assert_eq!(rows.len(), 3);
    for (place, id) in [(0, "first"), (2, "last")] {
        let kept =
            matches!(rows.get(place), Some(Row::Payment(payment)) if payment.payment_id == id);
        prop_assert!(kept, "{} is lost beside {}", id, odd);
    }
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(read(&body));
        drop(single(&body, "p1", &ConnectorRole::Sending));
        drop(sender_user_info(&String::from_utf8_lossy(&body)));
    }

    #[test]
    fn damaged_bytes_never_panic(
        damage in proptest::collection::vec((0..PAGE.len(), any::<u8>()), 1..6),
        length in 0..=PAGE.len(),
    ) {
        let mut body = PAGE.as_bytes().to_vec();
        for (place, byte) in damage {
            if let Some(at) = body.get_mut(place) {
                *at = byte;
            }
        }
        drop(read(&body));
        drop(sender_user_info(&String::from_utf8_lossy(&body)));
        body.truncate(length);
        drop(read(&body));
    }

    #[test]
    fn an_odd_row_never_loses_a_good_one(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), odd_value()), 1..4)
    ) {
        let mut row = sample();
        for (place, value) in changes {
            let mut places = Vec::new();
            pointers(&row, "", &mut places);
            let pointer: &String = place.get(&places);
            if let Some(at) = row.pointer_mut(pointer) {
                *at = value;
            }
        }
        keeps_its_neighbours(&row.to_string())?;
        drop(sender_user_info(&row.to_string()));
    }

    #[test]
    fn odd_text_never_loses_a_good_row(odd in "[\\[\\]{},:\"0-9a-z\\\\ ]{0,30}") {
        if serde_json::from_str::<serde::de::IgnoredAny>(&odd).is_ok() {
            keeps_its_neighbours(&odd)?;
        }
    }

    #[test]
    fn amounts_come_back_as_they_came(amount in "(0|[1-9][0-9]{0,27})(\\.[0-9]{1,20})?") {
        let payment = payment_of(&sample_with("/contract/quote/amount", json!(amount)));
        prop_assert_eq!(payment.money.amount.to_string(), amount);
    }
}
