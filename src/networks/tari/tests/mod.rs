//! Against the signatures of Tari's own suite, and what they are not under.

mod notifications;

use std::collections::HashSet;

use serde_json::Value;

use super::{MemoClaim, MemoRead, read_memo};
use crate::engine::order::ClaimTold;

const VECTORS: &str = include_str!("../fixtures/signatures.json");

/// The cases under a name, each with whether its signature is right.
fn cases(of: &str) -> Vec<(Value, bool)> {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let cases = vectors[of].as_array().unwrap().clone();
    cases.into_iter().map(|case| (case.clone(), case["valid"].as_bool().unwrap())).collect()
}

#[test]
fn every_claim_of_the_suite_is_judged_as_it_judges() {
    let cases = cases("memo");
    let rights: HashSet<bool> = cases.iter().map(|(_, is_right)| *is_right).collect();
    assert_eq!((cases.len(), rights.len()), (22, 2));
    for (case, is_right) in cases {
        let claim = MemoClaim::parse(&case.to_string()).unwrap();
        assert_eq!(claim.is_valid(), is_right, "{case}");
        let bare = read_memo(&case.to_string());
        assert_eq!(matches!(bare, MemoRead::Claim(_)), is_right);
        let under = read_memo(&serde_json::json!({ "claim": case }).to_string());
        assert_eq!(under, bare, "bare, or under `claim`");
        let address = bare.address();
        let told = bare.told(&address);
        let order_id = case["order_id"].as_str().unwrap();
        let signed = ClaimTold::Signed { address: case["address"].as_str().unwrap(), order_id };
        assert_eq!(told, if is_right { signed } else { ClaimTold::Bad });
    }
}

#[test]
fn the_claim_of_the_rules_is_right() {
    let claim = |order_id: &str| {
        let claim = serde_json::json!({
            "address": "14s9vDTwrweZvWEgQ9gNhXXPX68DPXSSAHNFWYEPi5JsBQY",
            "order_id": order_id,
            "signature": "74236918f5815383ad7a889fa2c26037418b217f983575b5b5cfde21c7bcf3094ca6ff09c43fca8d4040a38e60b57fea622d5919979fae4ccfea93883df6bd00",
        });
        MemoClaim::parse(&claim.to_string()).unwrap()
    };
    assert!(claim("oid554432").is_valid());
    assert!(!claim("oid554433").is_valid());
}

#[test]
fn a_claim_that_cannot_be_read_is_refused_and_names_no_order() {
    let (case, _) = cases("memo").remove(0);
    let with = |key: &str, value: &str| {
        let mut case = case.clone();
        case[key] = value.into();
        case.to_string()
    };
    for (text, word) in [
        (with("signature", "00"), "128"),
        (with("signature", &"z".repeat(128)), "128"),
        (with("address", "14"), "address"),
        ("{\"signature\":7}".to_owned(), "claim"),
    ] {
        let error = MemoClaim::parse(&text).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert_eq!(read_memo(&text), MemoRead::Bad);
    }
    for text in ["", "order 7", "7", "{}", "{\"order_id\":\"7\"}", "[1]", "{\"memo\":"] {
        assert_eq!(read_memo(text), MemoRead::Plain, "{text}");
    }
}
