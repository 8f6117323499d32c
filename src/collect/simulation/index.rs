//! Rows in the order of time.

/// Rows by (time in microseconds, id), sorted: counting a range and turning to a page of it take no time.
#[derive(Default)]
pub(super) struct Index(Vec<(i64, u32)>);

impl Index {
    pub(super) fn insert(&mut self, at: i64, id: u32) {
        let place = self.0.partition_point(|row| *row < (at, id));
        self.0.insert(place, (at, id));
    }

    pub(super) fn remove(&mut self, at: i64, id: u32) {
        let place = self.0.binary_search(&(at, id)).expect("only what is there is removed");
        self.0.remove(place);
    }

    /// The rows whose time is not `before` and not `behind`: two tests that are true for the earliest and the latest
    /// times.
    pub(super) fn between(
        &self,
        before: impl Fn(i64) -> bool,
        behind: impl Fn(i64) -> bool,
    ) -> &[(i64, u32)] {
        let from = self.0.partition_point(|row| before(row.0));
        let to = self.0.partition_point(|row| !behind(row.0));
        self.0.get(from..to).unwrap_or_default()
    }

    pub(super) fn rows(&self) -> &[(i64, u32)] {
        &self.0
    }
}
