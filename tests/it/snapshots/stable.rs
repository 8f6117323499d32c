//! What differs from run to run, in words that do not: times, ids, hashes, ports, folders.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use serde_json::{Map, Value};

/// Keys whose values are the machine's, or depend on how fast it is; or are what a network wrote, which are no words of ours.
const OF_THE_MACHINE: [&str; 7] =
    ["uid", "login_uid", "host", "sequence", "ledger", "restoration_id", "raw"];

/// The names that things bear in one text: the same thing has the same name everywhere.
#[derive(Default)]
pub(crate) struct Names {
    known: Vec<(String, String)>,
    /// How many of each sort have a name.
    numbers: BTreeMap<&'static str, usize>,
}

impl Names {
    /// What `text` is to be called.
    pub(crate) fn know(&mut self, text: impl Into<String>, name: impl Into<String>) {
        self.known.push((text.into(), name.into()));
    }

    /// The same text in every run. The keys of objects are in the order of the alphabet.
    pub(crate) fn stable(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (known, name) in &self.known {
            text = text.replace(known, name);
        }
        text.lines().map(|line| self.line(line) + "\n").collect()
    }

    fn line(&mut self, line: &str) -> String {
        if let Ok(Value::Object(mut object)) = serde_json::from_str(line) {
            if object.contains_key("contract_hash") {
                return "DOCUMENT".to_owned();
            }
            self.object(&mut object);
            return Value::Object(object).to_string();
        }
        let margin = line.len() - line.trim_start().len();
        let cells = line.trim().split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        let cells: Vec<String> = cells.map(|cell| self.text(cell)).collect();
        // How wide a column is depends on what stands in it.
        line[..margin].to_owned() + &cells.join("  ")
    }

    fn object(&mut self, object: &mut Map<String, Value>) {
        for (key, value) in object {
            // Nobody has logged in where a machine runs the tests.
            let is_told = !value.is_null() || key == "login_uid";
            if is_told && OF_THE_MACHINE.contains(&key.as_str()) {
                *value = Value::from(key.to_uppercase());
            }
            self.value(value);
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Object(object) => self.object(object),
            Value::Array(list) => list.iter_mut().for_each(|value| self.value(value)),
            Value::String(text) => *text = self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-_:.".contains(c);
        let mut told = String::new();
        let mut word = String::new();
        for c in text.chars().chain([' ']) {
            if is_part(c) {
                word.push(c);
                continue;
            }
            let end = word.trim_end_matches(['.', ':']).len();
            let rest = word.split_off(end);
            told.push_str(&self.word(&word));
            told.push_str(&rest);
            word.clear();
            told.push(c);
        }
        told.pop();
        let told = distances(&told);
        if told == "now" { "AGO".to_owned() } else { told.replace("(now)", "(AGO)") }
    }

    fn word(&mut self, word: &str) -> String {
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let parts: Vec<&str> = word.split(':').collect();
        if DateTime::parse_from_rfc3339(word).is_ok() {
            "TIME".to_owned()
        } else if word.parse::<NaiveDate>().is_ok() {
            "DATE".to_owned()
        } else if word.len() == 36 && word.split('-').count() == 5 && is_hex(&word.replace('-', ""))
        {
            self.named("ID", word)
        } else if word.len() == 64 && is_hex(word) {
            self.named("HASH", word)
        } else if word.starts_with("OUT-") {
            // The bank's names are in the order in which payouts reached it.
            "OUT-NUMBER".to_owned()
        } else if word.starts_with("127.0.0.1:") {
            "127.0.0.1:PORT".to_owned()
        } else if parts.len() == 3 && parts[2].len() == 8 && is_hex(parts[2]) {
            "HOLDER".to_owned()
        } else if word.len() > 8 && word.bytes().all(|byte| byte.is_ascii_digit()) {
            "NUMBER".to_owned()
        } else if word.len() == 5
            && parts.len() == 2
            && word.replace(':', "").parse::<u16>().is_ok()
        {
            "CLOCK".to_owned()
        } else {
            word.to_owned()
        }
    }

    fn named(&mut self, sort: &'static str, word: &str) -> String {
        if let Some((_, name)) = self.known.iter().find(|(known, _)| known == word) {
            return name.clone();
        }
        let number = self.numbers.entry(sort).or_default();
        *number += 1;
        let name = format!("{sort}-{number}");
        self.know(word, name.clone());
        name
    }
}

/// `12 s ago` is AGO, and `in 3 min` is LATER.
fn distances(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    let is_span = |pair: &[&str]| {
        let unit = pair[1].trim_end_matches([')', ',', ';', ':', '.']);
        pair[0].trim_start_matches('(').parse::<u32>().is_ok()
            && ["s", "min", "h", "d", "days"].contains(&unit)
    };
    let mut at = 0;
    let mut told: Vec<String> = Vec::new();
    while at < words.len() {
        let rest = &mut words[at..];
        if rest.len() >= 3 && is_span(rest) && rest[2].starts_with("ago") {
            let lead = if rest[0].starts_with('(') { "(" } else { "" };
            told.push(format!("{lead}AGO{}", &rest[2]["ago".len()..]));
            at += 3;
        } else if rest.len() >= 3 && rest[0].ends_with("in") && is_span(&rest[1..]) {
            let lead = &rest[0][..rest[0].len() - "in".len()];
            let unit = rest[2].trim_end_matches([')', ',', ';', ':', '.']).len();
            told.push(format!("{lead}LATER{}", &rest[2][unit..]));
            at += 3;
        } else {
            told.push(rest[0].to_owned());
            at += 1;
        }
    }
    told.join(" ")
}

#[test]
fn what_differs_from_run_to_run_has_a_name() {
    let mut names = Names::default();
    names.know("/tmp/x", "FOLDER");
    let a = "0f7d1c9e-7e1e-4a7c-9a55-0123456789ab";
    let said = format!("  {a}   12 s ago   in 3 min.  /tmp/x/{a} host:12:0123abcd (in 4 h)  now\n");
    assert_eq!(names.stable(&said), "  ID-1  AGO  LATER.  FOLDER/ID-1 HOLDER (LATER)  AGO\n");
    let said = "{\"at\":\"2026-01-01T00:00:00.000000Z\",\"uid\":7,\"n\":1}\n";
    assert_eq!(names.stable(said), "{\"at\":\"TIME\",\"n\":1,\"uid\":\"UID\"}\n");
    assert_eq!(names.stable("until 12:31 UTC on 2026-01-01\n"), "until CLOCK UTC on DATE\n");
}
