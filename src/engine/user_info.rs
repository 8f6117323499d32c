//! What the sender tells of the parties to a payment, and what it lacks.
//!
//! It is kept as the text that came, and only looked into: a number in it may have more digits than any number type of
//! ours. What cannot be read is never called missing, for what is missing is declined.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The data of the sender and the beneficiary that came with a payment.
#[derive(Debug, Clone)]
pub enum UserInfo {
    /// There surely are none.
    Absent,
    /// The JSON object that came, to the letter.
    Told(Box<RawValue>),
    /// There may be some, but nobody can tell: why.
    Unreadable(String),
}

/// What the sender's data lack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserInfoGap {
    /// There are none at all.
    Absent,
    /// A required part is missing or empty: its JSON pointer.
    Missing(String),
    /// Nobody can tell whether something is missing: why. No reason to decline.
    Unreadable(String),
}

impl UserInfo {
    /// The object, if it is told.
    #[must_use]
    pub fn told(&self) -> Option<&RawValue> {
        match self {
            Self::Told(raw) => Some(raw),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

impl UserInfoGap {
    /// The ISO 20022 code that says so, if it is proven.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing(pointer) if pointer.starts_with("/CdtrAcct") => "AC02",
            Self::Missing(pointer) if pointer.starts_with("/CdtrAgt") => "RC01",
            Self::Missing(pointer) if pointer.starts_with("/Cdtr") => "RR03",
            Self::Missing(pointer) if pointer.starts_with("/Dbtr") => "RR02",
            Self::Missing(_) | Self::Absent => "NARR",
            Self::Unreadable(_) => return None,
        })
    }
}

impl fmt::Display for UserInfoGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("the sender's user_info is missing"),
            Self::Missing(pointer) => write!(f, "the sender's user_info has no {pointer}"),
            Self::Unreadable(why) => write!(f, "the sender's user_info cannot be read: {why}"),
        }
    }
}

/// The first thing that the sender's data lack, of what is required (JSON pointers, RFC 6901). What is proven to be
/// missing goes before what cannot be read.
#[must_use]
pub fn gap_in_user_info(user_info: &UserInfo, required: &[String]) -> Option<UserInfoGap> {
    let info = match user_info {
        UserInfo::Absent => return Some(UserInfoGap::Absent),
        UserInfo::Unreadable(why) => return Some(UserInfoGap::Unreadable(why.clone())),
        UserInfo::Told(info) => info,
    };
    let mut unreadable = None;
    for pointer in required {
        match is_filled(info, pointer) {
            Ok(true) => {}
            Ok(false) if pointer.is_empty() => return Some(UserInfoGap::Absent),
            Ok(false) => return Some(UserInfoGap::Missing(pointer.clone())),
            Err(why) => {
                unreadable.get_or_insert(UserInfoGap::Unreadable(format!("{pointer}: {why}")));
            }
        }
    }
    unreadable
}

/// Whether there is something at `pointer`.
fn is_filled(info: &RawValue, pointer: &str) -> Result<bool, String> {
    let mut at = info;
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        let found = match at.get().as_bytes().first() {
            Some(b'{') => {
                let mut values = members(at)?.into_iter().filter(|(key, _)| *key == name);
                let found = values.next();
                if values.next().is_some() {
                    return Err(format!("`{name}` is there twice"));
                }
                found.map(|(_, value)| value)
            }
            Some(b'[') => {
                let Ok(place) = name.parse::<usize>() else {
                    return Err(format!("a list stands where `{name}` is looked for"));
                };
                items(at)?.get(place).copied()
            }
            Some(b'n') => None,
            _ => return Err(format!("text or a number stands where `{name}` is looked for")),
        };
        let Some(found) = found else { return Ok(false) };
        at = found;
    }
    Ok(match at.get().as_bytes().first() {
        None | Some(b'n') => false,
        Some(b'"') => !text(at)?.trim().is_empty(),
        Some(b'[') => !items(at)?.is_empty(),
        Some(b'{') => !members(at)?.is_empty(),
        Some(_) => true,
    })
}

fn text(raw: &RawValue) -> Result<Cow<'_, str>, String> {
    serde_json::from_str::<String>(raw.get()).map(Cow::Owned).map_err(|error| error.to_string())
}

fn items(raw: &RawValue) -> Result<Vec<&RawValue>, String> {
    serde_json::from_str(raw.get()).map_err(|error| error.to_string())
}

/// The members of a JSON object as they came, each as often as it came.
///
/// # Errors
/// It is no object, or one of its names is no text.
pub fn members(raw: &RawValue) -> Result<Vec<(String, &RawValue)>, String> {
    let read: Result<Members<'_>, _> = serde_json::from_str(raw.get());
    read.map(|members| members.0).map_err(|error| error.to_string())
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> UserInfo {
        UserInfo::Told(RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn each_required_part_must_be_filled() {
        let info = told(
            r#"{"Cdtr": {"Nm": "Peppa Potts", "Id": {}, "a/b": [1, null]}, "CdtrAcct": {"Id": " "}}"#,
        );
        let gap = |pointer: &str| gap_in_user_info(&info, &[pointer.to_owned()]);
        for filled in ["/Cdtr/Nm", "/Cdtr/a~1b", "/Cdtr/a~1b/0", "/Cdtr", ""] {
            assert_eq!(gap(filled), None, "{filled}");
        }
        for missing in ["/Cdtr/Id", "/Cdtr/a~1b/1", "/Cdtr/a~1b/2", "/CdtrAgt/Id/Code"] {
            assert_eq!(gap(missing), Some(UserInfoGap::Missing(missing.to_owned())));
        }
        assert_eq!(gap("/CdtrAcct/Id").and_then(|gap| gap.code()), Some("AC02"));
        assert_eq!(gap("/Dbtr/Nm").and_then(|gap| gap.code()), Some("RR02"));
        assert_eq!(gap_in_user_info(&UserInfo::Absent, &[]), Some(UserInfoGap::Absent));
        assert_eq!(gap_in_user_info(&info, &[]), None);
        let whole = [String::new()];
        assert_eq!(gap_in_user_info(&told("{}"), &whole), Some(UserInfoGap::Absent));
    }

    #[test]
    fn what_cannot_be_read_is_not_missing() {
        let info = told(r#"{"Cdtr": [{"Nm": "P"}], "Dbtr": "N. N.", "Id": 1, "Id": 2}"#);
        for pointer in ["/Cdtr/Nm", "/Dbtr/Nm", "/Id"] {
            let gap = gap_in_user_info(&info, &[pointer.to_owned()]).unwrap();
            assert!(matches!(gap, UserInfoGap::Unreadable(_)), "{pointer}: {gap:?}");
            assert_eq!(gap.code(), None);
        }
        let required = ["/Cdtr/Nm".to_owned(), "/CdtrAcct".to_owned()];
        let gap = gap_in_user_info(&info, &required);
        assert_eq!(gap, Some(UserInfoGap::Missing("/CdtrAcct".to_owned())), "that is proven");
        let unreadable = UserInfo::Unreadable("odd".to_owned());
        assert!(matches!(gap_in_user_info(&unreadable, &[]), Some(UserInfoGap::Unreadable(_))));
    }

    #[test]
    fn a_number_may_be_of_any_size() {
        let info = told(r#"{"CdtrAcct": {"Id": 12345678901234567890123456789, "x": 1e999}}"#);
        for pointer in ["/CdtrAcct/Id", "/CdtrAcct/x"] {
            assert_eq!(gap_in_user_info(&info, &[pointer.to_owned()]), None);
        }
        assert!(info.told().unwrap().get().contains("12345678901234567890123456789"));
    }
}
