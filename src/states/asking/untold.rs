//! A deposit that its rail refuses to be asked about: it is asked about again, and somebody should hear of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Asker;
use crate::engine::{Alert, AlertName, Transfer};
use crate::rails::RailError;
use crate::states::round::{Round, later};
use crate::store::{Postponed, StoreError};

/// A deposit that the rail refuses to be asked about is asked about again after this.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// How the message of such a deposit begins: by these words it is found again.
const WORDS: &str = "the rail refuses to tell of it";

impl Asker {
    /// Leaves a deposit that the rail will not be asked about for later.
    pub(super) async fn refused(
        &self,
        round: &Round<'_>,
        deposit: &Transfer,
        error: &RailError,
    ) -> Result<(), StoreError> {
        tracing::warn!(transfer_id = deposit.transfer_id, %error, "the rail refuses the question");
        let postponed = Postponed {
            transfer_id: deposit.transfer_id.clone(),
            version: deposit.version,
            not_before: later(round.now(), PAUSE),
            message: Some(format!("{WORDS}: {error}")),
        };
        self.may_be_untold.store(true, Ordering::Relaxed);
        self.desk.store.postpone_transfers(round.lease, &[postponed]).await
    }

    /// Raises the alert while there is such a deposit, and clears it when there is none. The database is asked only where
    /// there may be one.
    pub(super) async fn tell_of_untold(&self, round: &Round<'_>) -> Result<(), StoreError> {
        if !self.may_be_untold.load(Ordering::Relaxed) {
            return Ok(());
        }
        let name = AlertName::DepositNotTold;
        let rail = &self.desk.scope.network;
        let untold = round.store.waiting_deposit_that_says(rail, WORDS).await?;
        let alert = untold.as_ref().map(|Transfer { transfer_id, message, .. }| {
            let why = message.as_deref().unwrap_or(WORDS);
            let detail = format!(
                "{transfer_id}: {why}; it is asked about again; see `railpoll transfers explain {transfer_id}`"
            );
            Alert::of(name, detail)
        });
        round.set_alerts(name, alert.as_slice()).await?;
        self.may_be_untold.store(untold.is_some(), Ordering::Relaxed);
        Ok(())
    }
}
