//! What is told of a sweep that is over: its row in the database, and its line in the log.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::jobs::{SweepError, SweepReport};
use crate::networks::NetworkError;
use crate::rails::RailError;
use crate::store::SweepRow;

/// The row of a sweep that is over.
pub(super) fn row_of(
    report: &SweepReport,
    error: Option<&SweepError>,
    started_at: DateTime<Utc>,
    finished_at: DateTime<Utc>,
) -> SweepRow {
    SweepRow {
        started_at,
        finished_at,
        outcome: report.outcome,
        pages: report.pages,
        requests: report.requests,
        tally: report.tally,
        acted: report.acted,
        error: error.map(ToString::to_string),
    }
}

/// One line per sweep; a sweep that found nothing new is worth it only to those who look for it.
pub(super) fn log(row: &SweepRow, took: Duration, error: Option<&SweepError>) {
    let SweepRow { outcome, pages, requests, tally, acted, .. } = row;
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match error {
        Some(
            error @ (SweepError::Network(NetworkError::Unavailable(_))
            | SweepError::Rail(RailError::Unavailable(_))),
        ) => {
            tracing::warn!(%error, %outcome, pages, requests, millis, "the sweep ended early");
        }
        Some(error) => {
            tracing::error!(%error, %outcome, pages, requests, millis, "the sweep ended early");
        }
        None if tally.brought_news() || tally.quarantined > 0 || *acted > 0 => {
            let (new, changed, quarantined) = (tally.new, tally.changed, tally.quarantined);
            tracing::info!(
                %outcome, pages, requests, new, changed, quarantined, acted, millis, "swept"
            );
        }
        None => tracing::debug!(%outcome, pages, requests, millis, "swept, nothing new"),
    }
}
