//! Objects for programs, whose keys stand in the order in which they were written: a map of `serde_json` would sort them.

use std::fmt;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// An object: its keys with their values, in their order.
#[derive(Debug, Clone, Default)]
pub struct Keyed(Vec<(&'static str, Box<RawValue>)>);

impl Keyed {
    /// The same with one key more, at the end. What cannot be JSON, such as a map whose keys are no texts, becomes null.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &(impl Serialize + ?Sized)) -> Self {
        let value = to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned());
        self.0.push((key, value));
        self
    }

    /// The same with the keys of `more` behind its own.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }
}

impl Serialize for Keyed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl fmt::Display for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// Makes a [`Keyed`] of keys and what stands at them.
macro_rules! keyed {
    ($($key:literal: $value:expr),+ $(,)?) => {
        $crate::engine::Keyed::default()$(.with($key, &$value))+
    };
}
pub(crate) use keyed;

#[cfg(test)]
mod tests {
    #[test]
    fn keys_stand_as_they_were_written() {
        let inner = keyed! { "z": 1, "a": None::<u8> };
        let object = keyed! { "what": "it", "b": inner, "list": [true] };
        let text = r#"{"what":"it","b":{"z":1,"a":null},"list":[true],"0":"end"}"#;
        assert_eq!(object.and(keyed! { "0": "end" }).to_string(), text);
    }
}
