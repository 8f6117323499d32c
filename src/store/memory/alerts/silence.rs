//! A person has seen to an alert: it is silent until it changes, or ends and begins anew.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::alert_from;
use super::set::event;
use crate::engine::{Action, EventType};
use crate::store::db::values::{Arg, Row};
use crate::store::outbox::{audit, events};
use crate::store::{Deed, Store, StoreError};

/// Who has seen to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// The operator.
    pub by: String,
    /// Why it needs nobody else.
    pub why: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Store {
    /// Silences the alert with this number, whatever it is about, until it changes.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it does not stand.
    pub async fn silence_alert(
        &self,
        alert_id: i64,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(None).await?;
        let conn = &mut tx.conn();
        let sql =
            "SELECT * FROM alerts WHERE alert_id = $1 AND ended_at IS NULL AND silenced_at IS NULL";
        let Some(row) = conn.row(sql, &[Arg::Int(alert_id)]).await? else {
            return Err(StoreError::Refused(format!(
                "there is no open alert {alert_id} that nobody has silenced"
            )));
        };
        let alert = alert_from(&row)?;
        let by = &deed.operator.name;
        let why = deed.reason.as_deref();
        let args = [Arg::Int(alert_id), Arg::Time(now), Arg::Text(by), Arg::MaybeText(why)];
        let sql = "UPDATE alerts SET silenced_at = $2, silenced_by = $3, silenced_why = $4 \
                   WHERE alert_id = $1";
        conn.execute(sql, &args).await?;
        let more = json!({ "by": by, "reason": why, "count": alert.count, "detail": alert.detail });
        events::append(conn, &event(EventType::AlertSilenced, &alert, more, now)).await?;
        let details = json!({ "id": alert_id, "poller": alert.poller, "place": alert.place, "subject": alert.subject });
        let about = format!("alert/{}", alert.name);
        audit::write(conn, deed, Action::AlertClear, &about, &details, now).await?;
        tx.commit().await
    }
}

pub(super) fn silence_from(row: &Row) -> Result<Option<Silence>, StoreError> {
    let Some(at) = row.maybe_time("silenced_at")? else { return Ok(None) };
    let text = |column| row.maybe_text(column).map(Option::unwrap_or_default);
    Ok(Some(Silence { by: text("silenced_by")?, why: text("silenced_why")?, at }))
}
