//! One JSON object and its fields, however Horizon writes them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::http::{Cut, named_twice};

/// No word that we keep in a column of its own is longer.
const WORD_MAX: usize = 256;

/// The fields of an object. `None` is a field that is absent or null; one that is there and cannot be read is an error,
/// and never taken for absent: where money goes may hang on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

/// Reads a body that must be a JSON object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => match str::from_utf8(body).ok().and_then(named_twice) {
            // Which of them is meant? Where money goes may hang on it.
            Some(twice) => Err(format!("the answer cannot be read: {twice}")),
            None => Ok(fields),
        },
        Ok(_) => Err("the answer is not a JSON object".to_owned()),
        Err(error) => Err(format!("the answer cannot be read: {error}")),
    }
}

/// Reads these fields of an object, and no others: what is wrong with those is nobody's concern.
pub(super) fn picked(raw: &[u8], names: &[&str]) -> Result<Map<String, Value>, String> {
    let cut = Cut::object(raw)?;
    let mut fields = Map::new();
    for name in names {
        let Some(value) = cut.field(name)? else { continue };
        let wrong = |why: String| format!("{name} cannot be read: {why}");
        let text = str::from_utf8(value).map_err(|error| wrong(error.to_string()))?;
        if let Some(twice) = named_twice(text) {
            return Err(wrong(twice));
        }
        let value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        fields.insert((*name).to_owned(), value);
    }
    Ok(fields)
}

/// One field of an object that may be broken elsewhere. None if it cannot be read.
pub(super) fn salvaged<T>(
    cut: &Cut<'_>,
    name: &str,
    read: impl Fn(Fields<'_>, &str) -> Result<Option<T>, String>,
) -> Option<T> {
    let value = serde_json::from_slice(cut.field(name).ok()??).ok()?;
    read(Fields::new(&Map::from_iter([(name.to_owned(), value)])), name).ok()?
}

/// Whether a word can be where a record stands: a whole number of 64 bits.
pub(in crate::networks::stellar) fn is_place(word: &str) -> bool {
    (1..=20).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'a> Fields<'a> {
    pub(super) const fn new(fields: &'a Map<String, Value>) -> Self {
        Self(fields)
    }

    /// A string that is not empty, not long, and without control characters, which databases refuse.
    pub(super) fn word(self, name: &str) -> Result<Option<&'a str>, String> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let fits = !text.is_empty() && text.len() <= WORD_MAX && !text.contains(char::is_control);
        if fits { Ok(Some(text)) } else { Err(format!("{name} is no word")) }
    }

    /// A string, whatever is in it.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, String> {
        let text = |value: &'a Value| value.as_str().ok_or_else(|| format!("{name} is no text"));
        self.value(name).map(text).transpose()
    }

    /// A whole number, as a number or as a string: digit for digit, for a double has not enough of them.
    pub(super) fn number<T: std::str::FromStr>(self, name: &str) -> Result<Option<T>, String> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = match value {
            // The parser would take a sign for part of a number.
            Value::String(text) if text.starts_with('+') => None,
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        number.map(Some).ok_or_else(|| format!("{name} is not a number that can be"))
    }

    /// A word, or the digits of a whole number that stands in its place.
    fn id(self, name: &str) -> Result<Option<String>, String> {
        match self.value(name) {
            Some(Value::Number(_)) => Ok(self.number::<u64>(name)?.map(|id| id.to_string())),
            Some(_) | None => Ok(self.word(name)?.map(str::to_owned)),
        }
    }

    /// Where a record stands in its list, and what it is called: digits, also as a number. It goes into the URLs of later
    /// questions, where another word may mean something else.
    pub(super) fn place(self, name: &str) -> Result<Option<String>, String> {
        let id = self.id(name)?;
        if id.as_deref().is_none_or(is_place) {
            Ok(id)
        } else {
            Err(format!("{name} is no place in a list"))
        }
    }

    /// A yes or no.
    pub(super) fn flag(self, name: &str) -> Result<Option<bool>, String> {
        let flag = |value: &Value| value.as_bool().ok_or_else(|| format!("{name} is no yes or no"));
        self.value(name).map(flag).transpose()
    }

    /// An ISO 8601 time, cut down to the microsecond, which is what databases keep.
    pub(super) fn time(self, name: &str) -> Result<Option<DateTime<Utc>>, String> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let exact = DateTime::parse_from_rfc3339(text).ok();
        let time = exact.and_then(|time| DateTime::from_timestamp_micros(time.timestamp_micros()));
        time.map(Some).ok_or_else(|| format!("{name} is no time"))
    }

    /// An object in it.
    pub(super) fn inner(self, name: &str) -> Result<Option<Self>, String> {
        let inner =
            |value: &'a Value| value.as_object().ok_or_else(|| format!("{name} is no object"));
        Ok(self.value(name).map(inner).transpose()?.map(Self))
    }

    /// The objects of a list.
    pub(super) fn list(self, name: &str) -> Result<Vec<Self>, String> {
        let one = |value: &'a Value| value.as_object().map(Self);
        let all = self.values(name)?.iter().map(one).collect::<Option<Vec<_>>>();
        all.ok_or_else(|| format!("{name} has something that is no object"))
    }

    /// The strings of a list.
    pub(super) fn words(self, name: &str) -> Result<Vec<&'a str>, String> {
        let all = self.values(name)?.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
        all.ok_or_else(|| format!("{name} has something that is no text"))
    }

    fn values(self, name: &str) -> Result<&'a [Value], String> {
        let Some(value) = self.value(name) else { return Ok(&[]) };
        value.as_array().map(Vec::as_slice).ok_or_else(|| format!("{name} is no list"))
    }

    fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The same, where there must be one.
    pub(super) fn needed<T>(name: &str, found: Result<Option<T>, String>) -> Result<T, String> {
        found?.ok_or_else(|| format!("{name} is missing"))
    }
}
