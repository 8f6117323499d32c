//! The tables that a bench prints.

use std::fs;
use std::time::Duration;

use super::cost::Cost;

/// Figures of ours, each beside its floor or its limit.
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    pub(crate) fn new(headings: [&str; 4]) -> Self {
        Self { rows: vec![headings.map(str::to_owned)] }
    }

    /// What handling so many payments costs us and plain code: by the clock, and on a core.
    pub(crate) fn compare(&mut self, figure: &str, payments: usize, ours: &[Cost], floor: &[Cost]) {
        let wall = |costs: &[Cost]| rate(payments, median(costs.iter().map(|cost| cost.wall)));
        let cpu = |costs: &[Cost]| rate(payments, median(costs.iter().map(|cost| cost.cpu)));
        for (unit, ours, floor) in
            [("", wall(ours), wall(floor)), (", per second of a core", cpu(ours), cpu(floor))]
        {
            let hundredths = (ours * 100).checked_div(floor).unwrap_or_default();
            let ratio = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            self.row([format!("{figure}{unit}"), ours.to_string(), floor.to_string(), ratio]);
        }
    }

    /// Any other row.
    pub(crate) fn row(&mut self, row: [String; 4]) {
        self.rows.push(row);
    }

    pub(crate) fn print(&self) {
        let mut widths = [0; 4];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = std::cmp::max(*width, cell.chars().count());
            }
        }
        let [first, second, third, fourth] = widths;
        for [a, b, c, d] in &self.rows {
            println!("{a:first$}  {b:>second$}  {c:>third$}  {d:>fourth$}");
        }
    }
}

/// Payments in a second.
pub(crate) fn rate(payments: usize, took: Duration) -> u64 {
    let payments = u128::try_from(payments).unwrap_or_default();
    let rate = (payments * 1_000_000_000).checked_div(took.as_nanos()).unwrap_or_default();
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// The middle one.
pub(crate) fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// How busy the machine is: whoever else is at work makes all figures smaller.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, load average {load}")
}
