//! The parameters of lists and histories.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Query;
use axum::http::Uri;

use super::options::ParameterNames;
use super::problem::{MALFORMED, MISSING, Problem};

/// What the specification counts when nothing is asked.
const USUAL: i64 = -20;

/// Which rows are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    /// How many at most.
    pub(super) limit: usize,
    /// Oldest first.
    pub(super) ascending: bool,
    /// The row that they begin behind.
    pub(super) offset: Option<u64>,
    /// How long to wait for the first.
    pub(super) patience: Duration,
}

/// The older name of each parameter.
const OLD: [(&str, &str); 3] =
    [("limit", "delta"), ("offset", "start"), ("timeout_ms", "long_poll_ms")];

impl Range {
    /// Reads the query of an address.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn read(uri: &Uri, names: ParameterNames) -> Result<Self, Problem> {
        let told = parameters(uri)?;
        let known = |name: &str| OLD.iter().any(|(new, old)| name == *new || name == *old);
        if let Some(name) = told.keys().find(|name| !known(name)) {
            return Err(MALFORMED.of(format!("there is no parameter {name}")));
        }
        let value = |new: &str| value(&told, new, names);
        let limit = match value("limit")? {
            Some(text) => number::<i64>("limit", text)?,
            None if names == ParameterNames::OldOnly => {
                return Err(MISSING.of("delta is missing"));
            }
            None => USUAL,
        };
        if limit == 0 {
            return Err(MALFORMED.of("limit is 0"));
        }
        let offset = value("offset")?.map(|text| number::<u64>("offset", text)).transpose()?;
        let patience = value("timeout_ms")?.map(|text| number::<u64>("timeout_ms", text));
        Ok(Self {
            limit: usize::try_from(limit.unsigned_abs()).unwrap_or(usize::MAX),
            ascending: limit > 0,
            offset,
            patience: Duration::from_millis(patience.transpose()?.unwrap_or(0)),
        })
    }
}

/// The parameters of an address, each of them once.
///
/// # Errors
///
/// When they cannot be read.
fn parameters(uri: &Uri) -> Result<BTreeMap<String, String>, Problem> {
    let unreadable = |_| MALFORMED.of("the query cannot be read");
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(unreadable)?;
    let mut told = BTreeMap::new();
    for (name, value) in pairs {
        if told.contains_key(&name) {
            return Err(MALFORMED.of(format!("{name} is there twice")));
        }
        told.insert(name, value);
    }
    Ok(told)
}

/// The value of a parameter under the name that the gateway knows.
fn value<'a>(
    told: &'a BTreeMap<String, String>,
    new: &str,
    names: ParameterNames,
) -> Result<Option<&'a str>, Problem> {
    let old = OLD.iter().find(|(name, _)| *name == new).map_or(new, |(_, old)| old);
    let (ours, older) = (told.get(new).map(String::as_str), told.get(old).map(String::as_str));
    if let (Some(ours), Some(older)) = (ours, older)
        && ours != older
    {
        return Err(MALFORMED.of(format!("{new} is {ours}, and {old} is {older}")));
    }
    Ok(match names {
        ParameterNames::OldOnly => older,
        ParameterNames::NewOnly => ours,
        ParameterNames::Both => ours.or(older),
    })
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| MALFORMED.of(format!("{name} [{text}] is no such number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, list: ParameterNames) -> Result<Range, Problem> {
        Range::read(&format!("http://localhost/x?{query}").parse().unwrap(), list)
    }

    fn range(limit: usize, ascending: bool, offset: Option<u64>, patience: u64) -> Range {
        let patience = Duration::from_millis(patience);
        Range { limit, ascending, offset, patience }
    }

    const BOTH: ParameterNames = ParameterNames::Both;
    const OLD_ONLY: ParameterNames = ParameterNames::OldOnly;
    const NEW_ONLY: ParameterNames = ParameterNames::NewOnly;

    #[test]
    fn either_names_are_known_where_they_should_be() {
        let new = "limit=5&offset=7&timeout_ms=100";
        let old = "delta=5&start=7&long_poll_ms=100";
        let asked = range(5, true, Some(7), 100);
        let usual = range(20, false, None, 0);
        assert_eq!(read(new, BOTH), Ok(asked.clone()));
        assert_eq!(read(old, BOTH), Ok(asked.clone()));
        assert_eq!(read(new, NEW_ONLY), Ok(asked.clone()));
        assert_eq!(read(old, NEW_ONLY), Ok(usual.clone()), "they mean nothing there");
        assert_eq!(read(old, OLD_ONLY), Ok(asked.clone()));
        assert!(read(new, OLD_ONLY).is_err(), "delta is missing");
        for list in [BOTH, OLD_ONLY, NEW_ONLY] {
            assert_eq!(read(&format!("{new}&{old}"), list), Ok(asked.clone()));
        }
        assert_eq!(read("", BOTH), Ok(usual));
        assert_eq!(read("limit=-3", BOTH), Ok(range(3, false, None, 0)));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for query in [
            "limit=0",
            "limit=x",
            "limit=1.5",
            "offset=-1",
            "timeout_ms=soon",
            "page=1",
            "limit=1&limit=1",
            "limit=1&delta=2",
            "offset=1&start=2",
            "status=success",
        ] {
            assert!(read(query, BOTH).is_err(), "{query}");
        }
    }
}
