//! Who decided what.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::due::Due;
use crate::engine::decide::rules::owner_of;
use crate::engine::{
    Action, AlertName, Decision, Event, EventType, PaymentState, Reason, ReasonType, ReviewStatus,
    Shown, iso,
};
use crate::store::db::Conn;
use crate::store::db::values::Arg;
use crate::store::memory::alerts;
use crate::store::outbox::{audit, events};
use crate::store::{By, Deed, Lease, Scope, Store, StoreError};

/// A decision, who made it, and on what.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The decision.
    pub decision: Decision,
    /// `automatic`, `http`, `command`, `rule`, or the name of a person.
    pub decided_by: String,
    /// What was shown. None: nothing was, and it binds nobody, as a hold does.
    pub shown: Option<Shown>,
}

impl Store {
    /// The network's JSON of a payment.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such payment.
    pub async fn document(&self, network: &str, payment_id: &str) -> Result<String, StoreError> {
        let sql = "SELECT CAST(document AS text) AS document FROM payment_documents \
                   WHERE network = $1 AND payment_id = $2";
        let rows = self.db.rows(sql, &[Arg::Text(network), Arg::Text(payment_id)]).await?;
        match rows.first() {
            Some(row) => row.text("document"),
            None => {
                Err(StoreError::Refused(format!("there is no payment {payment_id} on {network}")))
            }
        }
    }

    /// Records that a payment waits for a person's decision, unless one was made since it was found to be due.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn await_person(&self, lease: &Lease, due: &Due) -> Result<(), StoreError> {
        let mut tx = self.begin(Some(lease)).await?;
        let sql = "UPDATE known_payments SET review = 'pending', not_before = NULL \
                   WHERE number = (SELECT number FROM things WHERE id = $2 AND kind = 'payment' AND place = $1) AND state = $3 AND review IS NOT DISTINCT FROM $4";
        let [network, payment_id, state] = key(&lease.scope.network, &due.payment_id, &due.state);
        let review = Arg::MaybeText(due.review.map(ReviewStatus::as_str));
        tx.conn().execute(sql, &[network, payment_id, state, review]).await?;
        tx.commit().await
    }

    /// Records a decision on a payment that is in `state`. An operator may overrule what was decided before, as long as
    /// nothing is being carried out. A poller may hold what was approved or declined, but neither turn that round nor end
    /// a hold before its time: a person may have decided while it was asking.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the payment has moved on, an operation is under way, or a poller would overrule;
    /// [`StoreError::LeaseLost`].
    pub async fn decide(
        &self,
        network: &str,
        by: By<'_>,
        payment_id: &str,
        state: &PaymentState,
        review: &Review,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let decider = match by.deed() {
            Some(deed) => Decider::Person { why: deed.reason.as_deref() },
            None => Decider::Poller,
        };
        let mut tx = self.begin(by.lease()).await?;
        let conn = &mut tx.conn();
        write_decision(conn, decider, network, payment_id, state, review, now).await?;
        if let Some(deed) = by.deed() {
            let action = match &review.decision {
                Decision::Approve => Action::PaymentApprove,
                Decision::Decline(_) => Action::PaymentDecline,
                Decision::Hold { .. } => Action::PaymentHold,
            };
            let code = match &review.decision {
                Decision::Decline(reason) => Some(&reason.code),
                Decision::Approve | Decision::Hold { .. } => None,
            };
            let details = json!({ "state": state.as_str(), "code": code });
            let about = subject_of(network, payment_id);
            audit::write(conn, deed, action, &about, &details, now).await?;
            conn.wake(at_work(network, state)).await?;
        }
        tx.commit().await
    }

    /// Ends a hold: the payment is reviewed again. That is a decision too, and on record as one.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it is not held.
    pub async fn release(
        &self,
        network: &str,
        payment_id: &str,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(None).await?;
        let conn = &mut tx.conn();
        let sql = "UPDATE known_payments SET review = NULL, not_before = NULL \
                   WHERE number = (SELECT number FROM things WHERE id = $2 AND kind = 'payment' AND place = $1) AND review = 'held' RETURNING state";
        let args = [Arg::Text(network), Arg::Text(payment_id)];
        let Some(row) = conn.row(sql, &args).await? else {
            return Err(StoreError::Refused(format!("payment {payment_id} is not held")));
        };
        let state = PaymentState::from_word(&row.text("state")?);
        let entry = Entry {
            decided_by: &deed.operator.name,
            why: deed.reason.as_deref(),
            ..Entry::of("release")
        };
        write_entry(conn, network, payment_id, &state, &entry, now).await?;
        let details = json!({ "state": state.as_str() });
        let about = subject_of(network, payment_id);
        audit::write(conn, deed, Action::PaymentRelease, &about, &details, now).await?;
        conn.wake(at_work(network, &state)).await?;
        tx.commit().await
    }

    /// The reason of the newest decline of a payment in `state`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn decline_reason(
        &self,
        network: &str,
        payment_id: &str,
        state: &PaymentState,
    ) -> Result<Option<Reason>, StoreError> {
        let sql = "SELECT reason_type, code, reason FROM reviews \
                   WHERE network = $1 AND payment_id = $2 AND state = $3 AND decision = 'decline' \
                   ORDER BY review_id DESC LIMIT 1";
        let rows = self.db.rows(sql, &key(network, payment_id, state)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let word = row.text("reason_type")?;
        let reason_type: ReasonType = serde_json::from_value(json!(word)).map_err(|_| {
            StoreError::Unreadable { column: "reason_type".to_owned(), value: word }
        })?;
        Ok(Some(Reason {
            reason_type,
            code: row.text("code")?,
            reason: row.maybe_text("reason")?.unwrap_or_default(),
        }))
    }
}

impl Store {
    /// How often `decided_by` has held a payment in `state`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn holds(
        &self,
        network: &str,
        payment_id: &str,
        state: &PaymentState,
        decided_by: &str,
    ) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) AS n FROM reviews WHERE network = $1 AND payment_id = $2 AND state = $3 \
                   AND decision = 'hold' AND decided_by = $4";
        let mut args = key(network, payment_id, state).to_vec();
        args.push(Arg::Text(decided_by));
        let rows = self.db.rows(sql, &args).await?;
        let held = rows.first().map_or(Ok(0), |row| row.count("n"))?;
        Ok(u32::try_from(held).unwrap_or(u32::MAX))
    }
}

/// Who carries a person's decision out.
fn at_work(network: &str, state: &PaymentState) -> BTreeSet<Scope> {
    let scope = |poller| Scope { poller, network: network.to_owned() };
    owner_of(state).map(scope).into_iter().collect()
}

/// Whose decision it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decider<'a> {
    /// A person, who may overrule, and why.
    Person { why: Option<&'a str> },
    /// A poller, which may not.
    Poller,
    /// A rail that could not pay what was approved.
    Rail,
}

impl Decider<'_> {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::Poller => "poller",
            Self::Rail => "rail",
        }
    }
}

/// Writes a decision down, in a transaction that somebody else commits.
pub(super) async fn write_decision(
    conn: &mut Conn<'_>,
    by: Decider<'_>,
    network: &str,
    payment_id: &str,
    state: &PaymentState,
    review: &Review,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let until = match &review.decision {
        Decision::Hold { until, .. } => *until,
        Decision::Approve | Decision::Decline(_) => None,
    };
    let sql = "UPDATE known_payments SET review = $4, not_before = $5, basis = coalesce($9, basis) \
               WHERE number = (SELECT number FROM things WHERE id = $2 AND kind = 'payment' AND place = $1) AND state = $3 AND acted_at IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.network = $1 \
                     AND o.payment_id = $2 AND o.status IN ('intended', 'unknown')) \
                 AND ($8 IS NULL OR version = $8) \
                 AND ($6 = 'person' OR review IS NULL OR (review = 'held' AND not_before <= $7) \
                      OR ($6 = 'rail' AND review = 'approved') \
                      OR (review IN ('approved', 'declined') AND $4 IN (review, 'held')))";
    let mut args = key(network, payment_id, state).to_vec();
    args.push(Arg::Text(review.decision.status().as_str()));
    args.push(Arg::MaybeTime(until));
    args.push(Arg::Text(by.as_str()));
    args.push(Arg::Time(now));
    args.push(Arg::MaybeInt(review.shown.as_ref().map(|shown| shown.version)));
    let basis = review.shown.as_ref().map(|shown| shown.basis.digest.as_str());
    args.push(Arg::MaybeText(basis));
    if conn.execute(sql, &args).await? == 0 {
        return Err(StoreError::Refused(format!(
            "payment {payment_id} is no longer {state}, or was changed or decided on meanwhile, or is being acted on, or was; see `railpoll payments show {payment_id}`"
        )));
    }
    let entry = match &review.decision {
        Decision::Approve => {
            let why = match by {
                Decider::Person { why } => why,
                Decider::Poller | Decider::Rail => None,
            };
            Entry { why, ..Entry::of("approve") }
        }
        Decision::Decline(reason) => Entry {
            reason: Some(reason),
            why: Some(reason.reason.as_str()),
            ..Entry::of("decline")
        },
        Decision::Hold { until, why } => {
            Entry { why: Some(why.as_str()), until: *until, ..Entry::of("hold") }
        }
    };
    let entry = Entry { decided_by: &review.decided_by, basis, ..entry };
    alerts::end_about(conn, AlertName::DecisionVoid, network, payment_id, now).await?;
    write_entry(conn, network, payment_id, state, &entry, now).await
}

/// A row of `reviews`.
pub(super) struct Entry<'a> {
    pub(in crate::store) decision: &'static str,
    pub(in crate::store) decided_by: &'a str,
    pub(in crate::store) reason: Option<&'a Reason>,
    pub(in crate::store) why: Option<&'a str>,
    pub(in crate::store) until: Option<DateTime<Utc>>,
    /// The name of what was decided on.
    pub(super) basis: Option<&'a str>,
    /// What else there is to keep: JSON text.
    pub(in crate::store) details: Option<String>,
}

impl Entry<'_> {
    pub(in crate::store) const fn of(decision: &'static str) -> Self {
        let (reason, why, until, basis, details) = (None, None, None, None, None);
        Self { decision, decided_by: "", reason, why, until, basis, details }
    }
}

fn subject_of(network: &str, payment_id: &str) -> String {
    format!("payment/{network}/{payment_id}")
}

/// Writes a row of `reviews`, and the event that tells of it.
pub(super) async fn write_entry(
    conn: &mut Conn<'_>,
    network: &str,
    payment_id: &str,
    state: &PaymentState,
    entry: &Entry<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Entry { decision, decided_by, reason, why, until, basis, details } = entry;
    let reason_type = reason.and_then(|reason| {
        serde_json::to_value(reason.reason_type).ok()?.as_str().map(str::to_owned)
    });
    let mut args = key(network, payment_id, state).to_vec();
    args.extend([
        Arg::Text(decision),
        Arg::Text(decided_by),
        Arg::MaybeText(reason_type.as_deref()),
        Arg::MaybeText(reason.map(|reason| reason.code.as_str())),
        Arg::MaybeText(*why),
        Arg::MaybeTime(*until),
        Arg::Time(now),
        Arg::MaybeText(*basis),
        Arg::MaybeText(details.as_deref()),
    ]);
    let sql = "INSERT INTO reviews (network, payment_id, state, decision, decided_by, reason_type, code, reason, \
               until, decided_at, basis, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    conn.execute(sql, &args).await?;
    let event = Event::of(
        EventType::PaymentReviewed,
        subject_of(network, payment_id),
        &json!({
            "network": network,
            "payment_id": payment_id,
            "state": state.as_str(),
            "decision": decision,
            "decided_by": decided_by,
            "code": reason.map(|reason| &reason.code),
            "reason": why,
            "until": until.map(iso),
        }),
        now,
    );
    events::append(conn, &event).await
}

fn key<'a>(network: &'a str, payment_id: &'a str, state: &'a PaymentState) -> [Arg<'a>; 3] {
    [Arg::Text(network), Arg::Text(payment_id), Arg::Text(state.as_str())]
}
