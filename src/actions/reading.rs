//! What a file or a command line says of something new: texts by field, and every fault in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::config::{hidden, nearest};
use crate::engine::{Amount, read_time};

/// Something as it was written: texts by field.
pub(crate) type Fields = BTreeMap<String, String>;

/// Reads field by field, and keeps every fault.
pub(super) struct Reading<'a> {
    fields: &'a Fields,
    pub(super) faults: Vec<String>,
}

impl<'a> Reading<'a> {
    pub(super) const fn of(fields: &'a Fields) -> Self {
        Self { fields, faults: Vec::new() }
    }
}

impl Reading<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.fields.get(name).filter(|text| !text.is_empty()).cloned()
    }

    /// What is in none of these is no field. The first of them are those that may have been meant.
    pub(super) fn refuse_unknown(&mut self, known: &[&str], passed_over: &[&str]) {
        let is_known = |name: &str| known.contains(&name) || passed_over.contains(&name);
        for name in self.fields.keys().filter(|name| !is_known(name)) {
            let near = nearest(name, known.iter().copied());
            let advice = near.map_or_else(String::new, |known| format!("; is it {known}?"));
            self.faults.push(format!("there is no field `{name}`{advice}"));
        }
    }

    /// A seed that was pasted in an address's place would be stored, and shown to whoever looks.
    pub(super) fn refuse_secrets(&mut self) {
        let is_secret = |text: &str| matches!(hidden(text), Cow::Owned(_));
        let told = self.fields.iter().filter(|(_, text)| is_secret(text));
        let faults: Vec<String> = told
            .map(|(name, _)| format!("{name} holds a secret seed or key: nobody else may see it. An address begins with G or M"))
            .collect();
        self.faults.extend(faults);
    }

    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        match self.text(name)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(format!("{name}: {error}"));
                None
            }
        }
    }

    pub(super) fn required<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        if self.text(name).is_none() {
            self.faults.push(format!("{name} is missing"));
        }
        self.parsed(name)
    }

    pub(super) fn amount(&mut self, name: &str) -> Option<Amount> {
        self.parsed(name)
    }

    pub(super) fn time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        match read_time(&self.text(name)?) {
            Ok(time) => Some(time),
            Err(error) => {
                self.faults.push(format!("{name}: {error}"));
                None
            }
        }
    }
}

/// That a name is not in the configuration, and which are.
pub(super) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let there_are = if known.is_empty() {
        "there is none".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    };
    format!("there is no {what} `{name}` in the configuration; {there_are}")
}
