//! The names of types: each stands once, so that it means one thing wherever it is read.

use std::collections::BTreeMap;

use super::source::{Source, of_tests};

/// The names that stand twice as yet. One that no longer does is taken off; none comes to it.
pub(super) const TWICE: &[&str] = &["Envelope"];

/// The same of the sandbox.
pub(super) const TWICE_IN_THE_SANDBOX: &[&str] = &[];

const KINDS: [&str; 5] = ["struct", "enum", "trait", "type", "union"];

/// The names that stand more than once outside of tests, seen from the whole package, but for `twice`; and what of
/// `twice` does not.
pub(super) fn faults(sources: &[Source], twice: &[&str]) -> Vec<String> {
    let of_tests = of_tests(sources);
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !of_tests.contains(&source.path)) {
        for (number, line) in source.lines_of_product() {
            if let Some(name) = type_in(&line) {
                let place = format!("{}:{number}", source.path);
                places.entry(name.to_owned()).or_default().push(place);
            }
        }
    }
    let is_double = |name: &str| places.get(name).is_some_and(|places| places.len() > 1);
    let fresh =
        places.iter().filter(|(name, _)| is_double(name) && !twice.contains(&name.as_str()));
    let mut faults: Vec<String> = fresh
        .map(|(name, places)| {
            format!("{}: {name} stands at {} too", places[0], places[1..].join(", "))
        })
        .collect();
    let stale = twice.iter().filter(|name| !is_double(name));
    faults.extend(stale.map(|name| {
        format!("tests/it/tidy/names.rs: {name} stands once now: take it off the list")
    }));
    faults
}

/// The type that a line declares for the whole package, or for all.
fn type_in(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let rest = rest.strip_prefix("pub ").or_else(|| rest.strip_prefix("pub(crate) "))?;
    let (kind, rest) = rest.split_once(' ')?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    KINDS.contains(&kind).then_some(&rest[..end])
}

#[test]
fn a_name_that_stands_twice_is_found() {
    let one = Source::new("src/a.rs", "\npub struct Step;\npub(super) struct Row;\n");
    let other = "pub(crate) enum Step<T> {\npub struct Row;\n#[cfg(test)]\nmod tests {\n    pub struct Own;\n}\npub type Own = u8;\n";
    let sources = [one, Source::new("src/b.rs", other)];
    assert_eq!(faults(&sources, &[]), ["src/a.rs:2: Step stands at src/b.rs:1 too"]);
    assert_eq!(faults(&sources, &["Step"]), Vec::<String>::new());
    let stale = "tests/it/tidy/names.rs: Row stands once now: take it off the list";
    assert_eq!(faults(&sources, &["Row", "Step"]), [stale]);
}
