//! A page is stored while the next one is fetched.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, Utc};

use super::database::{Crashed, Database};
use super::network::{Broken, Network};
use super::scenarios::DISTANT;
use super::{BEGINNING, SECOND, collector, time};
use crate::collect::{Found, Position, Sink, Source};
use crate::engine::{Listing, Row, Tally, Trail, Window};

/// Both sides of a walk. A page is not stored before the next one was asked for, so who waits for it waits for ever.
struct Stubborn {
    network: Network,
    database: Database,
    asked: Cell<u64>,
    stored: Cell<u64>,
    is_last: Cell<bool>,
}

impl Source for Stubborn {
    type Error = Broken;

    async fn page(&self, window: &Window) -> Result<Listing, Broken> {
        self.asked.set(self.asked.get() + 1);
        assert!(self.asked.get() <= self.stored.get() + 2, "more than a page ahead");
        let listing = self.network.page(window).await?;
        self.is_last.set(listing.last);
        Ok(listing)
    }

    async fn get(&self, payment_id: &str) -> Result<Found, Broken> {
        self.network.get(payment_id).await
    }
}

impl Sink for Stubborn {
    type Error = Crashed;

    async fn record(
        &self,
        rows: &[Row],
        cursor: Option<DateTime<Utc>>,
        trail: Trail,
    ) -> Result<Tally, Crashed> {
        poll_fn(|_| {
            let is_next_asked = self.asked.get() > self.stored.get() + 1;
            if is_next_asked || self.is_last.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.stored.set(self.stored.get() + 1);
        self.database.record(rows, cursor, trail).await
    }

    async fn count(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
    ) -> Result<u64, Crashed> {
        self.database.count(after, before).await
    }

    async fn ids(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
        past: Option<&(String, DateTime<Utc>)>,
        limit: u32,
    ) -> Result<Vec<(String, DateTime<Utc>)>, Crashed> {
        self.database.ids(after, before, past, limit).await
    }
}

#[test]
fn the_next_page_is_fetched_while_one_is_stored() {
    let stubborn = Stubborn {
        network: Network::still(DISTANT, (0..95).rev().map(|n| BEGINNING - n * SECOND)),
        database: Database::default(),
        asked: Cell::new(0),
        stored: Cell::new(0),
        is_last: Cell::new(false),
    };
    let collector = collector(&stubborn, &stubborn, 10);
    let mut walk = pin!(collector.walk(Position::default(), time(BEGINNING)));
    let mut context = Context::from_waker(Waker::noop());
    let polled = (0..100).find_map(|_| match walk.as_mut().poll(&mut context) {
        Poll::Ready(walked) => Some(walked),
        Poll::Pending => None,
    });
    let (collected, _) = polled.expect("it waits for a page to be stored").unwrap();
    assert_eq!((collected.tally.new, collected.pages), (95, stubborn.stored.get()));
}
