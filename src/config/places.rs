//! At which networks, rails and shops a poller works: those that are named, or else all that it can work with.

use std::collections::{BTreeMap, BTreeSet};

use super::network::Kind;
use super::reader::{Reader, Section};
use super::values;
use crate::engine::{PlaceKind, Poller};

/// All that pollers may work at.
pub(super) struct Places<'a> {
    /// The networks by name; no kind where there is a mistake in it.
    pub(super) networks: &'a BTreeMap<String, Option<Kind>>,
    /// The networks that have an asset.
    pub(super) with_assets: BTreeSet<&'a str>,
    /// The rails.
    pub(super) rails: Vec<&'a str>,
    /// The shops.
    pub(super) shops: Vec<&'a str>,
}

/// Where one poller works.
#[derive(Default)]
pub(super) struct Chosen {
    /// The networks; none where there is a mistake in the list, or where the poller has none.
    pub(super) networks: Option<Vec<String>>,
    /// The same for rails.
    pub(super) rails: Option<Vec<String>>,
    /// The same for shops.
    pub(super) shops: Option<Vec<String>>,
    /// Why the poller would have nothing to work on: keys, and what is the matter with them.
    lacks: Vec<(&'static str, String)>,
}

impl Chosen {
    /// Whether the poller would have nothing to work on.
    pub(super) const fn is_idle(&self) -> bool {
        !self.lacks.is_empty()
    }

    /// Why it would have nothing to work on.
    pub(super) fn why(&self) -> String {
        let lacks: Vec<&str> = self.lacks.iter().map(|(_, lack)| lack.as_str()).collect();
        lacks.join(", and ")
    }

    /// Notes why a poller that is enabled has nothing to work on.
    pub(super) fn complain(&self, reader: &mut Reader, section: &Section) {
        for (key, lack) in &self.lacks {
            reader.complain(section, key, format!("the poller is enabled, and {lack}"));
        }
    }
}

impl PlaceKind {
    const fn key(self) -> &'static str {
        match self {
            Self::Network => "networks",
            Self::Rail => "rails",
            Self::Shop => "shops",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Rail => "rail",
            Self::Shop => "shop",
        }
    }
}

/// Reads where `poller` works.
pub(super) fn choose(
    reader: &mut Reader,
    section: &Section,
    poller: Poller,
    places: &Places<'_>,
) -> Chosen {
    let mut chosen = Chosen::default();
    for &sort in poller.facts().places {
        let usable = match sort {
            PlaceKind::Network => usable_networks(poller, places),
            PlaceKind::Rail => places.rails.clone(),
            PlaceKind::Shop => places.shops.clone(),
        };
        let Some(names) = read(reader, section, sort, &usable, places) else { continue };
        let wrong = mistakes_in(&names, sort, &usable, places);
        if wrong.is_empty() {
            chosen.lacks.extend(lacks(poller, sort, &names, places));
        }
        for message in wrong {
            reader.complain(section, sort.key(), message);
        }
        match sort {
            PlaceKind::Network => chosen.networks = Some(names),
            PlaceKind::Rail => chosen.rails = Some(names),
            PlaceKind::Shop => chosen.shops = Some(names),
        }
    }
    chosen
}

/// The networks that a poller can read. One with a mistake in its kind may be meant.
fn usable_networks<'a>(poller: Poller, places: &Places<'a>) -> Vec<&'a str> {
    let can_read = |kind: &Option<Kind>| kind.is_none_or(|kind| kind.pollers().contains(&poller));
    let usable = places.networks.iter().filter(|(_, kind)| can_read(kind));
    usable.map(|(name, _)| name.as_str()).collect()
}

/// The names that are in effect.
fn read(
    reader: &mut Reader,
    section: &Section,
    sort: PlaceKind,
    usable: &[&str],
    places: &Places<'_>,
) -> Option<Vec<String>> {
    let named = reader.optional(section, sort.key(), values::list);
    // A list with a mistake is not the same as no list.
    if named.is_none() && reader.has(section, sort.key()) {
        return None;
    }
    let mut names = match &named {
        Some(named) => named.clone(),
        None => usable.iter().map(|&name| name.to_owned()).collect(),
    };
    if reader.is_inherited(section, sort.key()) {
        // A list for all pollers names networks of several kinds: each poller has its own.
        let is_other = |name: &String| !usable.contains(&name.as_str());
        names.retain(|name| !(places.networks.contains_key(name) && is_other(name)));
    }
    if named.as_ref() != Some(&names) {
        let shown = serde_json::Value::from(names.clone()).to_string();
        reader.show(section, sort.key(), shown);
    }
    Some(names)
}

fn mistakes_in(
    names: &[String],
    sort: PlaceKind,
    usable: &[&str],
    places: &Places<'_>,
) -> Vec<String> {
    let what = sort.word();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for name in names {
        let is_network = sort == PlaceKind::Network && places.networks.contains_key(name);
        if is_network && !usable.contains(&name.as_str()) {
            wrong.push(format!("this poller cannot read the network {name:?}"));
        } else if let Err(message) = values::check_known(what, name, usable) {
            wrong.push(message);
        } else if !seen.insert(name) {
            wrong.push(format!("the {what} {name:?} is named twice"));
        }
    }
    wrong
}

/// Why there is nothing to work on at these places.
fn lacks(
    poller: Poller,
    sort: PlaceKind,
    names: &[String],
    places: &Places<'_>,
) -> Vec<(&'static str, String)> {
    if names.is_empty() {
        return vec![(sort.key(), format!("there is no {} for it", sort.word()))];
    }
    match sort {
        PlaceKind::Rail | PlaceKind::Shop => return Vec::new(),
        PlaceKind::Network if poller.is_of_payments() => return Vec::new(),
        PlaceKind::Network => {}
    }
    let without = names.iter().filter(|name| !places.with_assets.contains(name.as_str()));
    without.map(|name| (sort.key(), format!("no asset is on the network {name:?}"))).collect()
}
