//! railpoll's own contract with a rail, version 1: the JSON that is asked and answered. The page for those who write the
//! other side is docs/rails.md.
//!
//! Each item of an answer is read by itself, so that one that is wrong spoils no other.

mod deposits;
mod payouts;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub(super) use self::deposits::{ask_deposits, read_arrivals};
pub(super) use self::payouts::{after_payout, ask_pay_out, ask_payouts, read_payout, read_reports};
use super::RailError;
use crate::http::{Cut, brief, object};

/// What a rail of this contract calls itself.
const NAME: &str = "railpoll-rail";
const VERSION: u64 = 1;
/// No word that becomes a column of its own is longer.
const WORD_MAX: usize = 256;

/// A question to a program says what it is; a URL says it otherwise.
#[derive(Serialize)]
pub(super) struct Question<'a, T> {
    pub(super) call: &'static str,
    #[serde(flatten)]
    pub(super) ask: &'a T,
}

/// Who answers.
#[derive(Deserialize)]
pub(super) struct Config {
    name: Option<String>,
    version: Option<u64>,
    #[serde(default)]
    currencies: Vec<String>,
}

pub(super) fn read_config(body: &[u8]) -> Result<Config, String> {
    object(body)
}

impl Config {
    /// Whether it is a rail that we can speak to and that serves `ours`.
    pub(super) fn check(&self, ours: &[String]) -> Result<(), RailError> {
        let wrong = |why: String| Err(RailError::Options(why));
        if self.name.as_deref() != Some(NAME) {
            let name = self.name.as_deref().unwrap_or("nothing");
            return wrong(format!("it calls itself `{}`, not `{NAME}`", brief(name)));
        }
        if self.version != Some(VERSION) {
            let version = self.version.map_or("none".to_owned(), |version| version.to_string());
            return wrong(format!(
                "it speaks version {version} of the contract, we speak {VERSION}"
            ));
        }
        match ours.iter().find(|currency| !self.currencies.contains(currency)) {
            Some(currency) => wrong(format!("it does not serve {currency}")),
            None => Ok(()),
        }
    }
}

/// The items of an answer by their ids. None is an item that contradicts another one.
fn by_id<'a>(items: Vec<&'a [u8]>, key: &str) -> HashMap<String, Option<&'a [u8]>> {
    let mut found: HashMap<String, Option<&[u8]>> = HashMap::with_capacity(items.len());
    for item in items {
        let Some(id) = id_of(item, key) else { continue };
        found
            .entry(id)
            .and_modify(|other| *other = other.filter(|other| *other == item))
            .or_insert(Some(item));
    }
    found
}

/// What an item calls itself: a text, or a whole number in its place, digit for digit. It may be readable though the rest is
/// not.
fn id_of(item: &[u8], key: &str) -> Option<String> {
    let cut = Cut::beginning(item);
    let number = || {
        let digits = cut.raw(key)?.get();
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.to_owned())
    };
    cut.text(key).or_else(number)
}

/// An item as a struct. serde would take a list for one.
fn item<'a, T: Deserialize<'a>>(raw: &'a [u8]) -> Result<T, String> {
    object(raw)
}

/// A word for a column of its own: none if empty, and without control characters, which databases refuse.
fn word(name: &str, text: Option<String>) -> Result<Option<String>, String> {
    match text {
        Some(text) if text.len() > WORD_MAX => {
            Err(format!("{name} is longer than {WORD_MAX} bytes"))
        }
        Some(text) if text.contains(char::is_control) => {
            Err(format!("{name} holds control characters"))
        }
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

/// A text for people: cut, and on one line.
fn message(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(|text| brief(&text))
}

/// Why something failed: a code for programs, and a reason for people.
fn failure(code: Option<String>, reason: Option<String>) -> (String, String) {
    let code = message(code).unwrap_or_else(|| "unspecified".to_owned());
    let reason = message(reason).unwrap_or_else(|| "the rail gives no reason".to_owned());
    (code, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_contract_is_seen_at_once() {
        let ours = ["USD".to_owned()];
        let check = |body: &str| read_config(body.as_bytes()).unwrap().check(&ours);
        assert_eq!(
            check(r#"{"name":"railpoll-rail","version":1,"currencies":["EUR","USD"],"x":1}"#),
            Ok(())
        );
        for (body, why) in [
            ("{}", "it calls itself `nothing`"),
            (
                r#"{"name":"taler-wire-gateway","version":1}"#,
                "it calls itself `taler-wire-gateway`",
            ),
            (r#"{"name":"railpoll-rail"}"#, "it speaks version none"),
            (r#"{"name":"railpoll-rail","version":2}"#, "it speaks version 2"),
            (r#"{"name":"railpoll-rail","version":1}"#, "it does not serve USD"),
        ] {
            let answer = check(body);
            assert!(
                matches!(&answer, Err(RailError::Options(e)) if e.starts_with(why)),
                "{answer:?}"
            );
        }
        for body in ["", "[]", "<html>", r#"{"version":"one"}"#] {
            assert!(read_config(body.as_bytes()).is_err(), "{body}");
        }
    }
}
