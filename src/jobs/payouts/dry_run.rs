//! What a sweep would do, told by the functions that decide in a sweep. Nothing is changed, here or at the rail.

use std::collections::BTreeMap;

use super::calls::exact;
use super::settling::settlement;
use super::{Paying, is_left_to_a_person, open};
use crate::engine::Transfer;
use crate::jobs::frame::note::{Note, Observer};
use crate::jobs::{Stage, SweepReport};
use crate::store::{PayoutRow, StoreError};

impl Paying {
    /// Tells what a sweep would do.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn tell_due(
        &self,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), StoreError> {
        let (rail, limit, now) = (self.rail_name(), self.options.batch_size, self.desk.clock.now());
        let would = |transfer_id: &str, what: &str, detail: String| {
            let (payment_id, what) = (transfer_id.to_owned(), what.to_owned());
            observer(Note::Would { payment_id, what, detail });
        };
        // With a database that may have forgotten something, nothing goes out.
        let is_held = self.desk.store.is_held().await?;
        if !is_held && self.options.stage != Some(Stage::Execute) {
            let due = self.desk.store.due_payouts(rail, now, limit).await?;
            let ids: Vec<String> = due.iter().filter_map(|one| one.transfer_id.clone()).collect();
            let transfers = self.desk.store.transfers_with_ids(&ids).await?;
            let transfers: BTreeMap<&str, &Transfer> =
                transfers.iter().map(|one| (one.transfer_id.as_str(), one)).collect();
            for PayoutRow { payout_id, transfer_id, status, .. } in &due {
                let transfer = transfer_id.as_deref().and_then(|id| transfers.get(id).copied());
                if !transfer.is_some_and(is_left_to_a_person) {
                    let name = transfer_id.as_ref().unwrap_or(payout_id);
                    would(name, "look up", format!("payout {payout_id} ({status}) on {rail}"));
                }
            }
        }
        if !is_held && self.options.stage != Some(Stage::Poll) {
            for transfer in self.desk.store.transfers_to_pay(rail, now, limit).await? {
                match self.order(&transfer) {
                    Ok(detail) => would(&transfer.transfer_id, "pay out", detail),
                    Err(why) => would(&transfer.transfer_id, "hold", why),
                }
            }
        }
        report.open = open(&self.standing().await?);
        Ok(())
    }

    /// What would be ordered for a transfer, or why it would be put on hold.
    fn order(&self, transfer: &Transfer) -> Result<String, String> {
        let out = match &transfer.amount_out {
            Some(out) => out.clone(),
            None => settlement(transfer, &self.options.assets)?.out,
        };
        let currency = &transfer.currency;
        let decimals = self.decimals_of(Some(transfer), currency);
        let out = exact(&out, currency, decimals).map_err(|(_, why)| why)?;
        Ok(format!("{out} {currency} on {}", self.rail_name()))
    }
}
