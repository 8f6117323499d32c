//! Payments that we believe to be in the list, and that the network does not show there.

use std::collections::BTreeSet;

use super::bounds::Span;
use super::reader::Reader;
use super::{CollectError, Collector, Found, Outcome, Sink, Source};
use crate::engine::{Row, Tally, Trail};

/// So many payments are asked for one by one in one run. The next run asks for others.
const ASKED_MAX: usize = 500;
/// Ids of ours that are read at a time.
const IDS_AT_A_TIME: u32 = 1000;

/// Payments to ask for.
#[derive(Debug, Default)]
pub(super) struct Exits {
    missing: BTreeSet<String>,
    left_over: u64,
}

/// What asking for them came to.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) outcome: Outcome,
    pub(super) tally: Tally,
    pub(super) requests: u64,
    pub(super) unknown: Vec<String>,
}

impl Exits {
    /// How many there were beyond those that can be asked for in one run.
    pub(super) fn left_over(&self) -> u64 {
        self.left_over
    }

    /// Adds those of ours in `span` that are not in the reader's notes, and drops those that are. An old version of
    /// ours is missing in its place at first, and found in another one later.
    pub(super) async fn compare<S: Source, D: Sink>(
        &mut self,
        sink: &D,
        span: Span,
        reader: &Reader<'_, S, D>,
    ) -> Result<(), CollectError<S::Error, D::Error>> {
        self.missing.retain(|id| !reader.has_noted(id));
        let (after, before) = span.exactly();
        let mut past = None;
        loop {
            let ids = sink.ids(after, before, past.as_ref(), IDS_AT_A_TIME).await;
            let ids = ids.map_err(CollectError::Sink)?;
            for (id, _) in ids.iter().filter(|(id, _)| !reader.has_noted(id)) {
                if self.missing.len() < ASKED_MAX {
                    self.missing.insert(id.clone());
                } else {
                    self.left_over += 1;
                }
            }
            let is_end = ids.len() < usize::try_from(IDS_AT_A_TIME).unwrap_or(usize::MAX);
            past = ids.into_iter().next_back();
            if is_end || past.is_none() {
                return Ok(());
            }
        }
    }

    /// Asks for each of them, and records what it really is.
    pub(super) async fn resolve<S: Source, D: Sink>(
        self,
        collector: &Collector<'_, S, D>,
    ) -> Result<Resolved, CollectError<S::Error, D::Error>> {
        let mut resolved = Resolved {
            outcome: Outcome::Complete,
            tally: Tally::default(),
            requests: 0,
            unknown: Vec::new(),
        };
        let page = usize::try_from(collector.settings.rows()).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        for id in self.missing {
            if (collector.stop)() {
                resolved.outcome = Outcome::Stopped;
                break;
            }
            resolved.requests += 1;
            match collector.source.get(&id).await.map_err(CollectError::Source)? {
                Found::Row(row) => rows.push(*row),
                Found::Gone => resolved.unknown.push(id),
                // It stays as it is known, and the counts differ by it.
                Found::NotNow => {}
            }
            if rows.len() == page {
                resolved.tally += record(collector.sink, &rows).await?;
                rows.clear();
            }
        }
        resolved.tally += record(collector.sink, &rows).await?;
        Ok(resolved)
    }
}

async fn record<E, D: Sink>(sink: &D, rows: &[Row]) -> Result<Tally, CollectError<E, D::Error>> {
    if rows.is_empty() {
        return Ok(Tally::default());
    }
    sink.record(rows, None, Trail::Get).await.map_err(CollectError::Sink)
}
