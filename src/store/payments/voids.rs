//! Decisions that are void: what was decided on is not what came.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::plan::{Plan, Voided};
use super::reviews::{Entry, write_entry};
use crate::engine::{Alert, AlertName, Basis, MACHINES, Money, ReviewStatus, Transfer, iso};
use crate::store::db::values::{Arg, Row};
use crate::store::db::{Conn, Tx};
use crate::store::memory::alerts;
use crate::store::transfers::{stop_void, transfer_from};
use crate::store::{Scope, StoreError};

/// The newest decision on something that was shown.
struct Decided {
    decision: String,
    by: String,
    at: DateTime<Utc>,
}

/// What the payments were until now, in this order; none of one that is not on record.
pub(super) async fn before(
    conn: &mut Conn<'_>,
    scope: &Scope,
    voided: &[Voided<'_>],
) -> Result<Vec<Option<Basis>>, StoreError> {
    let sql = "SELECT CAST(p.amount AS text) AS amount, p.currency, p.payout_amount, \
                   p.payout_currency, p.returns_payment, CAST(d.document AS text) AS document \
               FROM payments p JOIN payment_documents d ON d.network = p.network AND d.payment_id = p.payment_id \
               WHERE p.network = $1 AND p.payment_id = $2";
    let mut bases = Vec::with_capacity(voided.len());
    for one in voided {
        let args = [Arg::Text(&scope.network), Arg::Text(&one.payment.payment_id)];
        let row = conn.row(sql, &args).await?;
        bases.push(row.map(|row| basis_from(&row, one)).transpose()?);
    }
    Ok(bases)
}

fn basis_from(row: &Row, one: &Voided<'_>) -> Result<Basis, StoreError> {
    let money = Money { amount: row.parsed("amount")?, currency: row.text("currency")? };
    let payout = match (row.maybe_amount("payout_amount")?, row.maybe_text("payout_currency")?) {
        (Some(amount), Some(currency)) => Some(Money { amount, currency }),
        (None, _) | (_, None) => None,
    };
    let parties = (one.payment.parties.0)(&row.text("document")?);
    let returns = row.maybe_text("returns_payment")?;
    Ok(Basis::of(&money, payout.as_ref(), returns.as_deref(), &parties))
}

/// Voids the decision on a payment that is no longer what was decided on, in the transaction that stores it. One by a
/// person is a person's again; else whoever decided is asked again. What is under way goes on, as it was approved.
pub(super) async fn void(
    tx: &mut Tx,
    scope: &Scope,
    voided: &Voided<'_>,
    was: &Option<Basis>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (network, id) = (scope.network.as_str(), voided.payment.payment_id.as_str());
    let key = [Arg::Text(network), Arg::Text(id)];
    let Some(decided) = newest(&mut tx.conn(), network, id).await? else { return Ok(()) };
    let differences =
        was.as_ref().map_or_else(|| "it has changed".to_owned(), |was| was.differences(&voided.is));
    let on_what = format!("{} by {} at {}", decided.decision, decided.by, iso(decided.at));
    let why = format!("decided ({on_what}) on something else: {differences}");
    let details = json!({ "was": was.as_ref().map(|was| &was.facts), "is": voided.is.facts });
    let details = details.to_string();
    let transfer = open_transfer(&mut tx.conn(), network, id).await?;
    let sql = "SELECT 1 AS one FROM payments WHERE network = $1 AND payment_id = $2 AND acted_at IS NULL \
               AND review IN ('approved', 'declined')";
    let stands = voided.in_state && tx.conn().row(sql, &key).await?.is_some();
    let entry = void_entry(&voided.is.digest, details);
    let state = &voided.payment.state;
    let then = if let Some(transfer) = &transfer {
        let then = if stop_void(tx, transfer, &why, now).await? {
            format!(
                "transfer {} is on hold, and pays what was approved if it is released",
                transfer.transfer_id
            )
        } else {
            format!("transfer {} is under way, and pays what was approved", transfer.transfer_id)
        };
        let why = format!("{why}; {then}");
        let entry = Entry { why: Some(&why), ..entry };
        write_entry(&mut tx.conn(), network, id, state, &entry, now).await?;
        then
    } else if stands {
        let is_persons = !MACHINES.contains(&decided.by.as_str()) || voided.is_repriced;
        again(&mut tx.conn(), network, id, is_persons, now).await?;
        let entry = Entry { why: Some(&why), ..entry };
        write_entry(&mut tx.conn(), network, id, state, &entry, now).await?;
        if is_persons { "a person decides again" } else { "it is reviewed again" }.to_owned()
    } else if decided.decision == "approve" {
        "it was carried out before this was known".to_owned()
    } else {
        return Ok(());
    };
    let sql = "UPDATE known_payments SET basis = $3 WHERE number = (SELECT number FROM things WHERE id = $2 AND kind = 'payment' AND place = $1)";
    let basis = transfer.is_some().then_some(voided.is.digest.as_str());
    tx.conn().execute(sql, &[Arg::Text(network), Arg::Text(id), Arg::MaybeText(basis)]).await?;
    let detail = format!("{id}: {why}; {then}");
    let alert = Alert::of(AlertName::DecisionVoid, detail).about(id);
    alerts::keep(&mut tx.conn(), scope, &alert, now).await
}

/// That a decision is void: it was not on what this digest names. `details` has both.
fn void_entry(digest: &str, details: String) -> Entry<'_> {
    let (basis, details) = (Some(digest), Some(details));
    Entry { decided_by: "rule", basis, details, ..Entry::of("void") }
}

/// A void decision is made again: by a person, or at once by whoever made it.
async fn again(
    conn: &mut Conn<'_>,
    network: &str,
    payment_id: &str,
    is_persons: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // A hold that is over stands in the way of what was begun on the old decision, and is looked at in the next sweep.
    let (status, until) =
        if is_persons { (ReviewStatus::Pending, None) } else { (ReviewStatus::Held, Some(now)) };
    let sql = "UPDATE known_payments SET review = $3, not_before = $4 WHERE number = (SELECT number FROM things WHERE id = $2 AND kind = 'payment' AND place = $1)";
    let args = [
        Arg::Text(network),
        Arg::Text(payment_id),
        Arg::Text(status.as_str()),
        Arg::MaybeTime(until),
    ];
    conn.execute(sql, &args).await.map(drop)
}

async fn newest(
    conn: &mut Conn<'_>,
    network: &str,
    payment_id: &str,
) -> Result<Option<Decided>, StoreError> {
    let sql = "SELECT decision, decided_by, decided_at FROM reviews WHERE network = $1 AND payment_id = $2 \
               AND basis IS NOT NULL ORDER BY review_id DESC LIMIT 1";
    let Some(row) = conn.row(sql, &[Arg::Text(network), Arg::Text(payment_id)]).await? else {
        return Ok(None);
    };
    Ok(Some(Decided {
        decision: row.text("decision")?,
        by: row.text("decided_by")?,
        at: row.time("decided_at")?,
    }))
}

async fn open_transfer(
    conn: &mut Conn<'_>,
    network: &str,
    payment_id: &str,
) -> Result<Option<Transfer>, StoreError> {
    let sql = "SELECT * FROM transfers WHERE payment_id = $2 AND payment_network = $1 AND completed_at IS NULL";
    let row = conn.row(sql, &[Arg::Text(network), Arg::Text(payment_id)]).await?;
    row.map(|row| transfer_from(&row)).transpose()
}

/// Nobody need decide again on what is over.
pub(super) async fn end(
    conn: &mut Conn<'_>,
    scope: &Scope,
    plan: &Plan<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let is_void = |id: &str| plan.voided.iter().any(|one| one.payment.payment_id == id);
    let over: Vec<&str> = plan
        .stored
        .iter()
        .filter(|stored| stored.version > 1 && stored.payment.state.is_over())
        .map(|stored| stored.payment.payment_id.as_str())
        .filter(|id| !is_void(id))
        .collect();
    if over.is_empty() {
        return Ok(());
    }
    let sql =
        "SELECT DISTINCT subject FROM alerts WHERE name = $1 AND network = $2 AND ended_at IS NULL";
    let name = AlertName::DecisionVoid;
    for row in conn.rows(sql, &[Arg::Text(name.as_str()), Arg::Text(&scope.network)]).await? {
        let subject = row.text("subject")?;
        if over.contains(&subject.as_str()) {
            alerts::end_about(conn, name, &scope.network, &subject, now).await?;
        }
    }
    Ok(())
}
