//! What a network makes of the bounds of a window.
//!
//! A network's bounds are whole milliseconds, but a row's `modified_at` may be finer, and nothing says whether it is
//! cut down before it is compared. So the rows are thought of by the millisecond that they are in, and each question
//! is put so that each kind of network answers with at least those rows. A row too many costs nothing: it is known. Only
//! where rows are counted the kind matters.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::{Listing, Window};

/// The resolution of a network's bounds.
const TICK: TimeDelta = TimeDelta::milliseconds(1);
/// The resolution of our database's.
const GRAIN: TimeDelta = TimeDelta::microseconds(1);

/// Whether the bounds themselves are in a range, as far as counts are concerned. What is asked for does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// Both are out, as documented. To think so of a network that does otherwise loses nothing.
    Exclusive,
    /// Both are in.
    Inclusive,
    /// The lower one is in. So it is too where times are compared more finely than they are shown: a row that is shown on
    /// the bound is behind it.
    LowerIn,
    /// The upper one is in.
    UpperIn,
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
    pub const ALL: [Self; 5] = [
        Self::Keyset(Bounds::Exclusive),
        Self::Keyset(Bounds::Inclusive),
        Self::Keyset(Bounds::LowerIn),
        Self::Keyset(Bounds::UpperIn),
        Self::Sweep,
    ];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keyset(Bounds::Exclusive) => "keyset_exclusive",
            Self::Keyset(Bounds::Inclusive) => "keyset_inclusive",
            Self::Keyset(Bounds::LowerIn) => "keyset_lower_in",
            Self::Keyset(Bounds::UpperIn) => "keyset_upper_in",
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

impl Span {
    /// The window in which every row of the span is, whatever the network makes of its bounds, and whether it cuts times down
    /// or not.
    pub(super) fn window(self, page: u64, size: u32) -> Window {
        Window { after: self.from.map(tick_before), before: self.to, page, size }
    }
}

impl Bounds {
    /// What is known of the lower and of the upper bound.
    pub(super) const fn of(lower_is_in: bool, upper_is_in: bool) -> Self {
        match (lower_is_in, upper_is_in) {
            (false, false) => Self::Exclusive,
            (true, true) => Self::Inclusive,
            (true, false) => Self::LowerIn,
            (false, true) => Self::UpperIn,
        }
    }

    /// What the network answers to `window`, in the words of our database, whose bounds are out.
    pub(super) fn ours(self, window: &Window) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        let (lower_is_in, upper_is_in) = match self {
            Self::Exclusive => (false, false),
            Self::Inclusive => (true, true),
            Self::LowerIn => (true, false),
            Self::UpperIn => (false, true),
        };
        let after = window.after.map(|at| if lower_is_in { less(at, GRAIN) } else { at });
        let before = window.before.map(|at| if upper_is_in { more(at, GRAIN) } else { at });
        (after, before)
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
        let window = span.window(0, 1);
        for (bounds, after, before) in [
            (Bounds::Exclusive, 4_000, 9_000),
            (Bounds::Inclusive, 3_999, 9_001),
            (Bounds::LowerIn, 3_999, 9_000),
            (Bounds::UpperIn, 4_000, 9_001),
        ] {
            assert_eq!(bounds.ours(&window), (Some(at(after)), Some(at(before))));
        }
    }
}
