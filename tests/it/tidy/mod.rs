//! The house is in order: who uses whom, how long files are, and that a word stands for one thing.
//!
//! The source is read as text, as rustfmt leaves it: nothing is built.

mod arrows;
mod lengths;
mod names;
mod pollers;
mod source;

use std::fs;

use arrows::House;
use source::{Source, root};

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn no_arrow_runs_the_other_way() {
    let house = House::from_page(&page("ARCHITECTURE.md"));
    let sources = Source::all(&["src", "sandbox/src", "pollers"]);
    let faults = arrows::faults(&house, &sources);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let faults = lengths::faults(&Source::all(&["src", "sandbox", "tests", "benches", "pollers"]));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_name_of_a_type_stands_once() {
    // Each package has words of its own: the sandbox plays others, and shares nothing with us.
    let packages = [("src", names::TWICE), ("sandbox/src", names::TWICE_IN_THE_SANDBOX)];
    let faults: Vec<String> = packages
        .iter()
        .flat_map(|(folder, twice)| names::faults(&Source::all(&[folder]), twice))
        .collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
