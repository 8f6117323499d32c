//! Whether Horizon still knows what we have read. Pure, but for the alert.

use super::Watcher;
use crate::engine::{Alert, AlertName};
use crate::networks::stellar::Root;
use crate::states::round::Round;
use crate::states::sweep::SweepError;

/// One server of a network may be so many ledgers behind another one: some eight minutes.
const BEHIND_MAX: u64 = 100;
/// A cursor counts operations; above so many bits stands the number of the ledger.
const LEDGER_BITS: u32 = 32;

impl Watcher {
    /// Raises an alert if our places in the accounts' lists cannot be what they were, and clears it when they can.
    pub(super) async fn compare_cursors(
        &self,
        round: &Round<'_>,
        root: &Root,
    ) -> Result<(), SweepError> {
        let mut doubts = Vec::new();
        for account in &self.accounts {
            let cursor = self.desk.store.stream_cursor(&self.desk.scope.network, account).await?;
            if let Some(doubt) = cursor.and_then(|cursor| doubt(&cursor, root)) {
                doubts.push(Alert::of(AlertName::ListUnreliable, doubt).about(account));
            }
        }
        Ok(round.set_alerts(AlertName::ListUnreliable, &doubts).await?)
    }
}

/// What is wrong with a cursor, if anything is.
fn doubt(cursor: &str, root: &Root) -> Option<String> {
    let ledger = cursor.parse::<u64>().ok()? >> LEDGER_BITS;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn doubts(ledger: u64, oldest: u32, newest: u32) -> bool {
        let root = Root {
            network_passphrase: String::new(),
            latest_ledger: newest,
            latest_ledger_closed_at: None,
            elder_ledger: oldest,
        };
        doubt(&(ledger << 32 | 4097).to_string(), &root).is_some()
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
    fn a_cursor_that_is_none_of_ours_is_not_judged() {
        let root = Root {
            network_passphrase: String::new(),
            latest_ledger: 1,
            latest_ledger_closed_at: None,
            elder_ledger: 1,
        };
        assert_eq!(doubt("now", &root), None);
    }
}
