//! What must hold for whatever `RippleNet` answers.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{PARTIES, party_names, sender_user_info, tokens, too_large, wire};
use crate::engine::{BadRow, ConnectorRole, Payment, Row, UserInfo, Window};
use crate::fuzzing::{assert_amount, assert_told, assert_word, is_within};

const WINDOW: Window = Window { after: None, before: None, page: 0, size: 100 };
/// The payment of the network's own sample, which most seeds are made of.
const SAMPLE: &str = "f293947c-9067-47d7-a69e-6658070ed482";
const BAD_ROW_MAX: usize = 64 * 1024;

/// A page of the list: no row of it is lost, and none is there twice.
pub fn page(data: &[u8]) {
    if let Ok(beginning) = str::from_utf8(data) {
        assert_bad(&too_large(beginning, "it is too large"), data);
    }
    let listing = match wire::listing(data, &WINDOW, &ConnectorRole::Receiving, None) {
        Ok(listing) => listing,
        Err(why) => return assert_told(&why),
    };
    if let Ok(Value::Object(page)) = serde_json::from_slice(data) {
        let rows = page.get("content").and_then(Value::as_array).map(Vec::len);
        assert_eq!(rows, Some(listing.rows.len()), "understood, or set aside");
    }
    let mut seen = HashSet::new();
    for row in &listing.rows {
        let id = match row {
            Row::Payment(payment) => {
                assert_payment(payment, data);
                Some(payment.payment_id.as_str())
            }
            Row::Bad(bad) => {
                assert_bad(bad, data);
                bad.payment_id.as_deref()
            }
        };
        assert!(id.is_none_or(|id| seen.insert(id)), "{id:?} is there twice");
    }
    assert!(listing.last || !listing.rows.is_empty(), "an empty page is the last");
}

/// One payment: it is the one that was asked for, and reads the same when it is read again.
pub fn payment(data: &[u8]) {
    match wire::single(data, SAMPLE, &ConnectorRole::Sending) {
        Ok(Row::Payment(payment)) => {
            assert_eq!(payment.payment_id, SAMPLE);
            assert_payment(&payment, data);
        }
        Ok(Row::Bad(bad)) => {
            assert_eq!(bad.payment_id.as_deref(), Some(SAMPLE));
            assert_bad(&bad, data);
        }
        Err(why) => assert_told(&why),
    }
}

fn assert_payment(payment: &Payment, body: &[u8]) {
    assert!(is_within(&payment.document, body), "the document is kept byte for byte");
    let words = [Some(&payment.payment_id), Some(&payment.money.currency)];
    let more = [&payment.returns, &payment.returned_by, &payment.end_to_end_id];
    for word in words.into_iter().chain(more.map(Option::as_ref)).flatten() {
        assert!(!word.is_empty());
        assert_word(word);
    }
    for word in [payment.state.as_str(), payment.connector_role.as_str()] {
        assert_word(word);
    }
    payment.sub_states.iter().for_each(|label| assert_word(label));
    let labels: HashSet<_> = payment.sub_states.iter().collect();
    assert_eq!(labels.len(), payment.sub_states.len(), "each label once");
    assert_amount(&payment.money.amount);
    if let Some(payout) = &payment.payout {
        assert_amount(&payout.amount);
        assert_word(&payout.currency);
    }
    let again =
        wire::single(payment.document.as_bytes(), &payment.payment_id, &payment.connector_role);
    assert_eq!(again, Ok(Row::Payment(Box::new(payment.clone()))), "it reads the same again");
}

fn assert_bad(bad: &BadRow, body: &[u8]) {
    assert_told(&bad.reason);
    assert!(bad.raw.len() <= BAD_ROW_MAX, "{} bytes are kept", bad.raw.len());
    assert!(is_within(&bad.raw, body), "{} is not what came", bad.raw);
    if let Some(id) = &bad.payment_id {
        assert_word(id);
    }
}

/// What the sender tells of the parties: it is never called absent where it cannot be read.
pub fn parties(data: &[u8]) {
    let Ok(document) = str::from_utf8(data) else { return };
    let compared = PARTIES.0(document);
    match sender_user_info(document) {
        UserInfo::Told(told) => {
            assert!(told.get() == "{}" || document.contains(told.get()), "told to the letter");
            assert!(told.get().starts_with('{'));
            assert!(!compared.is_null());
        }
        UserInfo::Absent => {
            assert!(compared.is_null());
            let json = serde_json::from_str::<&RawValue>(document);
            assert!(json.is_ok(), "of what cannot be read nothing is known to be absent");
        }
        UserInfo::Unreadable(why) => {
            assert_told(&why);
            assert!(!compared.is_null());
        }
    }
    for name in party_names(document) {
        assert_eq!(name, name.to_lowercase());
    }
}

/// A token has a life that is neither too short nor too long, and nothing of it is in an error.
pub fn token(data: &[u8]) {
    let now = DateTime::<Utc>::UNIX_EPOCH;
    match tokens::read(data, now, 7) {
        Ok(token) => tokens::assert_life(&token, now),
        Err(why) => assert!(why.starts_with("the token"), "{why}"),
    }
}
