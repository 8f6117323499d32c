//! A network, a database and time, all made up: deterministic, and with a book of what was there to be seen.
//!
//! Time is a number of microseconds that only requests and [`Network::advance`] move. Nothing here ever waits.

mod clocks;
mod database;
mod faults;
mod index;
mod kills;
mod large;
mod network;
mod overlap;
mod properties;
mod reconciles;
mod scenarios;
mod traffic;
mod walks;
mod world;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;

use super::{Collector, Sink, Source, WalkSettings};
use database::Database;
use network::Network;
use traffic::Traffic;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Microseconds in a millisecond.
const MILLI: i64 = 1_000;
/// When a simulation begins.
const BEGINNING: i64 = 1_700_000_000 * SECOND;

/// Random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `bound`, which is out.
    fn below(&mut self, bound: i64) -> i64 {
        i64::try_from(self.next() >> 1).unwrap() % bound
    }

    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(i64::try_from(bound).unwrap())).unwrap()
    }
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

/// Runs a future that has nothing to wait for.
fn run<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("nothing waits in a simulation")
}

fn settings(page_size: u32) -> WalkSettings {
    WalkSettings {
        page_size,
        overlap: TimeDelta::seconds(5),
        collect_from: None,
        max_pages: 1_000_000,
    }
}

fn collector<'a, S: Source, D: Sink>(
    source: &'a S,
    sink: &'a D,
    page_size: u32,
) -> Collector<'a, S, D> {
    Collector { source, sink, settings: settings(page_size), stop: &|| false }
}

/// No payment.
const NONE: [u32; 0] = [];

/// Payments that were in the list during one whole run, and that the database never saw.
fn missed(network: &Network, database: &Database) -> Vec<u32> {
    network.due().into_iter().filter(|id| !database.has_seen(*id)).collect()
}
