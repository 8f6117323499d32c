//! Payments that wait for a person, and whether it is time to say so.

use chrono::{DateTime, Utc};

use super::conditions::{COUNTED_MAX, FoundAlerts};
use crate::engine::{Alert, AlertName, PaymentState, comes_near, iso};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row};
use crate::store::db::{Conn, Sql};
use crate::store::{Scope, StoreError};

/// What waits for a person. A hold that ends by itself, and before the deadline, is nobody's to end.
const UNDECIDED: Sql = sql!(
    "SELECT payment_id, review, first_seen_at, expires_at FROM known_payments \
     WHERE network = $1 AND state " among "$2" " AND review IN ('pending', 'held') \
     AND acted_at IS NULL AND expires_at > $3 AND (not_before IS NULL OR not_before >= expires_at) \
     ORDER BY expires_at, payment_id LIMIT $4"
);

/// The same of what nothing ends but a person: the payments in the states `$3`, and those in the states `$2` that have no
/// deadline.
const ENDLESS: Sql = sql!(
    "SELECT payment_id, review, first_seen_at FROM known_payments \
     WHERE network = $1 AND state " among "$2" " AND review IN ('pending', 'held') \
     AND acted_at IS NULL AND not_before IS NULL AND (expires_at IS NULL OR state " among "$3" ") \
     ORDER BY first_seen_at, payment_id LIMIT $4"
);

/// Payments that wait for a person: those whose deadline comes near, and those that nothing else ever ends.
pub(super) async fn undecided(
    conn: &mut Conn<'_>,
    scope: &Scope,
    states: &[PaymentState],
    now: DateTime<Utc>,
) -> Result<FoundAlerts, StoreError> {
    let (ending, endless): (Vec<_>, Vec<_>) = states.iter().partition(|state| state.can_expire());
    let words = |of: &[&PaymentState]| {
        Arg::Texts(of.iter().map(|state| state.as_str().to_owned()).collect())
    };
    let (place, most) = (Arg::Text(scope.place()), Arg::Int(COUNTED_MAX));
    let args = [place.clone(), words(&ending), Arg::Time(now), most.clone()];
    let mut near = Vec::new();
    for row in conn.rows(UNDECIDED, &args).await? {
        let deadline = row.time("expires_at")?;
        if comes_near(row.time("first_seen_at")?, deadline, now) {
            near.push((deadline, named(&row)?));
        }
    }
    let all: Vec<&PaymentState> = states.iter().collect();
    let waiting = conn.rows(ENDLESS, &[place, words(&all), words(&endless), most]).await?;
    let count = near.len().saturating_add(waiting.len());
    let alert = match (near.first(), waiting.first()) {
        (Some(first), _) => Some(nearest(first, count)),
        (None, Some(oldest)) => {
            let (id, since) = (named(oldest)?, oldest.time("first_seen_at")?);
            let detail = format!(
                "{id} is the oldest, since {}, and nothing but a decision ends its wait",
                iso(since)
            );
            Some(of_due(detail, count))
        }
        (None, None) => None,
    };
    Ok((AlertName::DecisionDue, alert.into_iter().collect()))
}

/// Which payment, and whether it is held.
fn named(row: &Row) -> Result<String, StoreError> {
    let (id, review) = (row.text("payment_id")?, row.text("review")?);
    Ok(if review == "held" { format!("{id} (held)") } else { id })
}

/// That the first of several decisions is due at a time.
pub(in crate::store) fn nearest((deadline, id): &(DateTime<Utc>, String), count: usize) -> Alert {
    let detail = format!("{id} is the first, until {}", iso(*deadline));
    of_due(detail, count)
}

fn of_due(detail: String, count: usize) -> Alert {
    Alert::of(AlertName::DecisionDue, detail).counting(u64::try_from(count).unwrap_or(u64::MAX))
}
