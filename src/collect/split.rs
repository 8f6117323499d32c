//! What a count says about a range: the decisions of a reconcile, without its requests.

use chrono::{DateTime, Utc};

use super::bounds::{Span, tick, tick_after};

/// A list of so many pages is read whole: that costs no more than to look for the differences.
const SMALL_PAGES: u64 = 20;

/// So often a range is halved though its counts agree: an old version on our side is one payment too many in one half
/// and one too few in another.
const HALVED_ALWAYS: u32 = 4;

/// A range, as both sides see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) span: Span,
    /// How often the list was halved to come to it.
    pub(super) depth: u32,
    /// Rows on the network's side.
    pub(super) theirs: u64,
    /// Rows on ours.
    pub(super) ours: u64,
    /// The time of the row in its middle, if the network told.
    pub(super) middle: Option<DateTime<Utc>>,
}

/// What is to be done about a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: the counts agree.
    Same,
    /// Compare it row by row.
    Read,
    /// Look at both halves: before this time, and from it on.
    Halve(DateTime<Utc>),
}

/// What is to be done about a range of which a page holds `page_size` rows.
pub(super) fn judge(range: &Range, page_size: u32) -> Verdict {
    let pages = range.theirs.div_ceil(u64::from(page_size));
    if range.depth == 0 && pages <= SMALL_PAGES {
        return Verdict::Read;
    }
    let difference = range.theirs.abs_diff(range.ours);
    if difference == 0 && range.depth >= HALVED_ALWAYS {
        return Verdict::Same;
    }
    // To find one difference takes two requests at each halving. With many of them, reading all is cheaper.
    let halvings = u64::from(pages.max(1).ilog2()) + 1;
    if difference.saturating_mul(2 * halvings) >= pages {
        return Verdict::Read;
    }
    cut(range).map_or(Verdict::Read, Verdict::Halve)
}

/// The time that parts the range in two; `None` if all of it is in one millisecond, or no middle is known.
fn cut(range: &Range) -> Option<DateTime<Utc>> {
    let middle = tick(range.middle?);
    let at = match range.span.from {
        Some(from) if middle <= from => tick_after(from),
        Some(_) | None => middle,
    };
    range.span.to.is_none_or(|to| at < to).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    fn range(depth: u32, theirs: u64, ours: u64) -> Range {
        let span = Span { from: Some(at(1000)), to: Some(at(2000)) };
        Range { span, depth, theirs, ours, middle: Some(at(1500)) }
    }

    #[test]
    fn a_short_list_is_read_and_a_long_one_halved() {
        assert_eq!(judge(&range(0, 2_000, 2_000), 100), Verdict::Read);
        assert_eq!(judge(&range(0, 2_001, 2_001), 100), Verdict::Halve(at(1500)));
    }

    #[test]
    fn counts_that_agree_are_believed_in_small_ranges_only() {
        assert_eq!(judge(&range(3, 50_000, 50_000), 100), Verdict::Halve(at(1500)));
        assert_eq!(judge(&range(4, 50_000, 50_000), 100), Verdict::Same);
        assert_eq!(judge(&range(4, 50_000, 49_999), 100), Verdict::Halve(at(1500)));
    }

    #[test]
    fn many_differences_are_read() {
        assert_eq!(judge(&range(4, 50_000, 49_900), 100), Verdict::Read);
        assert_eq!(judge(&range(4, 0, 50_000), 100), Verdict::Read);
        assert_eq!(judge(&range(4, 500, 499), 100), Verdict::Read);
    }

    #[test]
    fn a_range_is_cut_inside_it_or_not_at_all() {
        let ties = Range { middle: Some(at(1000)), ..range(4, 50_000, 49_999) };
        assert_eq!(judge(&ties, 100), Verdict::Halve(at(1001)));
        let one = Range { span: Span { from: Some(at(1000)), to: Some(at(1001)) }, ..ties };
        assert_eq!(judge(&one, 100), Verdict::Read);
        let untold = Range { middle: None, ..ties };
        assert_eq!(judge(&untold, 100), Verdict::Read);
    }
}
