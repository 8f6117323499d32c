//! What clients did: every request, every answer, every violation.

use std::collections::BTreeMap;

/// Violations past this many are counted, and not kept.
const KEPT: usize = 100_000;

/// The log of one service. `E` names an endpoint.
#[derive(Debug)]
pub(super) struct Log<E> {
    requests: BTreeMap<E, u64>,
    answers: BTreeMap<(E, u16), u64>,
    violations: Vec<String>,
    violation_count: u64,
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self {
            requests: BTreeMap::new(),
            answers: BTreeMap::new(),
            violations: Vec::new(),
            violation_count: 0,
        }
    }
}

impl<E: Ord + Copy> Log<E> {
    pub(super) fn request(&mut self, endpoint: E) {
        *self.requests.entry(endpoint).or_default() += 1;
    }

    pub(super) fn answer(&mut self, endpoint: E, status: u16) {
        *self.answers.entry((endpoint, status)).or_default() += 1;
    }

    pub(super) fn violation(&mut self, what: String) {
        self.violation_count += 1;
        if self.violations.len() < KEPT {
            self.violations.push(what);
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.values().sum()
    }

    pub(super) fn requests_to(&self, endpoint: E) -> u64 {
        self.requests.get(&endpoint).copied().unwrap_or(0)
    }

    pub(super) fn answers(&self, endpoint: E, status: u16) -> u64 {
        self.answers.get(&(endpoint, status)).copied().unwrap_or(0)
    }

    pub(super) fn violations(&self) -> &[String] {
        &self.violations
    }

    pub(super) fn violation_count(&self) -> u64 {
        self.violation_count
    }
}
