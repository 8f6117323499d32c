//! Files of transfers: JSON lines or CSV, read line by line.

use std::io::{BufRead, BufReader, Read};

use clap::ValueEnum;
use serde_json::value::RawValue;

use super::new::Fields;
use super::unique::named_twice;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// One JSON object per line
    Json,
    /// Comma-separated, with a line of field names first
    Csv,
}

/// A line of the file: its number, from 1, and what it holds, or why it cannot be read.
pub(super) type Line = (u64, Result<Fields, String>);

/// Reads all lines of a file.
///
/// # Errors
/// The file cannot be read as such: its bytes, or a CSV's heading.
pub(super) fn read(source: impl Read, format: Format) -> Result<Vec<Line>, String> {
    match format {
        Format::Json => json(BufReader::new(source)),
        Format::Csv => csv(source),
    }
}

fn json(source: impl BufRead) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(source.lines()) {
        let line = line.map_err(|error| format!("line {number}: {error}"))?;
        if !line.trim().is_empty() {
            lines.push((number, object(&line)));
        }
    }
    Ok(lines)
}

fn object(line: &str) -> Result<Fields, String> {
    if let Some(fault) = named_twice(line) {
        return Err(fault);
    }
    let told: std::collections::BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(line).map_err(|error| format!("not a JSON object: {error}"))?;
    told.into_iter()
        .filter(|(_, raw)| raw.get() != "null")
        .map(|(name, raw)| Ok((name, text(&raw)?)))
        .collect()
}

/// A JSON value as text: a string's own, else as it is written, so that no number is rounded.
fn text(raw: &RawValue) -> Result<String, String> {
    if raw.get().starts_with('"') {
        return serde_json::from_str(raw.get()).map_err(|error| error.to_string());
    }
    Ok(raw.get().to_owned())
}

fn csv(source: impl Read) -> Result<Vec<Line>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source);
    let heading = reader.headers().map_err(|error| format!("the heading: {error}"))?.clone();
    let mut seen = std::collections::HashSet::new();
    if let Some(name) = heading.iter().find(|name| !seen.insert(*name)) {
        return Err(format!("the heading: `{name}` stands there twice"));
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let number = record.position().map_or(0, csv::Position::line);
                let fields = heading.iter().zip(record.iter());
                let given = fields.filter(|(_, text)| !text.is_empty());
                let fields = given.map(|(name, text)| (name.to_owned(), text.to_owned()));
                lines.push((number, Ok(fields.collect())));
            }
            Err(error) => {
                let number = error.position().map_or(0, csv::Position::line);
                lines.push((number, Err(error.to_string())));
            }
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(line: &Line, name: &str) -> Option<String> {
        line.1.as_ref().unwrap().get(name).cloned()
    }

    #[test]
    fn json_lines_keep_their_numbers_and_digits() {
        let text = "{\"amount_in\": 1.10, \"memo\": \"7\", \"rail\": null}\n\n[1]\n{\"beneficiary\": {\"a\": 1}}\n";
        let lines = read(text.as_bytes(), Format::Json).unwrap();
        assert_eq!(lines.iter().map(|line| line.0).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(field(&lines[0], "amount_in").as_deref(), Some("1.10"));
        assert_eq!(field(&lines[0], "memo").as_deref(), Some("7"));
        assert_eq!(field(&lines[0], "rail"), None);
        assert!(lines[1].1.is_err());
        assert_eq!(field(&lines[2], "beneficiary").as_deref(), Some("{\"a\": 1}"));
    }

    #[test]
    fn what_is_named_twice_is_refused() {
        let lines = read("{\"memo\": \"7\", \"memo\": \"8\"}\n".as_bytes(), Format::Json).unwrap();
        let fault = lines[0].1.as_ref().unwrap_err();
        assert!(fault.contains("`memo` stands there twice"), "{fault}");
        let nested = "{\"beneficiary\": {\"iban\": \"a\", \"iban\": \"b\"}}\n";
        assert!(read(nested.as_bytes(), Format::Json).unwrap()[0].1.is_err());
        let fault = read("memo,kind,memo\n7,send,8\n".as_bytes(), Format::Csv).unwrap_err();
        assert!(fault.contains("`memo` stands there twice"), "{fault}");
    }

    #[test]
    fn csv_has_a_heading_and_quotes() {
        let text = "transfer_id, beneficiary,memo\nt1,\"{\"\"a\"\": \"\"b,c\"\"}\",\nt2\n";
        let lines = read(text.as_bytes(), Format::Csv).unwrap();
        assert_eq!(field(&lines[0], "beneficiary").as_deref(), Some("{\"a\": \"b,c\"}"));
        assert_eq!(field(&lines[0], "memo"), None);
        assert_eq!((lines[0].0, lines[1].0), (2, 3));
        assert!(lines[1].1.is_err());
    }
}
