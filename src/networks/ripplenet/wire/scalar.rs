//! Strings, numbers and times, however the network writes them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use chrono::{DateTime, Datelike, Utc};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// No word that we keep in a column of its own is longer.
const WORD_MAX: usize = 256;

/// A value as it came: absent, null, or the token's own text.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// The text of a JSON string, or of a JSON number as it was written.
pub(super) fn text<'a>(name: &str, raw: &'a RawValue) -> Result<Cow<'a, str>, String> {
    let token = raw.get();
    match token.as_bytes() {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
            Ok(Cow::Borrowed(token.trim_matches('"')))
        }
        [b'"', ..] => serde_json::from_str(token)
            .map(Cow::Owned)
            .map_err(|error| format!("{name} cannot be read: {error}")),
        [b'0'..=b'9' | b'-', ..] => Ok(Cow::Borrowed(token)),
        _ => Err(format!("{name} is neither a string nor a number")),
    }
}

/// A word for a column of its own: not empty, not long, and without control characters, which databases refuse.
/// None if it is absent, null or empty.
pub(super) fn word(name: &str, raw: Raw<'_>) -> Result<Option<String>, String> {
    let Some(raw) = raw else { return Ok(None) };
    let text = text(name, raw)?;
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > WORD_MAX {
        return Err(format!("{name} is longer than {WORD_MAX} bytes"));
    }
    if text.contains(char::is_control) {
        return Err(format!("{name} holds control characters"));
    }
    Ok(Some(text.into_owned()))
}

/// The same, where there must be one.
pub(super) fn needed(name: &str, raw: Raw<'_>) -> Result<String, String> {
    word(name, raw)?.ok_or_else(|| format!("{name} is missing"))
}

/// The years that are believed. One of five digits would not fit the network's own bounds of a list.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9000;

/// An ISO 8601 time, cut down to the microsecond, which is what databases keep. None if absent, null or empty.
pub(super) fn time(name: &str, raw: Raw<'_>) -> Result<Option<DateTime<Utc>>, String> {
    match any_time(name, raw)? {
        Some(time) if !YEARS.contains(&time.year()) => Err(no_time(name, &time.to_rfc3339())),
        time => Ok(time),
    }
}

/// A time after which something is over. A year that nobody will see is no such time, and one that nobody has seen is
/// the first that there is.
pub(super) fn deadline(name: &str, raw: Raw<'_>) -> Result<Option<DateTime<Utc>>, String> {
    let Some(time) = any_time(name, raw)? else { return Ok(None) };
    if time.year() > *YEARS.end() {
        return Ok(None);
    }
    Ok(Some(std::cmp::max(time, DateTime::UNIX_EPOCH)))
}

/// A time that nothing depends on: none if it cannot be read, or is none that a database holds.
pub(super) fn told_time(raw: Raw<'_>) -> Option<DateTime<Utc>> {
    time("", raw).ok().flatten()
}

fn any_time(name: &str, raw: Raw<'_>) -> Result<Option<DateTime<Utc>>, String> {
    let Some(raw) = raw else { return Ok(None) };
    let text = text(name, raw)?;
    if text.is_empty() {
        return Ok(None);
    }
    let exact = DateTime::parse_from_rfc3339(&text).map_err(|_| no_time(name, &text))?;
    let time = DateTime::from_timestamp_micros(exact.timestamp_micros());
    time.map(Some).ok_or_else(|| no_time(name, &text))
}

fn no_time(name: &str, text: &str) -> String {
    format!("{name} is not a time: {}", text.chars().take(40).collect::<String>())
}

/// What may come as a list, or, of one thing, as that thing in its place. Nulls are nothing.
pub(super) struct Many<T>(pub(super) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reading<T> {
            type Value = Many<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or an object")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Many<T>, E> {
                Ok(Many::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element::<Option<T>>()? {
                    all.extend(one);
                }
                Ok(Many(all))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Many<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| Many(vec![one]))
            }
        }
        deserializer.deserialize_any(Reading(PhantomData))
    }
}

/// A count, if it is one.
pub(in crate::networks::ripplenet) fn count(raw: Raw<'_>) -> Option<u64> {
    text("", raw?).ok()?.parse().ok()
}

/// A yes or no, also as a string, if it is one.
pub(in crate::networks::ripplenet) fn flag(raw: Raw<'_>) -> Option<bool> {
    raw?.get().trim_matches('"').parse().ok()
}
