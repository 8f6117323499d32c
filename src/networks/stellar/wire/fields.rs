//! One JSON object and its fields, however Horizon writes them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// No word that we keep in a column of its own is longer.
const WORD_MAX: usize = 256;

/// The fields of an object. Each getter is `None` if the field is absent, null, or something else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

/// Reads a body that must be a JSON object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("the answer is not a JSON object".to_owned()),
        Err(error) => Err(format!("the answer cannot be read: {error}")),
    }
}

impl<'a> Fields<'a> {
    pub(super) const fn new(fields: &'a Map<String, Value>) -> Self {
        Self(fields)
    }

    /// A string that is not empty, not long, and without control characters, which databases refuse.
    pub(super) fn word(self, name: &str) -> Option<&'a str> {
        let text = self.string(name)?;
        let fits = !text.is_empty() && text.len() <= WORD_MAX && !text.contains(char::is_control);
        fits.then_some(text)
    }

    /// A string, whatever is in it.
    pub(super) fn string(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// A whole number, also as a string.
    pub(super) fn number<T: std::str::FromStr>(self, name: &str) -> Option<T> {
        match self.0.get(name)? {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A yes or no.
    pub(super) fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// An ISO 8601 time, cut down to the microsecond, which is what databases keep.
    pub(super) fn time(self, name: &str) -> Option<DateTime<Utc>> {
        let exact = DateTime::parse_from_rfc3339(self.string(name)?).ok()?;
        DateTime::from_timestamp_micros(exact.timestamp_micros())
    }

    /// An object in it.
    pub(super) fn inner(self, name: &str) -> Option<Self> {
        self.0.get(name)?.as_object().map(Self)
    }

    /// The objects of a list. What is no object is left out.
    pub(super) fn list(self, name: &str) -> impl Iterator<Item = Self> {
        self.values(name).filter_map(Value::as_object).map(Self)
    }

    /// The strings of a list. What is no string is left out.
    pub(super) fn words(self, name: &str) -> impl Iterator<Item = &'a str> {
        self.values(name).filter_map(Value::as_str)
    }

    fn values(self, name: &str) -> std::slice::Iter<'a, Value> {
        self.0.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice).iter()
    }

    /// The same, where there must be one.
    pub(super) fn needed<T>(name: &str, found: Option<T>) -> Result<T, String> {
        found.ok_or_else(|| format!("{name} is missing, or cannot be read"))
    }
}
