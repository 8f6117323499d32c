//! What a network's ledgers tell of our places in the accounts' lists. Pure, but for what is stored.

use chrono::{DateTime, TimeDelta, Utc};

use super::Watcher;
use crate::engine::{Alert, AlertName};
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::stellar::Root;
use crate::store::StoreError;

/// One server of a network may be so many ledgers behind another one: some eight minutes.
const BEHIND_MAX: u64 = 100;
/// A list of payments may come from a server that is so far behind the one that told the newest ledger: what it does not
/// tell by then is taken not to be there. Should it tell after all, what came in time is matched all the same.
const LAG: TimeDelta = TimeDelta::seconds(30);
/// A cursor counts operations; above so many bits stands the number of the ledger.
const LEDGER_BITS: u32 = 32;

/// Where the reading of an account stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The last record that was read.
    cursor: Option<String>,
    /// All up to this ledger is known to be read.
    ledger: Option<u64>,
}

impl Place {
    /// The last ledger that is read.
    fn read(&self) -> Option<u64> {
        let cursor = self.cursor.as_ref()?.parse::<u64>().ok()?;
        Some(std::cmp::max(cursor >> LEDGER_BITS, self.ledger.unwrap_or(0)))
    }

    /// From where to ask. A Horizon refuses a place that is older than all it knows, though nothing may have come since.
    pub(super) fn from(&self, root: &Root) -> Option<String> {
        let cursor = self.cursor.clone()?;
        let oldest = u64::from(root.elder_ledger);
        let is_known =
            cursor.parse::<u64>().map_or(true, |place| (place >> LEDGER_BITS) + 1 >= oldest);
        match self.read() {
            Some(read) if !is_known && read + 1 >= oldest => {
                Some((((read + 1) << LEDGER_BITS) - 1).to_string())
            }
            Some(_) | None => Some(cursor),
        }
    }

    /// What is wrong with it, if anything is.
    fn doubt(&self, root: &Root) -> Option<String> {
        let ledger = self.read()?;
        let (newest, oldest) = (u64::from(root.latest_ledger), u64::from(root.elder_ledger));
        if ledger > newest + BEHIND_MAX {
            return Some(format!(
                "we have read up to ledger {ledger}, and the newest is {newest}: was the network reset?"
            ));
        }
        // The next ledger is the first that we have not read.
        (ledger + 1 < oldest).then(|| {
            format!(
                "we have read up to ledger {ledger}, and this Horizon knows none before {oldest}: payments between are missed"
            )
        })
    }
}

/// Before this time, by the ledgers, all that came was told, where a list was read to its end after `root` was asked for.
pub(super) fn told_until(root: &Root) -> Option<DateTime<Utc>> {
    root.latest_ledger_closed_at.map(|closed| closed - LAG)
}

impl Watcher {
    /// Where the reading of `account` stands.
    pub(super) async fn place(&self, account: &str) -> Result<Place, StoreError> {
        let network = &self.desk.scope.network;
        let cursor = self.desk.store.stream_cursor(network, account).await?;
        let ledger = self.desk.store.read_through(network, account).await?;
        Ok(Place { cursor, ledger })
    }

    /// Raises an alert if our places in the accounts' lists cannot be what they were, and clears it when they can.
    pub(super) async fn compare_places(
        &self,
        round: &Round<'_>,
        root: &Root,
    ) -> Result<(), SweepError> {
        let mut doubts = Vec::new();
        for account in &self.accounts {
            if let Some(doubt) = self.place(account).await?.doubt(root) {
                doubts.push(Alert::of(AlertName::ListUnreliable, doubt).about(account));
            }
        }
        Ok(round.set_alerts(AlertName::ListUnreliable, &doubts).await?)
    }

    /// Notes up to where `account` is read, now that its list was read to its end after `root` was asked for: an account to
    /// which nothing comes has no other place that moves on.
    pub(super) async fn note_place(
        &self,
        round: &Round<'_>,
        account: &str,
        root: &Root,
    ) -> Result<(), StoreError> {
        let place = self.place(account).await?;
        let through = u64::from(root.latest_ledger).saturating_sub(BEHIND_MAX);
        // What moves on by itself needs no more writing.
        let is_far = place.read().is_some_and(|read| read + BEHIND_MAX < through);
        if is_far && place.doubt(root).is_none() {
            let network = &self.desk.scope.network;
            round.store.note_read_through(round.lease, network, account, through).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(oldest: u32, newest: u32) -> Root {
        Root {
            network_passphrase: String::new(),
            latest_ledger: newest,
            latest_ledger_closed_at: None,
            elder_ledger: oldest,
        }
    }

    fn place(ledger: u64, through: Option<u64>) -> Place {
        Place { cursor: Some((ledger << 32 | 4097).to_string()), ledger: through }
    }

    fn doubts(ledger: u64, oldest: u32, newest: u32) -> bool {
        place(ledger, None).doubt(&root(oldest, newest)).is_some()
    }

    #[test]
    fn a_place_that_the_network_has_not_come_to_is_doubted() {
        assert!(!doubts(1_000, 1, 1_000));
        assert!(!doubts(1_050, 1, 1_000), "another server may be ahead");
        assert!(doubts(1_101, 1, 1_000));
    }

    #[test]
    fn a_place_before_all_that_is_known_is_doubted() {
        assert!(!doubts(499, 500, 1_000), "the next ledger is the oldest");
        assert!(doubts(498, 500, 1_000));
    }

    #[test]
    fn an_account_to_which_nothing_came_is_read_up_to_what_is_noted() {
        let quiet = place(10, Some(900));
        assert_eq!(quiet.doubt(&root(500, 1_000)), None);
        assert_eq!(quiet.from(&root(500, 1_000)), Some(((901_u64 << 32) - 1).to_string()));
        assert_eq!(quiet.from(&root(5, 1_000)), quiet.cursor, "as long as it is known");
        assert!(quiet.doubt(&root(950, 1_000)).is_some());
        assert_eq!(quiet.from(&root(950, 1_000)), quiet.cursor);
    }

    #[test]
    fn a_cursor_that_is_none_of_ours_is_not_judged() {
        let odd = Place { cursor: Some("now".to_owned()), ledger: None };
        assert_eq!(odd.doubt(&root(1, 1)), None);
        assert_eq!(odd.from(&root(5, 9)).as_deref(), Some("now"));
        assert_eq!(Place::default().from(&root(5, 9)), None, "from the beginning");
    }
}
