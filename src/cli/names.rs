//! Names that somebody typed: are there such things? A misspelt one must not read as `all quiet`.

use std::iter;

use super::failure::Failure;
use crate::config::{Settings, nearest};
use crate::engine::order::MANUAL;
use crate::engine::{AlertName, Asset, PaymentState};
use crate::store::{BookDay, Store};

/// What events are about: the first word of their subjects.
pub(super) const ABOUT: [&str; 7] =
    ["payment", "transfer", "payout", "refund", "incoming", "order", "alert"];
/// What operators do something to, when they create several at once.
const MANY: &str = "transfers";
/// What operators do something to.
pub(super) const DONE_TO: [&str; 13] = [
    "payment",
    "transfer",
    MANY,
    "payout",
    "incoming",
    "order",
    "customer",
    "wallet",
    "envelope",
    "alert",
    "quarantine",
    "restoration",
    "list",
];

/// What a name is to be one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Network,
    Rail,
    Shop,
    /// A network, a rail or a shop.
    Place,
}

/// The configured names of a kind, and what one of them is called.
fn configured(settings: &Settings, kind: Kind) -> (&'static str, Vec<&str>) {
    let (networks, rails) = (settings.networks.keys(), settings.rails.keys());
    let shops = settings.shops.keys();
    match kind {
        Kind::Network => ("network", networks.map(String::as_str).collect()),
        Kind::Rail => ("rail", rails.map(String::as_str).collect()),
        Kind::Shop => ("shop", shops.map(String::as_str).collect()),
        Kind::Place => {
            let all = networks.chain(rails).chain(shops);
            ("network, rail or shop", all.map(String::as_str).collect())
        }
    }
}

/// Refuses a network, rail or shop that is neither in the configuration nor in the database.
pub(super) async fn expect_place(
    settings: &Settings,
    store: &Store,
    kind: Kind,
    name: Option<&str>,
) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    let (what, known) = configured(settings, kind);
    if known.contains(&name) {
        return Ok(());
    }
    for other in [Kind::Network, Kind::Rail, Kind::Shop].into_iter().filter(|other| *other != kind)
    {
        let (is, others) = configured(settings, other);
        if others.contains(&name) {
            return Err(Failure::Usage(format!("{name} is a {is}, and a {what} is expected")));
        }
    }
    // What was taken out of the configuration has its payments and transfers still.
    if store.places().await?.iter().any(|place| place == name) {
        return Ok(());
    }
    Err(no_such(what, name, &known))
}

/// Refuses a shop that is neither in the configuration nor in the database.
pub(super) async fn expect_shop(
    settings: &Settings,
    store: &Store,
    name: Option<&str>,
) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    let is_known = settings.shops.contains_key(name)
        || store.order_counts().await?.iter().any(|(shop, ..)| shop == name);
    if is_known {
        return Ok(());
    }
    Err(no_such("shop", name, &settings.shops.keys().map(String::as_str).collect::<Vec<_>>()))
}

/// The same for an asset of orders.
pub(super) async fn expect_order_asset(
    settings: &Settings,
    store: &Store,
    name: Option<&str>,
) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    if settings.assets.contains_key(name) || store.has_order_in(name).await? {
        return Ok(());
    }
    Err(no_such("asset", name, &settings.assets.keys().map(String::as_str).collect::<Vec<_>>()))
}

/// The same for an asset and a place of the books, of which these are all days.
pub(super) fn expect_book_place(
    settings: &Settings,
    days: &[BookDay],
    asset: Option<&str>,
    place: Option<&str>,
) -> Result<(), Failure> {
    if let Some(name) = asset {
        let known: Vec<&str> = settings.assets.keys().map(String::as_str).collect();
        if !known.contains(&name) && !days.iter().any(|day| day.asset == name) {
            return Err(no_such("asset", name, &known));
        }
    }
    if let Some(name) = place {
        let (_, mut known) = configured(settings, Kind::Place);
        known.extend(settings.shops.keys().map(String::as_str).chain([MANUAL]));
        if !known.contains(&name) && !days.iter().any(|day| day.place == name) {
            return Err(no_such("place", name, &known));
        }
    }
    Ok(())
}

/// Refuses a state that neither this program knows nor a network has told of.
pub(super) async fn expect_state(
    store: &Store,
    state: Option<&PaymentState>,
) -> Result<(), Failure> {
    let Some(PaymentState::Other(word)) = state else { return Ok(()) };
    if store.has_state(word).await? {
        return Ok(());
    }
    let known = PaymentState::KNOWN.map(|state| state.to_string());
    Err(no_such("state", word, &known.each_ref().map(String::as_str)))
}

/// The same for an asset of a transfer.
pub(super) async fn expect_asset(
    settings: &Settings,
    store: &Store,
    name: Option<&str>,
) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    if settings.assets.contains_key(name) || store.has_asset(name).await? {
        return Ok(());
    }
    let known: Vec<&str> = settings.assets.keys().map(String::as_str).collect();
    Err(no_such("asset", name, &known))
}

/// The same for an asset of incoming money, which may go by what its place calls it. Answers with all that it is called.
pub(super) async fn expect_asset_in(
    settings: &Settings,
    store: &Store,
    name: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let Some(name) = name else { return Ok(Vec::new()) };
    if let Some(asset) = settings.assets.get(name) {
        return Ok(called(asset).collect());
    }
    let ids = settings.assets.values().flat_map(called);
    let mut known: Vec<String> = settings.assets.keys().cloned().chain(ids).collect();
    if known.iter().any(|one| one == name) || store.has_asset_in(name).await? {
        return Ok(vec![name.to_owned()]);
    }
    known.dedup();
    Err(no_such("asset", name, &known.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// What an asset is called at its places.
fn called(asset: &Asset) -> impl Iterator<Item = String> {
    let currency = asset.rail.as_ref().map(|side| side.currency.clone());
    iter::once(asset.code.clone()).chain(currency)
}

/// Refuses a subject of which there can be none: its first word is to be one of `kinds`, and a place or an alert in it one
/// that there is.
pub(super) async fn expect_subject(
    settings: &Settings,
    store: &Store,
    kinds: &[&str],
    subject: Option<&str>,
) -> Result<(), Failure> {
    let Some(subject) = subject else { return Ok(()) };
    let (text, is_open) = match subject.strip_suffix('*') {
        Some(beginning) => (beginning, true),
        None => (subject, false),
    };
    let may_be = |one: &str, written: &str| one == written || is_open && one.starts_with(written);
    let Some((kind, rest)) = text.split_once('/') else {
        if is_open && kinds.iter().any(|kind| kind.starts_with(text))
            || text == MANY && kinds.contains(&MANY)
        {
            return Ok(());
        }
        if kinds.contains(&text) {
            let form = form(text);
            return Err(Failure::Usage(format!("which {text}? A subject is written as {form}")));
        }
        return Err(no_such("kind of subject", text, kinds));
    };
    if !kinds.contains(&kind) {
        return Err(no_such("kind of subject", kind, kinds));
    }
    match (kind, rest.split_once('/')) {
        ("payment", Some((place, _))) => {
            expect_place(settings, store, Kind::Network, Some(place)).await
        }
        ("incoming", Some((place, _))) => {
            expect_place(settings, store, Kind::Place, Some(place)).await
        }
        ("payment" | "incoming", None) => {
            let (_, known) = configured(settings, Kind::Place);
            let places = store.places().await?;
            let mut all = known.iter().copied().chain(places.iter().map(String::as_str));
            if is_open && all.any(|one| may_be(one, rest)) {
                return Ok(());
            }
            let form = form(kind);
            Err(Failure::Usage(format!("a {kind} as a subject is written as {form}")))
        }
        ("alert", _) => {
            let names = AlertName::ALL.map(AlertName::as_str);
            if names.iter().any(|name| may_be(name, rest)) {
                return Ok(());
            }
            Err(no_such("alert", rest, &names))
        }
        _ if rest.is_empty() && !is_open => {
            let form = form(kind);
            Err(Failure::Usage(format!("which {kind}? A subject is written as {form}")))
        }
        _ => Ok(()),
    }
}

/// How a subject of this kind is written.
fn form(kind: &str) -> String {
    match kind {
        "payment" => "payment/NETWORK/PAYMENT, or payment/NETWORK/*".to_owned(),
        "incoming" => "incoming/PLACE/INCOMING, or incoming/PLACE/*".to_owned(),
        "order" => "order/SHOP/ORDER, or order/SHOP/*".to_owned(),
        "customer" => "customer/SHOP/CUSTOMER, or customer/SHOP/*".to_owned(),
        "list" => "list/POLLER/NETWORK, or list/*".to_owned(),
        "alert" => "alert/NAME, or alert/*".to_owned(),
        _ => format!("{kind}/ID, or {kind}/*"),
    }
}

/// A name that nothing has, and what may have been meant.
pub(super) fn no_such(what: &str, name: &str, known: &[&str]) -> Failure {
    let text = match nearest(name, known.iter().copied()) {
        Some(near) => format!("there is no {what} {name}; did you mean {near}?"),
        None if known.is_empty() => format!("there is no {what} {name}, and none is configured"),
        None => format!("there is no {what} {name}; there are: {}", known.join(", ")),
    };
    Failure::Usage(text)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The first words of all subjects that the source makes.
    fn kinds_in(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                kinds_in(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // A subject is made at once, or by what writes it.
            let text = text.replace("write!(f, \"", "format!(\"");
            for made in text.split("format!(\"").skip(1) {
                let word: String = made.chars().take_while(char::is_ascii_lowercase).collect();
                if !word.is_empty() && made[word.len()..].starts_with("/{") {
                    found.push(word);
                }
            }
        }
    }

    #[test]
    fn each_kind_of_subject_is_known() {
        let mut found = Vec::new();
        for room in ["src/store", "src/engine"] {
            kinds_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join(room), &mut found);
        }
        found.sort();
        found.dedup();
        let mut known = [&ABOUT[..], &DONE_TO[..]].concat();
        known.retain(|kind| *kind != MANY);
        known.sort_unstable();
        known.dedup();
        assert_eq!(found, known);
    }
}
