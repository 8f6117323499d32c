//! What clients did: every request, every answer, every violation, and the faults that they met.

use std::collections::BTreeMap;
use std::fmt;

/// Violations past this many are counted, and not kept.
const KEPT: usize = 100_000;

/// The log of one service. `E` names an endpoint.
#[derive(Debug)]
pub struct Log<E> {
    pub(crate) requests: BTreeMap<E, u64>,
    pub(crate) answers: BTreeMap<(E, u16), u64>,
    pub(crate) violations: Vec<String>,
    pub(crate) violation_count: u64,
    /// How often each fault was injected.
    pub(crate) faults: BTreeMap<String, u64>,
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self {
            requests: BTreeMap::new(),
            answers: BTreeMap::new(),
            violations: Vec::new(),
            violation_count: 0,
            faults: BTreeMap::new(),
        }
    }
}

impl<E: Copy + fmt::Debug + Ord> Log<E> {
    pub(super) fn request(&mut self, endpoint: E) {
        *self.requests.entry(endpoint).or_default() += 1;
    }

    pub(super) fn answer(&mut self, endpoint: E, status: u16) {
        *self.answers.entry((endpoint, status)).or_default() += 1;
    }

    /// Notes a request that no correct client sends.
    pub(crate) fn violation(&mut self, endpoint: E, what: &str) {
        self.broken_rule(format!("{endpoint:?}: {what}"));
    }

    /// The same where nobody knows what was asked.
    pub(super) fn broken_rule(&mut self, what: String) {
        self.violation_count += 1;
        if self.violations.len() < KEPT {
            self.violations.push(what);
        }
    }

    /// Counts a fault.
    pub(crate) fn fault(&mut self, name: &str) {
        *self.faults.entry(name.to_owned()).or_default() += 1;
    }
}
