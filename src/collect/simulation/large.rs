//! A network whose answers are sometimes larger than any that is taken: pages become smaller for a while.

use std::cell::RefCell;

use super::database::Database;
use super::network::{Broken, Habits, Network};
use super::{BEGINNING, SECOND, collector, run, time};
use crate::collect::{Found, Outcome, Source};
use crate::engine::{Listing, Row, Window};

/// Rows in the list, each with a time of its own.
const ROWS: i64 = 3_000;
/// The first rows that are large, and how many.
const LARGE: std::ops::Range<i64> = 200..230;
/// So many large rows are too large for one page.
const TOO_MANY: usize = 4;

/// What keeps a page from coming.
#[derive(Debug, PartialEq, Eq)]
enum Why {
    Large,
    Broken,
}

/// The network, and the size of each page that it was asked for, with whether it came.
struct Heavy {
    network: Network,
    asked: RefCell<Vec<(u32, bool)>>,
}

impl Source for Heavy {
    type Error = Why;

    fn is_too_large(error: &Why) -> bool {
        *error == Why::Large
    }

    async fn page(&self, window: &Window) -> Result<Listing, Why> {
        let listing = self.network.page(window).await.map_err(|Broken| Why::Broken)?;
        let first = time(BEGINNING + LARGE.start * SECOND);
        let end = time(BEGINNING + LARGE.end * SECOND);
        let is_large = |row: &&Row| match row {
            Row::Payment(payment) => (first..end).contains(&payment.modified_at),
            Row::Bad(_) => false,
        };
        let comes = listing.rows.iter().filter(is_large).count() < TOO_MANY;
        self.asked.borrow_mut().push((window.size, comes));
        if comes { Ok(listing) } else { Err(Why::Large) }
    }

    async fn get(&self, payment_id: &str) -> Result<Found, Why> {
        self.network.get(payment_id).await.map_err(|Broken| Why::Broken)
    }
}

/// They are halved until they come, and doubled step by step when what was large is behind, up to what is set.
#[test]
fn pages_that_were_too_large_are_smaller_for_a_while() {
    for page_size in [64, 100] {
        let times = (0..ROWS).map(|n| BEGINNING + n * SECOND);
        let network = Network::still(Habits::default(), times);
        let heavy = Heavy { network, asked: RefCell::default() };
        let database = Database::default();
        let now = time(BEGINNING + ROWS * SECOND);
        let collector = collector(&heavy, &database, page_size);
        let walked = run(collector.walk(database.position(), now));
        let (collected, _) = walked.unwrap();
        assert_eq!(collected.outcome, Outcome::Complete);
        assert_eq!(collected.tally.new, ROWS.unsigned_abs());

        let asked = heavy.asked.take();
        let mut came = 0;
        for pair in asked.windows(2) {
            let [(size, comes), (next, _)] = [pair[0], pair[1]];
            came = if comes { came + 1 } else { 0 };
            if !comes {
                assert_eq!(next, size / 2, "of {page_size}");
            } else if next != size {
                assert_eq!(next, (size * 2).min(page_size), "of {page_size}");
                assert!(came >= 8, "larger ones are not tried at once: {came} of {page_size}");
                came = 0;
            }
        }
        let smallest = asked.iter().filter(|(_, comes)| *comes).map(|(size, _)| *size).min();
        assert!(smallest < Some(4), "{asked:?}");
        assert_eq!((asked[0].0, asked[asked.len() - 1].0), (page_size, page_size));
    }
}
