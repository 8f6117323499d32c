//! Refunds that come to an end without having been tried.

use chrono::{DateTime, Utc};

use super::ends::{RefundEnd, end_refunds, tell_of_failed};
use crate::engine::Step;
use crate::store::db::values::stored_time;
use crate::store::transfers::steps::{plan, write_steps};
use crate::store::{Lease, Store, StoreError};

impl Store {
    /// Gives up a refund that cannot be made, with the step of its transfer, if it has one, and calls a person.
    ///
    /// # Errors
    /// [`StoreError::Refused`] as [`Store::move_transfers`], or if the transfer was moved by somebody else: nothing is
    /// changed then; [`StoreError::LeaseLost`].
    pub async fn fail_refund(
        &self,
        lease: &Lease,
        refund_id: &str,
        reason: &str,
        step: Option<&Step<'_>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let now = stored_time(now);
        let planned = plan(Some(lease), step.map_or(&[], std::slice::from_ref), now)?;
        let mut tx = self.begin(Some(lease)).await?;
        let end = RefundEnd::Failed { reason: reason.to_owned() };
        let ends = [(refund_id.to_owned(), end)];
        end_refunds(&mut tx.conn(), &ends, now).await?;
        tell_of_failed(&mut tx.conn(), lease, &ends, now).await?;
        if write_steps(&mut tx, &planned, now).await?.len() < planned.len() {
            let text = format!("the transfer of refund {refund_id} was moved by somebody else");
            return Err(StoreError::Refused(text));
        }
        tx.commit().await
    }
}
