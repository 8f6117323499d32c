//! Finding out how a network's list can be read.

use chrono::{DateTime, Utc};

use super::Source;
use super::bounds::{Bounds, Mode, is_ascending, tick, tick_after, tick_before};
use crate::engine::{Listing, Window};

/// Rows to look at: enough to see an order, few enough for any network's largest page.
const ROWS: u32 = 10;

/// Asks the network up to four questions about its list.
///
/// Are the rows in order, is a range honoured that holds some rows and not others, is a row in a range that begins at it,
/// and in one that ends at it?
///
/// What a list does not tell, for it is empty or all of one time, is taken to be as documented. A walk notices what
/// contradicts that, and ends as [`super::Outcome::Unreliable`].
///
/// # Errors
/// The network could not be read.
pub async fn probe<S: Source>(source: &S) -> Result<Mode, S::Error> {
    let mut rows = ROWS;
    loop {
        match ask(source, rows).await {
            // A few rows may be as large as a page.
            Err(error) if rows > 1 && S::is_too_large(&error) => rows /= 3,
            ended => return ended,
        }
    }
}

async fn ask<S: Source>(source: &S, rows: u32) -> Result<Mode, S::Error> {
    let range = |after, before| Window { after, before, page: 0, size: rows };
    let first = source.page(&range(None, None)).await?;
    if !is_ascending(&first) {
        return Ok(Mode::Sweep);
    }
    let times: Vec<_> = first.payments().map(|payment| payment.modified_at).collect();
    let (Some(oldest), Some(newest)) = (times.first(), times.last()) else {
        return Ok(Mode::Keyset(Bounds::Exclusive));
    };
    // Only a row that is on a whole millisecond can be on a bound.
    let on_bound = |at: &&DateTime<Utc>| **at == tick(**at);
    let known = *middle(&times).filter(on_bound).or(times.iter().find(on_bound)).unwrap_or(oldest);
    if tick(*oldest) == tick(*newest) {
        let is_honoured =
            has_nothing_beside(source, rows, known).await? && has_just(source, rows, known).await?;
        return Ok(if is_honoured { Mode::Keyset(Bounds::Exclusive) } else { Mode::Sweep });
    }
    if !has_just(source, rows, known).await? {
        return Ok(Mode::Sweep);
    }
    let lower_is_in = holds(source, rows, known, (tick(known), tick_after(known))).await?;
    let upper_is_in = holds(source, rows, known, (tick_before(known), tick(known))).await?;
    Ok(Mode::Keyset(Bounds::of(lower_is_in, upper_is_in)))
}

/// Whether a row is in the range that has it on one of its bounds.
async fn holds<S: Source>(
    source: &S,
    size: u32,
    known: DateTime<Utc>,
    (after, before): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, S::Error> {
    let window = Window { after: Some(after), before: Some(before), page: 0, size };
    let listing = source.page(&window).await?;
    Ok(listing.payments().any(|payment| payment.modified_at == tick(known)))
}

/// Whether a range around a row holds it, and no others. If the row has moved away meanwhile, this is a wrong no, and
/// the list is swept until the next probe.
async fn has_just<S: Source>(
    source: &S,
    size: u32,
    known: DateTime<Utc>,
) -> Result<bool, S::Error> {
    let (after, before) = (tick_before(known), tick_after(known));
    let window = Window { after: Some(after), before: Some(before), page: 0, size };
    let listing = source.page(&window).await?;
    let is_there = listing.payments().any(|payment| tick(payment.modified_at) == tick(known));
    Ok(is_there && is_inside(&listing, after, before))
}

/// Whether a range beside all rows holds none of them.
async fn has_nothing_beside<S: Source>(
    source: &S,
    size: u32,
    known: DateTime<Utc>,
) -> Result<bool, S::Error> {
    let after = tick_after(known);
    let before = tick_after(after);
    let window = Window { after: Some(after), before: Some(before), page: 0, size };
    let listing = source.page(&window).await?;
    Ok(is_inside(&listing, after, before))
}

/// Whether all rows are in the range, be its bounds in or out.
fn is_inside(listing: &Listing, after: DateTime<Utc>, before: DateTime<Utc>) -> bool {
    listing
        .payments()
        .map(|payment| tick(payment.modified_at))
        .all(|at| after <= at && at <= before)
}

fn middle(times: &[DateTime<Utc>]) -> Option<&DateTime<Utc>> {
    times.get(times.len() / 2)
}
