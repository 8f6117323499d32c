//! When a call fails: whose fault that is, and for how long a thing is left alone that fails by itself.

use std::time::Duration;

use super::retry::doubling;

/// A thing that failed is tried again after this, then after twice this, …
const AGAIN_FIRST: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(5 * 60);
/// So many failures in a row, each of another thing, look like an outage: then a call that is nobody's own tells.
pub const LIKE_AN_OUTAGE: usize = 3;
/// So often a thing has failed before somebody is called: less may pass by itself.
const TOLD_FROM: u32 = 3;

/// What kind of failure a call about one thing met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// We are not known, or not let in: perhaps nowhere at this place, perhaps only to this thing.
    NotLetIn,
    /// The settings cannot work.
    Settings,
    /// A question about several things: each of them alone may be well.
    Together,
    /// Anything else: an error, silence, or what cannot be read.
    Call,
}

/// Whose failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The place's: nothing can be done there.
    Place,
    /// A call that is nobody's own is to tell.
    Ask,
    /// The thing's own, as far as is known.
    Thing,
}

/// Whose failure it is, where so many calls in a row have failed, this one among them, and none succeeded between them.
///
/// `was_well`: in this sweep the place was asked already, and was well; then it is asked again only once several have failed.
#[must_use]
pub const fn blame(failed: Failed, in_a_row: usize, was_well: bool) -> Blame {
    match failed {
        Failed::Settings => Blame::Place,
        Failed::NotLetIn | Failed::Together if !was_well => Blame::Ask,
        Failed::NotLetIn | Failed::Together | Failed::Call if in_a_row >= LIKE_AN_OUTAGE => {
            Blame::Ask
        }
        Failed::NotLetIn | Failed::Together | Failed::Call => Blame::Thing,
    }
}

/// How long a thing is left alone that has failed so often in a row.
#[must_use]
pub fn pause(failures: u32) -> Duration {
    doubling(AGAIN_FIRST, AGAIN_MAX, failures)
}

/// Whether somebody is to be told of a thing that has failed so often in a row.
#[must_use]
pub const fn is_told(failures: u32) -> bool {
    failures >= TOLD_FROM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_to_blame_until_several_fail_in_a_row() {
        for was_well in [false, true] {
            let call = |in_a_row| blame(Failed::Call, in_a_row, was_well);
            assert_eq!([1, 2].map(call), [Blame::Thing; 2]);
            assert_eq!([3, 300].map(call), [Blame::Ask; 2]);
        }
    }

    #[test]
    fn whoever_is_not_let_in_asks_at_once_unless_the_place_was_well_a_moment_ago() {
        for failed in [Failed::NotLetIn, Failed::Together] {
            assert_eq!(blame(failed, 1, false), Blame::Ask);
            assert_eq!(blame(failed, 2, true), Blame::Thing);
            assert_eq!(blame(failed, 3, true), Blame::Ask);
        }
        assert_eq!(blame(Failed::Settings, 1, true), Blame::Place);
    }

    #[test]
    fn pauses_grow_and_have_an_end() {
        let pauses = [1, 2, 3, 9, 10, 4_000_000_000].map(|n| pause(n).as_secs());
        assert_eq!(pauses, [1, 2, 4, 256, 300, 300]);
        assert_eq!([1, 2, 3, 4].map(is_told), [false, false, true, true]);
    }
}
