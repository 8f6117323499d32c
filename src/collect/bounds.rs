//! What a network makes of the bounds of a window.
//!
//! A network's bounds are whole milliseconds, but a row's `modified_at` may be finer, and nothing says whether it is
//! cut down before it is compared. So the rows are thought of by the millisecond that they are in, and each question
//! is put so that both kinds of network answer with at least those rows. A row too many costs nothing: it is known.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::{Listing, Window};

/// The resolution of a network's bounds.
const TICK: TimeDelta = TimeDelta::milliseconds(1);
/// The resolution of our database's.
const GRAIN: TimeDelta = TimeDelta::microseconds(1);

/// Whether a bound itself is in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// It is out, as documented. To think so of a network that does otherwise loses nothing.
    Exclusive,
    /// It is in.
    Inclusive,
}

/// How a network's list can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By value: range and order are honoured.
    Keyset(Bounds),
    /// As a whole only.
    Sweep,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 3] =
        [Self::Keyset(Bounds::Exclusive), Self::Keyset(Bounds::Inclusive), Self::Sweep];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keyset(Bounds::Exclusive) => "keyset_exclusive",
            Self::Keyset(Bounds::Inclusive) => "keyset_inclusive",
            Self::Sweep => "sweep",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == word)
            .ok_or_else(|| format!("`{word}` is not a way to read a list"))
    }
}

/// The rows whose millisecond is `from` or later, and before `to`. `None` is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) to: Option<DateTime<Utc>>,
}

impl Span {
    /// The same in the words of our database, whose bounds are out.
    pub(super) fn exactly(&self) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        (self.from.map(|from| less(from, GRAIN)), self.to)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.from.zip(self.to).is_some_and(|(from, to)| from >= to)
    }
}

impl Bounds {
    /// The window in which every row of `span` is, whether the network cuts times down or not.
    pub(super) fn window(self, span: Span, page: u64, size: u32) -> Window {
        let after = match self {
            Self::Exclusive => span.from.map(tick_before),
            Self::Inclusive => span.from,
        };
        Window { after, before: span.to, page, size }
    }

    /// What the network answers to `window`, in the words of our database, whose bounds are out.
    pub(super) fn ours(self, window: &Window) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        match self {
            Self::Exclusive => (window.after, window.before),
            Self::Inclusive => {
                (window.after.map(|at| less(at, GRAIN)), window.before.map(|at| more(at, GRAIN)))
            }
        }
    }
}

/// Whether a network that can be walked may answer so: oldest first, nothing from outside the window, and nothing left
/// when it says that this is all. Rows on a bound are let pass, for they do no harm, whatever the bounds are taken for.
pub(super) fn is_sound(window: &Window, listing: &Listing) -> bool {
    let told = window.page.saturating_mul(u64::from(window.size)) + rows_in(listing);
    let is_whole = !listing.last || listing.total <= told;
    let is_inside = |at| {
        window.after.is_none_or(|after| after <= at)
            && window.before.is_none_or(|before| tick(at) <= before)
    };
    is_whole && is_ascending(listing) && listing.payments().all(|p| is_inside(p.modified_at))
}

pub(super) fn is_ascending(listing: &Listing) -> bool {
    listing.payments().map(|payment| payment.modified_at).is_sorted()
}

pub(super) fn rows_in(listing: &Listing) -> u64 {
    u64::try_from(listing.rows.len()).unwrap_or(u64::MAX)
}

/// The beginning of the millisecond that `at` is in.
pub(super) fn tick(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}

/// The beginning of the next millisecond.
pub(super) fn tick_after(at: DateTime<Utc>) -> DateTime<Utc> {
    more(tick(at), TICK)
}

pub(super) fn tick_before(at: DateTime<Utc>) -> DateTime<Utc> {
    less(tick(at), TICK)
}

/// `at - span`, or the first time there is: networks send absurd times, and none of them may end a poller.
pub(super) fn less(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    at.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// `at + span`, or the last time there is.
pub(super) fn more(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap()
    }

    #[test]
    fn each_word_means_its_mode() {
        for mode in Mode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
        assert!("keyset".parse::<Mode>().is_err());
    }

    #[test]
    fn a_millisecond_is_rounded_down_also_before_1970() {
        assert_eq!(tick(at(1_999)), at(1_000));
        assert_eq!(tick(at(-1)), at(-1_000));
        assert_eq!(tick_after(at(1_999)), at(2_000));
        assert_eq!(tick_before(at(1_999)), at(0));
    }

    #[test]
    fn the_ends_of_time_do_no_harm() {
        let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        assert!(tick_after(last) >= tick(last));
        assert!(tick_before(first) <= tick(first));
        assert_eq!(less(first, TimeDelta::days(1)), first);
    }

    #[test]
    fn our_database_is_asked_for_what_the_network_is() {
        let span = Span { from: Some(at(5_000)), to: Some(at(9_000)) };
        let exclusive = Bounds::Exclusive.window(span, 0, 1);
        assert_eq!(Bounds::Exclusive.ours(&exclusive), (Some(at(4_000)), Some(at(9_000))));
        let inclusive = Bounds::Inclusive.window(span, 0, 1);
        assert_eq!(Bounds::Inclusive.ours(&inclusive), (Some(at(4_999)), Some(at(9_001))));
    }
}
