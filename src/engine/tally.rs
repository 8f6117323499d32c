//! What storing some sightings came to.

use std::ops::AddAssign;

use super::Change;

/// Counts of sightings by what they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// First sightings.
    pub new: u64,
    /// Newer versions, silent ones included.
    pub changed: u64,
    /// Of those, versions whose `modified_at` did not tell.
    pub silent: u64,
    /// What was known.
    pub unchanged: u64,
    /// Older than what was known.
    pub stale: u64,
    /// Set aside: not understood, or in a state that could not be.
    pub quarantined: u64,
}

impl Tally {
    /// Counts one sighting.
    pub fn count(&mut self, change: Change) {
        match change {
            Change::New => self.new += 1,
            Change::Changed => self.changed += 1,
            Change::Silent => {
                self.changed += 1;
                self.silent += 1;
            }
            Change::Unchanged => self.unchanged += 1,
            Change::Stale => self.stale += 1,
            Change::Illegal => self.quarantined += 1,
        }
    }

    /// Whether something was stored that the database did not have.
    #[must_use]
    pub fn brought_news(&self) -> bool {
        self.new + self.changed > 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.silent += other.silent;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.quarantined += other.quarantined;
    }
}
