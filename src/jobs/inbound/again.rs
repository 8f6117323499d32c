//! Asking again for a record that was set aside.

use super::Watcher;
use crate::engine::decide::judging::Side;
use crate::jobs::booking::Booking;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;

impl Watcher {
    /// Asks for the record at `place` of our accounts' payments, and books what it brings. False: no account has it, or
    /// it cannot be read this time either.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub(super) async fn ask_again(
        &self,
        round: &Round<'_>,
        place: &str,
    ) -> Result<bool, SweepError> {
        let Some(before) = place.parse::<u64>().ok().and_then(|place| place.checked_sub(1)) else {
            return Ok(false);
        };
        let before = before.to_string();
        let mut was_read = false;
        for account in &self.accounts {
            let page = self.horizon.payments(account, Some(&before), 1).await?;
            let records: Vec<_> =
                page.into_iter().filter(|one| one.cursor.as_deref() == Some(place)).collect();
            if records.is_empty() {
                continue;
            }
            let brought = self.brought(round, records).await?;
            if !brought.unreadable.is_empty() {
                return Ok(false);
            }
            let source = &self.desk.scope.network;
            let booking =
                Booking { expected: &self.expected, source, account, side: Side::Network };
            booking.book(round, brought.incoming, None).await?;
            was_read = true;
        }
        Ok(was_read)
    }
}
