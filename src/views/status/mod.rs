//! How each poller is, from what it left in the database; what is wrong; and what to do.

mod silence;
mod standing;
mod wrong;

use serde::Serialize;

use self::standing::OpenTransfers;
pub(crate) use self::standing::{Standing, Whole, look};
pub(crate) use self::wrong::{Wrong, wrongs};
use crate::engine::iso;
use crate::store::SweepRow;

/// A poller at a place.
#[derive(Debug, Serialize)]
pub(crate) struct StandingJson<'a> {
    poller: &'static str,
    place: &'a str,
    enabled: bool,
    schedule: String,
    holder: Option<&'a str>,
    expected_by: Option<String>,
    last_sweep: Option<SweepJson<'a>>,
    next_sweep_at: Option<String>,
    in_state: Option<u64>,
    transfers: Option<&'a OpenTransfers>,
    drift: i64,
    alerts: Vec<&'a str>,
    held: bool,
    wrong: Vec<&'a Wrong>,
}

/// Its last sweep.
#[derive(Debug, Serialize)]
struct SweepJson<'a> {
    started_at: String,
    finished_at: String,
    outcome: &'a str,
    pages: u64,
    requests: u64,
    new: u64,
    changed: u64,
    unchanged: u64,
    acted: u64,
    reason: Option<&'a str>,
}

/// What programs are told of a poller at a place, with what of `wrongs` is about it.
pub(crate) fn standing_json<'a>(
    standing: &'a Standing,
    whole: &Whole,
    wrongs: &'a [Wrong],
) -> StandingJson<'a> {
    StandingJson {
        poller: standing.scope.poller.name(),
        place: &standing.scope.network,
        enabled: standing.enabled,
        schedule: standing.schedule_in_words(),
        holder: standing.holder.as_deref(),
        expected_by: standing.promise.as_ref().map(|promise| iso(promise.expected_by)),
        last_sweep: standing.last_sweep.as_ref().map(SweepJson::from),
        next_sweep_at: standing.next_sweep_at.map(iso),
        in_state: standing.in_state,
        transfers: standing.transfers.as_ref(),
        drift: standing.drift,
        alerts: standing.alerts.iter().map(String::as_str).collect(),
        held: whole.held.is_some(),
        wrong: wrongs.iter().filter(|wrong| wrong.is_about(&standing.scope)).collect(),
    }
}

impl<'a> From<&'a SweepRow> for SweepJson<'a> {
    fn from(sweep: &'a SweepRow) -> Self {
        Self {
            started_at: iso(sweep.started_at),
            finished_at: iso(sweep.finished_at),
            outcome: sweep.outcome.as_str(),
            pages: sweep.pages,
            requests: sweep.requests,
            new: sweep.tally.new,
            changed: sweep.tally.changed,
            unchanged: sweep.tally.unchanged,
            acted: sweep.acted,
            reason: sweep.error.as_deref(),
        }
    }
}
