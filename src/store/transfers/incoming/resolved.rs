//! What a person makes of money that was not matched: it is a transfer's, or it goes back.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::row::read;
use crate::engine::books::{Occasion, renamed};
use crate::engine::{Action, Cause, Event, EventType, IncomingKey, NewRefund, Step};
use crate::store::books::post::post;
use crate::store::db::Conn;
use crate::store::db::values::{Arg, stored_time};
use crate::store::memory::alerts;
use crate::store::orders::refund::goes_back;
use crate::store::outbox::audit;
use crate::store::transfers::refunds::insert_refunds;
use crate::store::transfers::steps::{plan, sign, write_steps};
use crate::store::transfers::trail::write_events;
use crate::store::{Deed, Store, StoreError};

const RESOLVE: &str = "UPDATE incoming SET resolution = $3, resolved_at = $5, \
        claimant_kind = CASE WHEN $4 IS NULL THEN claimant_kind ELSE 'transfer' END, \
        claimant_shop = CASE WHEN $4 IS NULL THEN claimant_shop END, claimant_id = coalesce($4, claimant_id) \
    WHERE source = $1 AND incoming_id = $2 AND verdict <> 'matched' AND status = 'confirmed' \
      AND (resolution IS NULL OR (resolution = 'refunded' AND NOT EXISTS (SELECT 1 FROM refunds r \
          WHERE r.source = $1 AND r.incoming_id = $2 AND r.status <> 'failed')))";

impl Store {
    /// Gives an incoming payment that was not matched to a transfer, which makes `step`.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if somebody has seen to it already, or the transfer has its money or was moved meanwhile.
    pub async fn assign_incoming(
        &self,
        source: &str,
        incoming_id: &str,
        step: &Step<'_>,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let now = stored_time(now);
        let id = &step.transfer.transfer_id;
        if step.cause != Cause::Assigned || step.transfer.amount_in.is_some() {
            return Err(StoreError::Refused(format!("transfer {id} has its money already")));
        }
        let mut planned = plan(None, std::slice::from_ref(step), now)?;
        sign(&mut planned, deed);
        let mut tx = self.begin(None).await?;
        let key = IncomingKey { source: source.to_owned(), incoming_id: incoming_id.to_owned() };
        expect_nobodys(&mut tx.conn(), &key, &step.transfer.asset, now).await?;
        resolve(&mut tx.conn(), source, incoming_id, "assigned", Some(id), now).await?;
        let moved = write_steps(&mut tx, &planned, now).await?;
        if moved.is_empty() {
            return Err(StoreError::Refused(format!(
                "transfer {id} was moved meanwhile: look again"
            )));
        }
        let event = Event::of(
            EventType::IncomingAssigned,
            format!("incoming/{source}/{incoming_id}"),
            &json!({
                "place": source,
                "incoming_id": incoming_id,
                "transfer_id": id,
                "by": deed.operator.name,
            }),
            now,
        );
        write_events(&mut tx.conn(), &[event]).await?;
        let about = format!("incoming/{source}/{incoming_id}");
        let details = json!({ "transfer_id": id });
        audit::write(&mut tx.conn(), deed, Action::IncomingAssign, &about, &details, now).await?;
        tx.commit().await
    }

    /// Sends an incoming payment that was not matched back.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if somebody has seen to it already.
    pub async fn refund_incoming(
        &self,
        source: &str,
        incoming_id: &str,
        refund: &NewRefund,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let now = stored_time(now);
        let mut refund = refund.clone();
        refund.transfer_id = None;
        refund.incoming = Some((source.to_owned(), incoming_id.to_owned()));
        let mut tx = self.begin(None).await?;
        let conn = &mut tx.conn();
        resolve(conn, source, incoming_id, "refunded", None, now).await?;
        let key = IncomingKey { source: source.to_owned(), incoming_id: incoming_id.to_owned() };
        goes_back(conn, &key, &refund.amount, now).await?;
        let name = Some(deed.operator.name.as_str());
        insert_refunds(conn, &[&refund], &HashSet::new(), name, now).await?;
        let about = format!("incoming/{source}/{incoming_id}");
        let details = json!({ "refund_id": refund.refund_id, "amount": refund.amount.to_string() });
        audit::write(conn, deed, Action::IncomingRefund, &about, &details, now).await?;
        tx.commit().await
    }
}

/// What is credit for orders is no transfer's. What is told under another name than the transfer's asset has its name from now
/// on.
async fn expect_nobodys(
    conn: &mut Conn<'_>,
    key: &IncomingKey,
    asset: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(row) = read(conn, key).await? else { return Ok(()) };
    if let Some(wallet) = &row.wallet {
        return Err(StoreError::Refused(format!(
            "incoming payment {} is the credit of {wallet} for orders: it pays them, or goes back with `railpoll transfers \
             incoming refund`",
            key.incoming_id
        )));
    }
    if row.is_nobodys() && row.asset_in_books() != asset {
        let on = Occasion { about: key.subject(), place: key.source.clone(), at: now };
        let amount = &row.incoming.amount;
        let entry = renamed(&on, (row.asset_in_books(), asset), amount);
        post(conn, entry.as_slice()).await?;
    }
    Ok(())
}

/// Writes down what a person made of an incoming payment. The alert ends with the last one that waits.
async fn resolve(
    conn: &mut Conn<'_>,
    source: &str,
    incoming_id: &str,
    resolution: &str,
    transfer_id: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let args = [
        Arg::Text(source),
        Arg::Text(incoming_id),
        Arg::Text(resolution),
        Arg::MaybeText(transfer_id),
        Arg::Time(now),
    ];
    if conn.execute(RESOLVE, &args).await? == 0 {
        return Err(StoreError::Refused(format!(
            "there is no incoming payment {incoming_id} on {source} that waits for a person"
        )));
    }
    let sql = "SELECT claimant_shop FROM incoming WHERE source = $1 AND incoming_id = $2 AND claimant_shop IS NOT NULL";
    if let Some(row) = conn.row(sql, &[Arg::Text(source), Arg::Text(incoming_id)]).await? {
        alerts::retell_orders(conn, &row.text("claimant_shop")?, now).await?;
    }
    alerts::retell_incoming(conn, source, None, now).await
}
