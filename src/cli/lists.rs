//! Lists: the flags that all of them have, and how they are printed as they come, page by page.
//!
//! A list is walked in steps, so that a million rows need no more room than a page, and a filter that lets nothing through
//! ends: see [`LOOK_MAX`].

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use super::failure::{Failure, say};
use super::output::{Out, next_page};
use super::session::Session;
use super::table::Table;
use super::times::Moment;
use crate::engine::keyed;
use crate::store::WalkStep;
use crate::views::Viewed;

/// So many rows are read, and printed, at a time.
const PAGE: u32 = 500;
/// So many rows are looked at for one list; then the way on is told.
pub(super) const LOOK_MAX: u64 = 1_000_000;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns for people
    Table,
    /// One JSON object per line, as with --json
    Json,
    /// Comma-separated, with a line of names first
    Csv,
}

/// The flags of every list.
#[derive(Debug, Args)]
pub(super) struct ListFlags {
    /// Only from then on: a date, a time, or a time back such as 2h. What has no zone is UTC
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only from before then: a date, a time, or a time back. What has no zone is UTC
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// The newest first
    #[arg(long)]
    pub(super) newest: bool,
    /// Only how many there are
    #[arg(long, conflicts_with_all = ["newest", "limit", "after"])]
    count: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroU32,
    /// How it is written [default: table]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

impl ListFlags {
    pub(super) fn since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.since.map(|since| since.before(now))
    }

    pub(super) fn until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.until.map(|until| until.before(now))
    }

    /// Prepares the output, and says whether only the number is wanted.
    pub(super) fn begin(&self, out: &mut Out) -> Result<bool, Failure> {
        if let Some(format) = self.format {
            out.write_as(format)?;
        }
        Ok(self.count)
    }
}

/// What a list is of.
pub(super) trait Listed: Viewed {
    /// What many of them are called.
    const NAME: &'static str;
    /// What people are shown of some of them.
    fn table(rows: &[Self], now: DateTime<Utc>) -> Table
    where
        Self: Sized;
}

/// Prints how many there are.
pub(super) fn counted<T: Listed>(count: u64, out: &mut Out) -> Result<(), Failure> {
    if out.is_json() {
        return out.json(&keyed! { "count": count });
    }
    out.line(count)
}

/// Walks a list and prints it. `step` is given at most how many rows to bring, and behind which one; `token` tells what
/// stands after `--after` for a place.
pub(super) async fn walk<T: Listed, K: Clone>(
    session: &Session,
    flags: &ListFlags,
    out: &mut Out,
    nothing: &str,
    mut step: impl AsyncFnMut(u32, Option<K>) -> Result<WalkStep<T, K>, Failure>,
    token: impl Fn(&K) -> String,
) -> Result<(), Failure> {
    let now = session.now();
    let (mut left, mut looked_at, mut printed) = (flags.limit.get(), 0, 0_u64);
    let mut place: Option<K> = None;
    if out.is_csv() {
        out.csv_heading(T::KEYS)?;
    }
    // When all that is wanted was printed, one row more tells whether there is a next page.
    loop {
        let found = step(left.clamp(1, PAGE), place.clone()).await?;
        looked_at += found.looked_at;
        if left == 0 {
            if !found.rows.is_empty() {
                return more(session, place.as_ref().map(&token), out, None);
            }
        } else {
            left = left.saturating_sub(u32::try_from(found.rows.len()).unwrap_or(u32::MAX));
            print(&found.rows, printed == 0, now, out)?;
            printed += u64::try_from(found.rows.len()).unwrap_or(u64::MAX);
        }
        let Some(next) = found.next else { break };
        place = Some(next);
        if looked_at >= LOOK_MAX {
            let why = format!("{} {} were looked at, and {printed} found", looked_at, T::NAME);
            return more(session, place.as_ref().map(&token), out, Some(&why));
        }
    }
    if printed == 0 && !out.is_json() && !out.is_csv() {
        return out.line(session.nothing(nothing));
    }
    Ok(())
}

fn print<T: Listed>(
    rows: &[T],
    first: bool,
    now: DateTime<Utc>,
    out: &mut Out,
) -> Result<(), Failure> {
    if out.is_json() {
        return rows.iter().try_for_each(|row| out.json(&row.view()));
    }
    if out.is_csv() {
        return rows.iter().try_for_each(|row| out.csv_row(T::KEYS, &row.view()));
    }
    if rows.is_empty() { Ok(()) } else { out.part_of_table(&T::table(rows, now), first) }
}

/// Tells how to go on. Programs know by the last object, but for a walk that was broken off.
fn more(
    session: &Session,
    token: Option<String>,
    out: &mut Out,
    why: Option<&str>,
) -> Result<(), Failure> {
    let Some(token) = token else { return Ok(()) };
    let more = next_page(session.command_line(), &token);
    if let Some(why) = why {
        out.flush()?;
        say(&format!("{why}; {more}"));
        return Ok(());
    }
    if out.is_json() || out.is_csv() {
        return Ok(());
    }
    out.notes(&[more])
}
