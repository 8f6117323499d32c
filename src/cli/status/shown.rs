//! What `status` shows people.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::standing::Standing;
use crate::cli::table::{Cell, Column, Paint, Table};
use crate::cli::times::relative;
use crate::cli::transfers::list;
use crate::config::Schedule;
use crate::store::{SweepRow, TransferCount};

/// Who runs what comes before how much there was to do: the last column goes first where there is no room.
pub(super) fn table(standings: &[Standing], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("POLLER"),
        Column::left("PLACE"),
        Column::left("HELD BY").spare(),
        Column::left("LAST SWEEP"),
        Column::left("OUTCOME"),
        Column::left("NEXT"),
        Column::right("IN STATE"),
        Column::right("DRIFT"),
        Column::right("ALERTS"),
        Column::left("SCHEDULE").spare(),
        Column::right("NEW").spare(),
        Column::right("CHANGED").spare(),
        Column::right("ACTED").spare(),
    ]);
    for standing in standings {
        table.row(cells(standing, now));
    }
    table
}

/// Where the transfers stand that are not over.
pub(super) fn transfers(counts: &[TransferCount], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("TRANSFERS"),
        Column::left("RAIL"),
        Column::left("NETWORK"),
        Column::right("OPEN"),
        Column::left("OLDEST"),
    ]);
    for count in counts {
        table.row([
            list::status(count.status),
            count.rail.as_str().into(),
            count.network.as_str().into(),
            count.transfers.to_string().into(),
            count.oldest.map(|oldest| relative(oldest, now)).into(),
        ]);
    }
    table
}

/// When it sweeps: by whoever runs it, if that is another schedule than the file's.
pub(super) fn schedule(standing: &Standing) -> String {
    let (by_file, delay) = match &standing.schedule {
        Schedule::FixedDelay(delay) => (every(*delay), Some(*delay)),
        Schedule::Cron(expression) => (format!("cron {expression}"), None),
    };
    if !standing.enabled {
        return by_file;
    }
    let Some(sweep) = &standing.last_sweep else { return by_file };
    match (standing.next_sweep_at, delay) {
        // A single sweep says nothing of a next one.
        (None, _) if standing.promise.is_none() => "--once".to_owned(),
        (Some(next), Some(delay)) if sweep.error.is_none() => {
            let true_delay = (next - sweep.finished_at).to_std().unwrap_or_default();
            if true_delay.as_millis() == delay.as_millis() || standing.holder.is_none() {
                by_file
            } else {
                format!("{} ({by_file} by this file)", every(true_delay))
            }
        }
        (Some(_) | None, _) => by_file,
    }
}

fn every(delay: Duration) -> String {
    format!("every {}", humantime::format_duration(delay))
}

fn cells(standing: &Standing, now: DateTime<Utc>) -> [Cell; 13] {
    let sweep = standing.last_sweep.as_ref();
    let count = |count: fn(&SweepRow) -> u64| sweep.map(|sweep| count(sweep).to_string()).into();
    let outcome = sweep.map_or_else(
        || None.into(),
        |sweep| {
            let paint = if sweep.outcome.is_good() { Paint::Good } else { Paint::Bad };
            Cell::from(sweep.outcome.as_str()).paint(paint)
        },
    );
    let marked = |text: String, is_well: bool, paint| {
        let cell = Cell::from(text);
        if is_well { cell } else { cell.paint(paint) }
    };
    let alerts = standing.alerts.len();
    [
        standing.scope.poller.name().into(),
        standing.scope.network.as_str().into(),
        held_by(standing),
        sweep.map(|sweep| relative(sweep.finished_at, now)).into(),
        outcome,
        next(standing, now),
        standing.in_state.map(|open| open.to_string()).into(),
        marked(standing.drift.to_string(), standing.drift == 0, Paint::Watch),
        marked(alerts.to_string(), alerts == 0, Paint::Bad),
        if standing.enabled {
            schedule(standing).into()
        } else {
            Cell::from("off").paint(Paint::Faint)
        },
        count(|sweep| sweep.tally.new),
        count(|sweep| sweep.tally.changed),
        count(|sweep| sweep.acted),
    ]
}

/// Who runs it; that nobody does, where somebody should.
fn held_by(standing: &Standing) -> Cell {
    match &standing.holder {
        Some(holder) => holder.as_str().into(),
        None if standing.silence.is_some() => Cell::from("nobody").paint(Paint::Bad),
        None => None.into(),
    }
}

/// When the next sweep begins, or since when one goes on. One that should have begun is late, or nobody is there to begin it.
fn next(standing: &Standing, now: DateTime<Utc>) -> Cell {
    let is_late = standing.promise.as_ref().is_some_and(|promise| promise.is_late);
    let begun = match (&standing.promise, standing.next_sweep_at) {
        (Some(promise), None) => Some(promise.expected_by),
        (_, next) => next,
    };
    let Some(begun) = begun else {
        return standing.holder.as_ref().map(|_| "sweeping".to_owned()).into();
    };
    if begun >= now || !standing.enabled {
        return relative(begun, now).into();
    }
    if standing.holder.is_some() && !is_late {
        let since = relative(begun, now);
        return format!("sweeping for {}", since.trim_end_matches(" ago")).into();
    }
    Cell::from(format!("due {}", relative(begun, now))).paint(Paint::Watch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_told_in_words() {
        assert_eq!(every(Duration::from_secs(90)), "every 1m 30s");
    }
}
