//! What `status` shows people.

use chrono::{DateTime, Utc};

use crate::cli::table::{Cell, Column, Paint, Table};
use crate::cli::transfers::list;
use crate::engine::relative;
use crate::store::{SweepRow, TransferCount};
use crate::views::status::Standing;

/// Who runs what comes before how much there was to do: the last column goes first where there is no room.
pub(super) fn table(standings: &[Standing], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("POLLER"),
        Column::left("PLACE"),
        Column::left("HELD BY").spare(),
        Column::left("LAST SWEEP"),
        Column::left("OUTCOME"),
        Column::left("NEXT").spare(),
        Column::right("IN STATE").spare(),
        Column::right("DRIFT").spare(),
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
            standing.schedule_in_words().into()
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
