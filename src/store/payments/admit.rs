//! Which sightings a database can take: looked at here, so that one row of rubbish does not stop a page.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::engine::{BadRow, Payment, Row};
use crate::store::db::values::{is_in_calendar, stored_time};

/// Bytes in an id. PostgreSQL's indexes take some 2,700 in all columns together.
pub(super) const ID_MAX: usize = 512;
/// No document that opens fewer lists and objects is nested too deeply for a database's functions.
const DEPTH_MAX: usize = 127;
/// Bytes in a state or role.
const WORD_MAX: usize = 128;

/// The row as it is to be stored: itself, or with times as the databases keep them, or a bad row if no database takes it.
pub(super) fn admitted(row: &Row) -> Cow<'_, Row> {
    let payment = match row {
        Row::Payment(payment) => payment,
        Row::Bad(_) => return Cow::Borrowed(row),
    };
    if let Some(reason) = objection(payment) {
        return Cow::Owned(Row::Bad(BadRow {
            payment_id: Some(payment.payment_id.clone()),
            modified_at: Some(payment.modified_at).filter(|at| is_in_calendar(*at)),
            raw: payment.document.clone(),
            reason,
        }));
    }
    if times(payment).all(|time| stored_time(time) == time) {
        return Cow::Borrowed(row);
    }
    let mut kept = payment.clone();
    kept.modified_at = stored_time(kept.modified_at);
    kept.created_at = kept.created_at.map(stored_time);
    kept.expires_at = kept.expires_at.map(stored_time);
    for (_, at) in &mut kept.reached {
        *at = stored_time(*at);
    }
    Cow::Owned(Row::Payment(kept))
}

fn times(payment: &Payment) -> impl Iterator<Item = DateTime<Utc>> {
    let reached = payment.reached.iter().map(|(_, at)| *at);
    [Some(payment.modified_at), payment.created_at, payment.expires_at]
        .into_iter()
        .flatten()
        .chain(reached)
}

/// Why no database takes the payment.
fn objection(payment: &Payment) -> Option<String> {
    if payment.payment_id.is_empty() {
        return Some("it has no id".to_owned());
    }
    for (field, text, most) in texts(payment) {
        if text.contains('\0') {
            return Some(format!("{field} holds a NUL character"));
        }
        if text.len() > most {
            return Some(format!("{field} is longer than {most} bytes"));
        }
    }
    if !times(payment).all(is_in_calendar) {
        return Some("it tells of a time before the year 1 or after 9999".to_owned());
    }
    check_readable(&payment.document)
        .err()
        .map(|error| format!("its document cannot be kept as JSON: {error}"))
}

/// Fails if a document is not JSON that both databases can read.
fn check_readable(document: &str) -> serde_json::Result<()> {
    // What makes them refuse JSON is written with a backslash, or nested deeply. Where neither can be, one quick look
    // at the syntax is enough.
    let bytes = document.as_bytes();
    let opened = bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
    if opened <= DEPTH_MAX && !bytes.contains(&b'\\') {
        serde_json::from_str::<IgnoredAny>(document).map(drop)
    } else {
        serde_json::from_str::<Readable>(document).map(drop)
    }
}

/// Every text that gets a place in a table, and how long it may be.
fn texts(payment: &Payment) -> impl Iterator<Item = (&'static str, &str, usize)> {
    let fields = [
        ("its id", Some(payment.payment_id.as_str()), ID_MAX),
        ("its state", Some(payment.state.as_str()), WORD_MAX),
        ("its connector role", Some(payment.connector_role.as_str()), WORD_MAX),
        ("its currency", Some(payment.money.currency.as_str()), usize::MAX),
        ("its payout", payment.payout.as_ref().map(|payout| payout.currency.as_str()), usize::MAX),
        ("what it returns", payment.returns.as_deref(), usize::MAX),
        ("what returned it", payment.returned_by.as_deref(), usize::MAX),
        ("its end-to-end id", payment.end_to_end_id.as_deref(), usize::MAX),
    ];
    let sub_states =
        payment.sub_states.iter().map(|text| ("a sub-state", text.as_str(), usize::MAX));
    let reached = payment.reached.iter().map(|(state, _)| ("a state", state.as_str(), WORD_MAX));
    fields
        .into_iter()
        .filter_map(|(field, text, most)| Some((field, text?, most)))
        .chain(sub_states)
        .chain(reached)
}

/// JSON that the functions of both databases can read: not nested without end, no NUL, no half of a surrogate pair.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadableVisitor)
    }
}

struct ReadableVisitor;

impl<'de> Visitor<'de> for ReadableVisitor {
    type Value = Readable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Readable, E> {
        Ok(Readable)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Readable, E> {
        if text.contains('\0') { Err(E::custom("a NUL character")) } else { Ok(Readable) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Readable, A::Error> {
        while items.next_element::<Readable>()?.is_some() {}
        Ok(Readable)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Readable, A::Error> {
        while fields.next_entry::<Readable, Readable>()?.is_some() {}
        Ok(Readable)
    }
}
