//! What a value may be: each function turns one value into a typed one, or says in one line what is wrong with it.
//!
//! Values from the environment and the command line are bare text, so numbers and flags may be text too.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use config::{Value, ValueKind};
use reqwest::Url;
use stellar_strkey::ed25519;

use crate::addresses::{AddressError, TariAddress};
use crate::engine::{Amount, AmountError};

/// Far finer than any price list.
const PERCENT_DECIMALS: u32 = 6;

/// A typed value, or what is wrong.
pub(super) type Parsed<T> = Result<T, String>;

/// A value as TOML: it can be pasted into a file.
pub(super) fn toml_text(value: &Value) -> String {
    match &value.kind {
        // A JSON string is a TOML string too.
        ValueKind::String(text) => serde_json::Value::from(text.as_str()).to_string(),
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_text).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Nil
        | ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_)
        | ValueKind::Table(_) => value.to_string(),
    }
}

/// Whether the value is the text that unsets a key.
pub(super) fn is_empty_text(value: &Value) -> bool {
    matches!(&value.kind, ValueKind::String(text) if text.is_empty())
}

fn bare(value: &Value) -> Option<&str> {
    if let ValueKind::String(text) = &value.kind { Some(text) } else { None }
}

/// Any text.
pub(super) fn text(value: &Value) -> Parsed<String> {
    bare(value).map(str::to_owned).ok_or_else(|| format!("{} is not a text", toml_text(value)))
}

/// `true` or `false`.
pub(super) fn flag(value: &Value) -> Parsed<bool> {
    if let ValueKind::Boolean(flag) = value.kind {
        return Ok(flag);
    }
    let parsed = bare(value).and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| format!("{} is neither true nor false", toml_text(value)))
}

/// A whole number within `range`.
pub(super) fn number(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Parsed<u32> {
    move |value| {
        let parsed = if let ValueKind::I64(number) = value.kind {
            Some(number)
        } else {
            bare(value).and_then(|text| text.parse().ok())
        };
        let written = toml_text(value);
        let number: i64 = parsed.ok_or_else(|| format!("{written} is not a whole number"))?;
        let (least, most) = (range.start(), range.end());
        u32::try_from(number)
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("{number} is not within {least} to {most}"))
    }
}

/// A length of time within `range`, written with units.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&Value) -> Parsed<Duration> {
    move |value| {
        let written = toml_text(value);
        let parsed = bare(value).and_then(|text| humantime::parse_duration(text).ok());
        let duration = parsed.ok_or_else(|| {
            format!("{written} is not a duration such as \"500ms\", \"30s\" or \"1h 30m\"")
        })?;
        if !range.contains(&duration) {
            let [least, most] = [range.start(), range.end()].map(|bound| in_days(*bound));
            return Err(format!("{written} is not within {least} to {most}"));
        }
        Ok(duration)
    }
}

/// A length of time as one would write it: a year is 365 days, and not months with a rest.
fn in_days(duration: Duration) -> String {
    const DAY: u64 = 24 * 3600;
    let seconds = duration.as_secs();
    if seconds > 0 && seconds.is_multiple_of(DAY) && duration.subsec_nanos() == 0 {
        return format!("{}d", seconds / DAY);
    }
    humantime::format_duration(duration).to_string()
}

/// One of the `known` words.
pub(super) fn choice<T: Clone>(known: &[(&str, T)]) -> impl Fn(&Value) -> Parsed<T> {
    move |value| {
        let found = bare(value).and_then(|text| known.iter().find(|(name, _)| *name == text));
        found.map(|(_, choice)| choice.clone()).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            format!("{} is not one of: {}", toml_text(value), names.join(", "))
        })
    }
}

/// The name of a `what`: one of those that are configured.
pub(super) fn one_of(what: &str, known: &[&str]) -> impl Fn(&Value) -> Parsed<String> {
    move |value| {
        let name = text(value)?;
        check_known(what, &name, known)?;
        Ok(name)
    }
}

/// Says so if no `what` of that name is configured.
pub(super) fn check_known(what: &str, name: &str, known: &[&str]) -> Parsed<()> {
    if known.contains(&name) {
        return Ok(());
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(format!("there is no {what} {name:?}; there are: {known}"))
}

/// Whatever `T` reads from text, with an example of it.
pub(super) fn parsed<T: FromStr>(what: &str) -> impl Fn(&Value) -> Parsed<T> {
    move |value| {
        let parsed = bare(value).and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| format!("{} is not {what}", toml_text(value)))
    }
}

/// The address of a listener.
pub(super) fn address(value: &Value) -> Parsed<SocketAddr> {
    parsed("an address and port such as \"127.0.0.1:9101\"")(value)
}

/// A list of texts.
pub(super) fn list(value: &Value) -> Parsed<Vec<String>> {
    let wrong =
        || format!("{} is not a list of texts such as [\"one\", \"two\"]", toml_text(value));
    let ValueKind::Array(items) = &value.kind else { return Err(wrong()) };
    items.iter().map(|item| bare(item).map(str::to_owned).ok_or_else(wrong)).collect()
}

/// A program and its arguments.
pub(super) fn command(value: &Value) -> Parsed<(String, Vec<String>)> {
    let mut words = list(value)?.into_iter();
    match words.next().filter(|program| !program.is_empty()) {
        Some(program) => Ok((program, words.collect())),
        None => Err("this must name a program, such as [\"/usr/local/bin/program\"]".to_owned()),
    }
}

/// An exact decimal number with at most `decimals` decimals, not counting zeros at the end.
pub(super) fn amount(decimals: u32) -> impl Fn(&Value) -> Parsed<Amount> {
    move |value| exact(quoted(value)?, decimals)
}

/// What stands in quotes. A number without them has been through binary, and may not be what was written any more.
pub(super) fn quoted(value: &Value) -> Parsed<&str> {
    bare(value).ok_or_else(|| {
        format!("{} is not a decimal number in quotes such as \"0.25\"", toml_text(value))
    })
}

/// The same of a text.
pub(super) fn exact(text: &str, decimals: u32) -> Parsed<Amount> {
    let amount: Amount = text.parse().map_err(|error: AmountError| error.to_string())?;
    if !amount.fits(decimals) {
        return Err(format!("{text} has more than {decimals} decimals"));
    }
    Ok(amount)
}

/// A part of a whole in percent: less than all of it.
pub(super) fn percent(text: &str) -> Parsed<Amount> {
    let amount = exact(text, PERCENT_DECIMALS)?;
    if is_less(&amount, "100") {
        return Ok(amount);
    }
    Err(format!("{amount} is not within 0 and less than 100 percent"))
}

/// Whether an amount is less than another one, which is plain text.
pub(super) fn is_less(amount: &Amount, bound: &str) -> bool {
    bound.parse().is_ok_and(|bound| *amount < bound)
}

/// A Stellar account's id: `G…`, with the right check sum.
pub(super) fn account(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    check_account(&text)?;
    Ok(text)
}

/// Says what is wrong with an account's id.
pub(super) fn check_account(text: &str) -> Parsed<()> {
    match ed25519::PublicKey::from_string(text) {
        Ok(_) => Ok(()),
        // A seed in its place is not to be repeated.
        Err(_) if text.starts_with('S') => Err("this is no account (G…)".to_owned()),
        Err(_) => Err(format!("{text:?} is no account (G…), or there is a typing error in it")),
    }
}

/// The address of a Tari wallet, as base58. It is not repeated in what is wrong: it may be a key.
pub(super) fn tari_address(value: &Value) -> Parsed<String> {
    let address: TariAddress = text(value)?.parse().map_err(|error: AddressError| {
        format!("this is no address of a Tari wallet, or there is a typing error in it: {error}")
    })?;
    Ok(address.base58())
}

/// A list of JSON pointers (RFC 6901).
pub(super) fn pointers(value: &Value) -> Parsed<Vec<String>> {
    let pointers = list(value)?;
    match pointers.iter().find(|pointer| !is_pointer(pointer)) {
        None => Ok(pointers),
        Some(wrong) => Err(format!("{wrong:?} is not a JSON pointer such as \"/Cdtr/Nm\"")),
    }
}

fn is_pointer(text: &str) -> bool {
    let escapes_are_right = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.starts_with('/') && escapes_are_right
}

/// A URL that requests may be sent to. It is not repeated in what is wrong: it may hold a password.
pub(super) fn url(value: &Value) -> Parsed<Url> {
    let url: Url = text(value)?.parse().map_err(|error| format!("this is not a URL: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(host)) {
        return Err(
            "this URL must begin with https:// (http only on a loopback address)".to_owned()
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL here carries no user and no password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a URL here carries no `?` and no `#`".to_owned());
    }
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
