//! Names that somebody typed: are there such things? A misspelt one must not read as `all quiet`.

use super::failure::Failure;
use crate::config::{Settings, nearest};
use crate::store::Store;

/// What a name is to be one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Network,
    Rail,
    /// A network or a rail.
    Place,
}

/// Refuses a network or rail that is neither in the configuration nor in the database.
pub(super) async fn expect_place(
    settings: &Settings,
    store: &Store,
    kind: Kind,
    name: Option<&str>,
) -> Result<(), Failure> {
    let Some(name) = name else { return Ok(()) };
    let (networks, rails) = (settings.networks.keys(), settings.rails.keys());
    let (what, known): (_, Vec<&str>) = match kind {
        Kind::Network => ("network", networks.map(String::as_str).collect()),
        Kind::Rail => ("rail", rails.map(String::as_str).collect()),
        Kind::Place => ("network or rail", networks.chain(rails).map(String::as_str).collect()),
    };
    // What was taken out of the configuration has its payments and transfers still.
    if known.contains(&name) || store.places().await?.iter().any(|place| place == name) {
        return Ok(());
    }
    Err(no_such(what, name, &known))
}

/// The same for an asset.
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

/// A name that nothing has, and what may have been meant.
pub(super) fn no_such(what: &str, name: &str, known: &[&str]) -> Failure {
    let text = match nearest(name, known.iter().copied()) {
        Some(near) => format!("there is no {what} {name}; did you mean {near}?"),
        None if known.is_empty() => format!("there is no {what} {name}, and none is configured"),
        None => format!("there is no {what} {name}; there are: {}", known.join(", ")),
    };
    Failure::Usage(text)
}

/// How many candidates of an id are told.
pub(super) const CANDIDATES: u32 = 6;
/// A beginning of an id that is shorter may be anybody's.
const BEGINNING_MIN: usize = 4;

/// Whether a text is long enough to be the beginning of an id.
pub(super) fn may_begin(text: &str) -> bool {
    text.chars().count() >= BEGINNING_MIN
}

/// That several ids begin so.
pub(super) fn ambiguous(what: &str, text: &str, candidates: &[String]) -> Failure {
    let shown = usize::try_from(CANDIDATES).unwrap_or(usize::MAX).saturating_sub(1);
    let more = if candidates.len() > shown { ", and more" } else { "" };
    let candidates = candidates.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
    Failure::Refused(format!("several {what} begin with {text}: {candidates}{more}"))
}
