//! A person says what became of a payout that no rail can tell of.

use chrono::{DateTime, Utc};

use super::payouts::row::payout_from;
use super::refunds::ends::{RefundEnd, end_refunds};
use super::steps::{plan, sign, write_deeds, write_steps};
use crate::engine::{Action, PayoutStatus, Step};
use crate::store::db::values::{Arg, stored_time};
use crate::store::outbox::audit;
use crate::store::{Deed, Store, StoreError, take_turn};
use serde_json::json;

/// What became of a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The money is where it was to go.
    Delivered {
        /// The rail's name for it.
        reference: Option<String>,
    },
    /// It was not made, and is not going to be: if it is tried again, then by a new payout.
    NotDelivered,
}

const RESOLVE: &str = "UPDATE payouts SET status = $2, reference = coalesce($3, reference), answer = $4, finished_at = $5, \
        claimed_by = NULL, claimed_term = NULL \
    WHERE payout_id = $1 AND finished_at IS NULL AND status IN ('unknown', 'initiated') RETURNING *";

impl Store {
    /// Ends a payout by what a person says, with the step of its transfer, whose cause is
    /// [`Cause::Resolved`](crate::engine::Cause::Resolved). A payout for no transfer needs no step.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the payout is over, or about to be handed to the rail, or its transfer was moved
    /// meanwhile, or the step is illegal.
    pub async fn resolve_payout(
        &self,
        payout_id: &str,
        resolved: &Resolved,
        deed: &Deed,
        step: Option<&Step<'_>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let now = stored_time(now);
        let mut planned = plan(None, step.map_or(&[], std::slice::from_ref), now)?;
        for step in &mut planned {
            step.after.payout_id = None;
            // A refund that was not made is over: another may be decided on.
            if *resolved == Resolved::NotDelivered {
                step.after.refund_id = None;
            }
        }
        sign(&mut planned, deed);
        let why = deed.reason.as_deref().unwrap_or_default();
        let (status, reference) = match resolved {
            Resolved::Delivered { reference } => (PayoutStatus::Done, reference.clone()),
            Resolved::NotDelivered => (PayoutStatus::Refused, None),
        };
        let mut tx = self.db.begin().await?;
        let args = [
            Arg::Text(payout_id),
            Arg::Text(status.as_str()),
            Arg::MaybeText(reference.as_deref()),
            Arg::Text(why),
            Arg::Time(now),
        ];
        let refused = |text: String| Err(StoreError::Refused(text));
        let Some(row) = tx.conn().row(RESOLVE, &args).await? else {
            return refused(format!("payout {payout_id} is not one whose end is unknown"));
        };
        take_turn(&mut tx).await?;
        let payout = payout_from(&row)?;
        if let Some(refund_id) = payout.refund_id {
            let end = match resolved {
                Resolved::Delivered { .. } => RefundEnd::Done { reference },
                Resolved::NotDelivered => RefundEnd::Failed { reason: why.to_owned() },
            };
            end_refunds(&mut tx.conn(), &[(refund_id, end)], now).await?;
        }
        let id = planned.first().map(|step| step.before.transfer_id.clone());
        if payout.transfer_id != id {
            return refused(format!("payout {payout_id} needs a step of its own transfer"));
        }
        let moved = write_steps(&mut tx, &planned, now).await?;
        if moved.len() < planned.len() {
            return refused(format!(
                "the transfer of payout {payout_id} was moved meanwhile: look again"
            ));
        }
        let conn = &mut tx.conn();
        if planned.is_empty() {
            let (about, details) =
                (format!("payout/{payout_id}"), json!({ "status": status.as_str() }));
            audit::write(conn, deed, Action::TransferResolve, &about, &details, now).await?;
        }
        write_deeds(conn, deed, &planned, &moved, now).await?;
        tx.commit().await
    }
}
