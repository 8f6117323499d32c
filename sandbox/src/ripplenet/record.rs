//! What clients did: every call, every request, every violation.

use std::collections::{BTreeMap, HashMap};

use super::endpoint::Endpoint;
use super::moves::Operation;

/// Violations and queries past this many are counted, and not kept.
const KEPT: usize = 100_000;

/// A call that changed a payment, or was refused. Times in ms.
#[derive(Debug, Clone)]
pub(super) struct CallEntry {
    pub(super) at: i64,
    pub(super) serial: u32,
    pub(super) operation: Operation,
    /// Nothing: it was carried out.
    pub(super) refused: Option<Box<str>>,
}

/// The record of everything that was asked.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) calls: Vec<CallEntry>,
    accepted: HashMap<(u32, Operation), u64>,
    pub(super) violations: Vec<String>,
    pub(super) violation_count: u64,
    requests: u64,
    by_endpoint: BTreeMap<Endpoint, u64>,
    answers: BTreeMap<(Endpoint, u16), u64>,
    /// Nothing: queries are not logged.
    pub(super) queries: Option<Vec<String>>,
}

impl Record {
    /// Notes a request and gives its number, from 1.
    pub(super) fn request(&mut self, endpoint: Endpoint, query: &str) -> u64 {
        self.requests += 1;
        *self.by_endpoint.entry(endpoint).or_default() += 1;
        if let (Endpoint::List, Some(queries)) = (endpoint, &mut self.queries)
            && queries.len() < KEPT
        {
            queries.push(query.to_owned());
        }
        self.requests
    }

    pub(super) fn answer(&mut self, endpoint: Endpoint, status: u16) {
        *self.answers.entry((endpoint, status)).or_default() += 1;
    }

    pub(super) fn violation(&mut self, what: String) {
        self.violation_count += 1;
        if self.violations.len() < KEPT {
            self.violations.push(what);
        }
    }

    pub(super) fn call(&mut self, entry: CallEntry) {
        if entry.refused.is_none() {
            *self.accepted.entry((entry.serial, entry.operation)).or_default() += 1;
        }
        self.calls.push(entry);
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn requests_to(&self, endpoint: Endpoint) -> u64 {
        self.by_endpoint.get(&endpoint).copied().unwrap_or(0)
    }

    pub(super) fn answers(&self, endpoint: Endpoint, status: u16) -> u64 {
        self.answers.get(&(endpoint, status)).copied().unwrap_or(0)
    }

    pub(super) fn accepted(&self, serial: u32, operation: Operation) -> u64 {
        self.accepted.get(&(serial, operation)).copied().unwrap_or(0)
    }

    /// Every (payment, operation) that was carried out more than once, and how often.
    pub(super) fn more_than_once(&self) -> Vec<(u32, Operation, u64)> {
        let mut found: Vec<_> = self
            .accepted
            .iter()
            .filter(|(_, times)| **times > 1)
            .map(|((serial, operation), times)| (*serial, *operation, *times))
            .collect();
        found.sort_unstable();
        found
    }
}
