//! A poller is a row, and what belongs to it is where CONTRIBUTING.md says.

use railpoll::engine::{Poller, PollerFacts};

use super::page;
use super::source::root;

/// A page, and what it must hold of a poller.
type Demand = (&'static str, fn(&PollerFacts) -> String);

const DEMANDS: &[Demand] = &[
    ("Cargo.toml", |facts| {
        format!("[[bin]]\nname = \"{}\"\npath = \"pollers/{}.rs\"\n", facts.binary, facts.key)
    }),
    ("config/railpoll.toml", |facts| format!("\n[pollers.{}]\nenabled = false\n", facts.key)),
    ("README.md", |facts| format!("`{}`", facts.binary)),
    ("docs/deploy-systemd.md", |facts| format!(" {}", facts.binary)),
];

/// What is missing of a poller, as `read` has the pages.
fn faults(facts: &PollerFacts, read: impl Fn(&str) -> String) -> Vec<String> {
    let missing = DEMANDS.iter().filter(|(name, wanted)| !read(name).contains(&wanted(facts)));
    missing
        .map(|(name, wanted)| format!("{name}: {} has no {:?}", facts.name, wanted(facts)))
        .collect()
}

#[test]
fn each_has_all_that_belongs_to_it() {
    let rows = Poller::ALL.map(Poller::facts);
    let mut missing: Vec<String> = rows.iter().flat_map(|facts| faults(facts, page)).collect();
    let files = rows.map(|facts| format!("pollers/{}.rs", facts.key));
    missing.extend(files.into_iter().filter(|file| !root().join(file).exists()));
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn one_without_a_section_is_found() {
    let facts = Poller::Watch.facts();
    let without = |name: &str| page(name).replace("[pollers.watch]", "[pollers.gone]");
    let told = "config/railpoll.toml: watch has no \"\\n[pollers.watch]\\nenabled = false\\n\"";
    assert_eq!(faults(facts, without), [told]);
}
