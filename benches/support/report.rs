//! The tables that a bench prints.

use std::fs;
use std::time::Duration;

/// Figures of ours, each beside its floor.
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    pub(crate) fn new(headings: [&str; 4]) -> Self {
        Self { rows: vec![headings.map(str::to_owned)] }
    }

    /// A rate of ours beside the rate of plain code.
    pub(crate) fn rates(&mut self, figure: &str, ours: u64, floor: u64) {
        let hundredths = (ours * 100).checked_div(floor).unwrap_or_default();
        let ratio = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        self.row([figure.to_owned(), ours.to_string(), floor.to_string(), ratio]);
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
pub(crate) fn median<T: Ord + Copy>(mut figures: Vec<T>) -> Option<T> {
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied()
}

/// How busy the machine is: whoever else is at work makes all figures smaller.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, load average {load}")
}
