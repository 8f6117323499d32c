//! JSON in which a name stands twice: one reader takes the first, another the last.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Nothing that anybody sends us is nested deeper.
const DEPTH_MAX: u32 = 100;

/// The sentence about a name that stands twice in one object of `text`, at any depth. None if there is none; what is no
/// JSON is not looked at. What no number can hold, or stands in another field, hides nothing.
pub(crate) fn named_twice(text: &str) -> Option<String> {
    below(text, DEPTH_MAX)
}

fn below(text: &str, depth: u32) -> Option<String> {
    let parts = match text.trim_start().as_bytes().first() {
        Some(b'{') => match serde_json::from_str::<Members<'_>>(text) {
            Ok(members) => members.0,
            Err(error) if error.is_data() => return Some(error.to_string()),
            Err(_) => return None,
        },
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text).ok()?,
        Some(_) | None => return None,
    };
    let mut nested = parts.into_iter().filter(|part| part.get().starts_with(['{', '[']));
    match depth.checked_sub(1) {
        Some(depth) => nested.find_map(|part| below(part.get(), depth)),
        None => nested.next().map(|_| "it is nested too deeply to be read".to_owned()),
    }
}

/// The values of an object in which no name stands twice.
struct Members<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let (mut seen, mut values) = (HashSet::new(), Vec::new());
        while let Some(name) = fields.next_key::<String>()? {
            values.push(fields.next_value::<&RawValue>()?);
            if let Some(name) = seen.replace(name) {
                return Err(A::Error::custom(format!("`{name}` stands there twice")));
            }
        }
        Ok(Members(values))
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
        assert!(named_twice(r#" {"a": [1, [{"b": {"c": 1, "\u0063": 1}}]]}"#).is_some());
        for good in
            [r#"{"a": {"a": 1}, "b": [1.5, null, "x"]}"#, "{", "[]", r#"{"a": -1}"#, "7", ""]
        {
            assert_eq!(named_twice(good), None, "{good}");
        }
    }

    #[test]
    fn nothing_that_stands_before_it_hides_it() {
        for odd in ["1e999", "-1e-999999999", r#""\ud800""#, r#"[1e999, {"x": 1e999}]"#] {
            let text = format!(r#"{{"first": {odd}, "iban": "DE02", "iban": "DE03"}}"#);
            assert!(named_twice(&text).is_some(), "{odd}");
            let text = format!(r#"[{{"first": {odd}, "a": {{"iban": 1, "iban": 2}}}}]"#);
            assert!(named_twice(&text).is_some(), "{odd}");
        }
    }

    #[test]
    fn depth_without_an_end_is_no_way_to_hide() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(named_twice(&deep(50)), None);
        assert!(named_twice(&deep(100_000)).is_some());
    }
}
