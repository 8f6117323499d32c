//! Reads the merged layers key by key, and keeps every mistake.
//!
//! Whoever builds a setting asks for its keys one by one. A value that is refused is noted as a mistake and counts as
//! absent, so that reading goes on to the next key. A key that nobody asked for is unknown.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use config::Value;

use super::errors::Mistake;
use super::layers::BUILT_IN;
use super::values::{Parsed, is_empty_text, toml_text};

/// A key in effect, for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveKey {
    /// The whole key.
    pub key: String,
    /// The value as TOML, secrets hidden.
    pub value: String,
    /// Where the value comes from; with the key there, if it is set for all networks or all pollers.
    pub origin: String,
}

/// A table of the configuration, and the table it inherits from.
#[derive(Debug, Clone)]
pub(super) struct Section {
    path: String,
    parent: Option<String>,
}

impl Section {
    /// A section that inherits nothing. One under `defaults` is what others start from: nothing has to be there.
    pub(super) fn root(path: &str) -> Self {
        Self { path: path.to_owned(), parent: None }
    }

    /// The section `group.name`, which starts from `parent`.
    pub(super) fn heir(group: &str, name: &str, parent: &str) -> Self {
        Self { path: format!("{group}.{name}"), parent: Some(parent.to_owned()) }
    }

    /// The section `name` in this one; it inherits from the section of the same name in this one's parent.
    pub(super) fn sub(&self, name: &str) -> Self {
        Self {
            path: self.key(name),
            parent: self.parent.as_ref().map(|parent| format!("{parent}.{name}")),
        }
    }

    /// Whether others start from this section, and nothing is made of it itself.
    pub(super) fn is_defaults(&self) -> bool {
        self.path.starts_with("defaults.")
    }

    /// The whole key of `name` in this section.
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }
}

/// The merged layers, what was asked of them, and what was wrong.
pub(super) struct Reader {
    values: BTreeMap<String, Value>,
    known: BTreeSet<String>,
    effective: BTreeMap<String, EffectiveKey>,
    mistakes: BTreeSet<Mistake>,
}

impl Reader {
    pub(super) fn new(values: BTreeMap<String, Value>) -> Self {
        Self {
            values,
            known: BTreeSet::new(),
            effective: BTreeMap::new(),
            mistakes: BTreeSet::new(),
        }
    }

    /// The names of the sections in `group`, e.g. of the networks.
    pub(super) fn names_in(&self, group: &str) -> BTreeSet<String> {
        let inside =
            self.values.keys().filter_map(|key| key.strip_prefix(group)?.strip_prefix('.'));
        inside.filter_map(|rest| Some(rest.split_once('.')?.0.to_owned())).collect()
    }

    /// Whether the section or the one it inherits from sets `name`.
    pub(super) fn has(&self, section: &Section, name: &str) -> bool {
        self.lookup(section, name).is_some()
    }

    /// The value of `name`; absent if nobody set it, or if `parse` refuses it, which is then noted.
    pub(super) fn optional<T: Any>(
        &mut self,
        section: &Section,
        name: &str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        self.known.insert(section.key(name));
        self.known.extend(section.parent.as_ref().map(|parent| format!("{parent}.{name}")));
        let (key, value) = self.lookup(section, name)?;
        let (key, value) = (key, value.clone());
        match parse(&value) {
            Ok(parsed) => {
                let shown = shown(&parsed, &value);
                self.show(section, name, shown);
                Some(parsed)
            }
            Err(message) => {
                self.note(origin_of(&value).to_owned(), key, message);
                None
            }
        }
    }

    /// As [`Self::optional`], but it is a mistake if nobody set it.
    pub(super) fn required<T: Any>(
        &mut self,
        section: &Section,
        name: &str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        let value = self.optional(section, name, parse);
        if !self.has(section, name) {
            self.complain(section, name, "missing, and it has no default".to_owned());
        }
        value
    }

    /// Whether what is in effect for `name` was set for all, in the section that this one starts from.
    pub(super) fn is_inherited(&self, section: &Section, name: &str) -> bool {
        self.lookup(section, name).is_some_and(|(key, _)| key != section.key(name))
    }

    /// Takes every key in a section as known, where it cannot be said which ones it may have.
    pub(super) fn pass_over(&mut self, section: &Section) {
        let prefix = section.key("");
        let inside = self.values.range(prefix.clone()..).map(|(key, _)| key);
        self.known.extend(inside.take_while(|key| key.starts_with(&prefix)).cloned());
    }

    /// Notes a mistake about a key in a section, whether it is set or not. Nothing is wrong with a section of defaults
    /// as a whole: what it lacks, its heirs may have.
    pub(super) fn complain(&mut self, section: &Section, name: &str, message: String) {
        if section.is_defaults() {
            return;
        }
        let found = self.lookup(section, name).map(|(_, value)| origin_of(value).to_owned());
        let origin = found.unwrap_or_else(|| self.origin_of_section(section));
        self.note(origin, section.key(name), message);
    }

    /// Whether the section itself sets `name`, and not only the one that it starts from.
    pub(super) fn is_own(&mut self, section: &Section, name: &str) -> bool {
        self.known.insert(section.key(name));
        self.has(section, name) && !self.is_inherited(section, name)
    }

    /// Notes a mistake where the section itself sets `name`, which means nothing there. What is set for all is not meant.
    pub(super) fn refuse(&mut self, section: &Section, name: &str, why: &str) {
        if self.is_own(section, name) {
            self.complain(section, name, why.to_owned());
        }
    }

    /// Notes a mistake about a section as a whole.
    pub(super) fn complain_of_all(&mut self, section: &Section, message: String) {
        self.note(self.origin_of_section(section), section.path.clone(), message);
    }

    /// Notes what is in effect for a key, where that is not the text that was set.
    pub(super) fn show(&mut self, section: &Section, name: &str, value: String) {
        if section.is_defaults() {
            return;
        }
        let own = section.key(name);
        let origin = match self.lookup(section, name) {
            None => BUILT_IN.to_owned(),
            Some((key, value)) if key == own || origin_of(value) == BUILT_IN => {
                origin_of(value).to_owned()
            }
            Some((key, value)) => format!("{}, {key}", origin_of(value)),
        };
        self.effective.insert(own.clone(), EffectiveKey { key: own, value, origin });
    }

    /// The same where it was not set so, but follows from what there is.
    pub(super) fn show_because(
        &mut self,
        section: &Section,
        name: &str,
        value: String,
        why: String,
    ) {
        if !section.is_defaults() {
            let key = section.key(name);
            self.effective.insert(key.clone(), EffectiveKey { key, value, origin: why });
        }
    }

    /// Everything in effect by key, and every mistake; what nobody asked for is one.
    pub(super) fn finish(mut self) -> (Vec<EffectiveKey>, BTreeSet<Mistake>) {
        for (key, value) in &self.values {
            if !self.known.contains(key) {
                self.mistakes.insert(Mistake {
                    origin: origin_of(value).to_owned(),
                    key: Some(key.clone()),
                    message: unknown(key, &self.known),
                });
            }
        }
        (self.effective.into_values().collect(), self.mistakes)
    }

    /// The names of all keys that were asked for, without their sections.
    #[cfg(test)]
    pub(super) fn known_names(&self) -> impl Iterator<Item = &str> {
        self.known.iter().filter_map(|key| Some(key.rsplit_once('.')?.1))
    }

    /// Where the value of a key stands, and the value. What a user set for all wins over what is built in for one;
    /// apart from that, the section's own value wins. An empty text is no value.
    fn lookup(&self, section: &Section, name: &str) -> Option<(String, &Value)> {
        let find = |key: String| self.values.get(&key).map(|value| (key, value));
        let own = find(section.key(name));
        let inherited = section.parent.as_ref().and_then(|parent| find(format!("{parent}.{name}")));
        let is_users = |found: &(String, &Value)| origin_of(found.1) != BUILT_IN;
        let nearest = match (own, inherited) {
            (Some(own), Some(inherited)) if !is_users(&own) && is_users(&inherited) => inherited,
            (Some(own), _) => own,
            (None, inherited) => inherited?,
        };
        (!is_empty_text(nearest.1)).then_some(nearest)
    }

    fn note(&mut self, origin: String, key: String, message: String) {
        self.mistakes.insert(Mistake { origin, key: Some(key), message });
    }

    /// Where a section stands whose key is missing: where its first key does.
    fn origin_of_section(&self, section: &Section) -> String {
        let prefix = format!("{}.", section.path);
        let first = self.values.range(prefix.clone()..).next();
        let inside = first.filter(|(key, _)| key.starts_with(&prefix));
        inside.map_or(BUILT_IN, |(_, value)| origin_of(value)).to_owned()
    }
}

/// A value as it is in effect. Numbers, flags and lists may have been set as texts, by a variable or by `--set`.
fn shown<T: Any>(parsed: &T, value: &Value) -> String {
    let parsed: &dyn Any = parsed;
    if let Some(number) = parsed.downcast_ref::<u32>() {
        return number.to_string();
    }
    if let Some(flag) = parsed.downcast_ref::<bool>() {
        return flag.to_string();
    }
    if let Some(list) = parsed.downcast_ref::<Vec<String>>() {
        let items = list.iter().map(|text| serde_json::Value::from(text.as_str()).to_string());
        return format!("[{}]", items.collect::<Vec<_>>().join(", "));
    }
    toml_text(value)
}

/// Where a value was set.
fn origin_of(value: &Value) -> &str {
    value.origin().unwrap_or(BUILT_IN)
}

/// The section of a key, and its name there.
fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

fn unknown(key: &str, known: &BTreeSet<String>) -> String {
    let inside = format!("{key}.");
    if known.range(inside.clone()..).next().is_some_and(|known| known.starts_with(&inside)) {
        return "a section, not a value: its keys stand below it".to_owned();
    }
    // Whoever wrote a name's beginning meant the rest too: `seeds` is `seeds_file`.
    let nearest = known.iter().min_by_key(|other| {
        let distance = strsim::damerau_levenshtein(key, other);
        (!other.starts_with(key), distance, split(key).0 != split(other).0)
    });
    // Each part is as it should be, or misspelt: what is nothing like it was meant otherwise.
    let is_near = |(written, known): (&str, &str)| {
        written == known || super::nearest(written, std::iter::once(known)).is_some()
    };
    let nearest = nearest.filter(|near| {
        near.starts_with(key)
            || key.split('.').count() == near.split('.').count()
                && key.split('.').zip(near.split('.')).all(is_near)
    });
    let Some(nearest) = nearest else { return "unknown key".to_owned() };
    let (section, name) = split(nearest);
    let short = if split(key).0 == section { name } else { nearest.as_str() };
    format!("unknown key; did you mean {short}?")
}
