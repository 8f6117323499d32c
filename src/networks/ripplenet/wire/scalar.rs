//! Strings, numbers and times, however the network writes them.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Utc};
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

/// An ISO 8601 time, cut down to the microsecond, which is what databases keep. None if absent, null or empty.
pub(super) fn time(name: &str, raw: Raw<'_>) -> Result<Option<DateTime<Utc>>, String> {
    let Some(raw) = raw else { return Ok(None) };
    let text = text(name, raw)?;
    if text.is_empty() {
        return Ok(None);
    }
    let unreadable =
        || format!("{name} is not a time: {}", text.chars().take(40).collect::<String>());
    let exact = DateTime::parse_from_rfc3339(&text).map_err(|_| unreadable())?;
    let time = DateTime::from_timestamp_micros(exact.timestamp_micros()).ok_or_else(unreadable)?;
    // A year of five digits would not fit the network's own bounds of a list.
    if !(1970..=9000).contains(&time.year()) {
        return Err(unreadable());
    }
    Ok(Some(time))
}

/// A count, if it is one.
pub(in crate::networks::ripplenet) fn count(raw: Raw<'_>) -> Option<u64> {
    text("", raw?).ok()?.parse().ok()
}

/// A yes or no, also as a string, if it is one.
pub(in crate::networks::ripplenet) fn flag(raw: Raw<'_>) -> Option<bool> {
    raw?.get().trim_matches('"').parse().ok()
}
