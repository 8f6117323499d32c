//! The scenarios of a busy day: nothing that was there to be seen may be missed.
//!
//! A payment is *due* when it was in the list during one whole run, from before its first request to after its last.
//! It is *missed* if it is due and was never returned; it is *late* if the run itself did not return it, but a later one
//! did.

use std::cell::Cell;

use chrono::{DateTime, Utc};

use super::database::{Crashed, Database};
use super::network::{Habits, Network};
use super::{BEGINNING, MILLI, SECOND, Traffic, collector, run, time};
use crate::collect::{Outcome, Position, Sink};
use crate::engine::{Row, Tally, Trail};

const SEEDS: u64 = 5;
const CYCLES: u64 = 60;
const PAGE: u32 = 100;

const S1: Traffic = Traffic {
    entries_per_second: 5,
    exits_per_second: 5,
    touches_per_second: 0,
    oldest_first: false,
    late_percent: 0,
    tie_percent: 0,
};
const S2: Traffic = Traffic { oldest_first: true, ..S1 };
const S3: Traffic = Traffic { entries_per_second: 20, exits_per_second: 20, ..S1 };
const S4: Traffic = Traffic { touches_per_second: 2, late_percent: 5, ..S1 };
const S5: Traffic =
    Traffic { entries_per_second: 10, exits_per_second: 10, oldest_first: true, ..S4 };

/// A round trip takes 200 ms.
pub(super) const DISTANT: Habits = Habits {
    inclusive_below: false,
    inclusive_above: false,
    shows_millis: false,
    cuts_down: false,
    ignores_range: false,
    coarse: false,
    newest_first: false,
    timeless: false,
    rows_max: None,
    half_trip: 100 * MILLI,
};

#[derive(Debug, Default, Clone, Copy)]
struct Figures {
    due: usize,
    missed: usize,
    late: usize,
    requests: u64,
    cycles: u64,
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.due += other.due;
        self.missed += other.missed;
        self.late += other.late;
        self.requests += other.requests;
        self.cycles += other.cycles;
    }

    /// Requests in a hundred cycles.
    fn per_hundred(&self) -> u64 {
        self.requests * 100 / self.cycles
    }
}

/// A list of so many payments, which came in evenly up to now.
pub(super) fn busy(seed: u64, habits: Habits, traffic: Traffic, payments: i64) -> Network {
    let network = Network::new(seed, habits, traffic);
    let gap = SECOND / traffic.entries_per_second;
    for at in (1..=payments).rev() {
        network.put(BEGINNING - at * gap, false);
    }
    network
}

fn simulate(seed: u64, traffic: Traffic, payments: i64) -> Figures {
    let network = busy(seed, DISTANT, traffic, payments);
    let database = Database::default();
    let mut figures = Figures { cycles: CYCLES, ..Figures::default() };
    for _ in 0..CYCLES {
        let begun = network.now();
        let collector = collector(&network, &database, PAGE);
        let walk = collector.walk(database.position(), time(begun));
        let (collected, position) = run(walk).unwrap();
        assert_eq!(collected.outcome, Outcome::Complete);
        database.save(position);
        figures.requests += collected.pages;
        let due = network.mark_due(begun);
        figures.late += due.into_iter().filter(|id| !database.has_seen(*id)).count();
        network.advance(begun + 30 * SECOND - network.now());
    }
    let due = network.due();
    figures.due = due.len();
    figures.missed = due.into_iter().filter(|id| !database.has_seen(*id)).count();
    figures
}

fn simulate_all(name: &str, traffic: Traffic, payments: i64) -> Figures {
    let mut figures = Figures::default();
    for seed in 1..=SEEDS {
        figures.add(simulate(seed, traffic, payments));
    }
    let Figures { due, missed, late, .. } = figures;
    let requests = figures.per_hundred();
    eprintln!(
        "{name}: {due} due, {missed} missed, {late} late, {}.{:02} requests a cycle",
        requests / 100,
        requests % 100
    );
    figures
}

#[test]
fn nothing_is_missed_and_few_requests_are_made() {
    let scenarios =
        [("S1", S1, 1000), ("S2", S2, 1000), ("S3", S3, 1000), ("S4", S4, 1000), ("S5", S5, 300)];
    let figures = std::thread::scope(|scope| {
        let threads = scenarios.map(|(name, traffic, payments)| {
            scope.spawn(move || simulate_all(name, traffic, payments))
        });
        threads.map(|thread| thread.join().unwrap())
    });
    let mut total = Figures::default();
    for figures in figures {
        total.add(figures);
    }
    eprintln!("in all: {} due, {} missed, {} late", total.due, total.missed, total.late);
    assert_eq!(total.missed, 0);
    assert!(total.due >= 300_000, "{} are not enough to show it", total.due);
    // Within a fifth of 2.2 and 5.8, which the strategy needed when it was chosen.
    let [s1, _, s3, _, _] = figures;
    assert!((176..=264).contains(&s1.per_hundred()), "S1: {}", s1.per_hundred());
    assert!((464..=696).contains(&s3.per_hundred()), "S3: {}", s3.per_hundred());
}

/// A poller that acts on each page as soon as it is stored: what it acts on leaves the list.
struct Acting<'a> {
    network: &'a Network,
    database: &'a Database,
    acted: Cell<u64>,
}

impl Sink for Acting<'_> {
    type Error = Crashed;

    async fn record(
        &self,
        rows: &[Row],
        cursor: Option<DateTime<Utc>>,
        trail: Trail,
    ) -> Result<Tally, Crashed> {
        let tally = self.database.record(rows, cursor, trail).await?;
        for row in rows {
            if let Row::Payment(payment) = row {
                self.network.leave(payment.payment_id.parse().unwrap());
            }
        }
        self.acted.set(self.acted.get() + tally.new);
        Ok(tally)
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
fn acting_while_paging_misses_nothing() {
    // S6, with one payment for each time, and with thousands of ties.
    for gap in [0, MILLI / 4, MILLI, SECOND] {
        let times = (0..1000).map(|at| BEGINNING - at * gap);
        let network = Network::still(DISTANT, times);
        let database = Database::default();
        let acting = Acting { network: &network, database: &database, acted: Cell::new(0) };
        let collector = collector(&network, &acting, PAGE);
        let walk = collector.walk(Position::default(), time(BEGINNING));
        let (collected, _) = run(walk).unwrap();
        assert_eq!(collected.outcome, Outcome::Complete);
        assert_eq!(acting.acted.get(), 1000, "{gap} µs apart");
    }
}
