//! JSON in which a name stands twice: one reader takes the first, another the last.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The sentence about a name that stands twice in one object of `text`, at any depth. None if there is none; what is no
/// JSON is not looked at.
pub(super) fn named_twice(text: &str) -> Option<String> {
    match serde_json::from_str::<Unique>(text) {
        Err(error) if error.is_data() => Some(error.to_string()),
        Ok(_) | Err(_) => None,
    }
}

struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Unique, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            fields.next_value::<Unique>()?;
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("`{name}` stands there twice")));
            }
        }
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_once_in_each_object() {
        let told = named_twice(r#"{"iban": "DE02", "iban": "DE03"}"#).unwrap();
        assert!(told.contains("`iban` stands there twice"), "{told}");
        assert!(named_twice(r#"{"a": [{"b": 1, "b": 1}]}"#).is_some());
        for good in [r#"{"a": {"a": 1}, "b": [1.5, null, "x"]}"#, "{", "[]", r#"{"a": -1}"#] {
            assert_eq!(named_twice(good), None, "{good}");
        }
    }
}
