//! Alerts: raised once when a condition begins, cleared once when it ends.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::db::Conn;
use super::values::Arg;
use super::{Deed, Lease, Scope, Store, StoreError, audit, events};
use crate::engine::{Action, Alert, AlertName, Event, EventType};

/// An alert as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAlert {
    /// Its number.
    pub alert_id: i64,
    /// Which condition.
    pub name: String,
    /// Whose.
    pub poller: String,
    /// On which network.
    pub network: String,
    /// About which one thing; empty if about all of it.
    pub subject: String,
    /// For a person to read.
    pub detail: String,
    /// When the condition began.
    pub began_at: DateTime<Utc>,
    /// When it ended; none while it lasts.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Raises an alert and tells of it, unless it stands already.
pub(super) async fn raise(
    conn: &mut Conn<'_>,
    scope: &Scope,
    alert: &Alert,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let raised = conn
        .execute(
            "INSERT INTO alerts (name, poller, network, subject, detail, began_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            &[
                Arg::Text(alert.name.as_str()),
                Arg::Text(scope.poller.name()),
                Arg::Text(&scope.network),
                Arg::Text(&alert.subject),
                Arg::Text(&alert.detail),
                Arg::Time(now),
            ],
        )
        .await?;
    if raised == 0 {
        return Ok(false);
    }
    tracing::warn!(alert = %alert.name, poller = %scope.poller, network = scope.network, detail = alert.detail, "alert raised");
    let row = AlertKey {
        name: alert.name.as_str(),
        poller: scope.poller.name(),
        network: &scope.network,
        subject: &alert.subject,
    };
    events::append(conn, &row.event(EventType::AlertRaised, &alert.detail, now)).await?;
    Ok(true)
}

struct AlertKey<'a> {
    name: &'a str,
    poller: &'a str,
    network: &'a str,
    subject: &'a str,
}

impl AlertKey<'_> {
    fn event(&self, event_type: EventType, detail: &str, now: DateTime<Utc>) -> Event {
        Event {
            event_type,
            subject: format!("alert/{}", self.name),
            version: 0,
            data: json!({
                "name": self.name,
                "poller": self.poller,
                "place": self.network,
                "subject": self.subject,
                "detail": detail,
            })
            .to_string(),
            occurred_at: now,
        }
    }
}

/// Ends the open alert of this key, and tells of it.
async fn end(
    conn: &mut Conn<'_>,
    key: &AlertKey<'_>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let ended = conn
        .execute(
            "UPDATE alerts SET ended_at = $5 \
             WHERE name = $1 AND poller = $2 AND network = $3 AND subject = $4 AND ended_at IS NULL",
            &[
                Arg::Text(key.name),
                Arg::Text(key.poller),
                Arg::Text(key.network),
                Arg::Text(key.subject),
                Arg::Time(now),
            ],
        )
        .await?;
    if ended == 0 {
        return Ok(false);
    }
    tracing::info!(
        alert = key.name,
        poller = key.poller,
        network = key.network,
        subject = key.subject,
        "alert cleared"
    );
    events::append(conn, &key.event(EventType::AlertCleared, "", now)).await?;
    Ok(true)
}

/// Ends the alert on set-aside rows for every poller of `network` that has none left.
pub(super) async fn clear_quarantined(
    conn: &mut Conn<'_>,
    network: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "SELECT poller FROM alerts WHERE name = $1 AND network = $2 AND ended_at IS NULL \
               AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.network = alerts.network \
                               AND q.poller = alerts.poller AND q.resolved_at IS NULL)";
    let name = AlertName::Quarantined.as_str();
    for row in conn.rows(sql, &[Arg::Text(name), Arg::Text(network)]).await? {
        let poller = row.text("poller")?;
        end(conn, &AlertKey { name, poller: &poller, network, subject: "" }, now).await?;
    }
    Ok(())
}

/// Ends every open alert of this name about `network`, or about any.
pub(super) async fn clear_all(
    conn: &mut Conn<'_>,
    name: AlertName,
    network: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "SELECT poller, network, subject FROM alerts \
               WHERE name = $1 AND ($2 IS NULL OR network = $2) AND ended_at IS NULL";
    for row in conn.rows(sql, &[Arg::Text(name.as_str()), Arg::MaybeText(network)]).await? {
        let (poller, network) = (row.text("poller")?, row.text("network")?);
        let subject = row.text("subject")?;
        let key =
            AlertKey { name: name.as_str(), poller: &poller, network: &network, subject: &subject };
        end(conn, &key, now).await?;
    }
    Ok(())
}

impl Store {
    /// Raises an alert. Whether it did not stand already.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn raise_alert(
        &self,
        scope: &Scope,
        lease: Option<&Lease>,
        alert: &Alert,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        if self.is_alert_open(scope, alert.name, &alert.subject).await? {
            return Ok(false);
        }
        let mut tx = self.begin(lease).await?;
        let raised = raise(&mut tx.conn(), scope, alert, now).await?;
        tx.commit().await?;
        Ok(raised)
    }

    /// Clears an alert, if it stands. Whether it stood.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn clear_alert(
        &self,
        scope: &Scope,
        lease: Option<&Lease>,
        name: AlertName,
        subject: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        if !self.is_alert_open(scope, name, subject).await? {
            return Ok(false);
        }
        let mut tx = self.begin(lease).await?;
        let poller = scope.poller.name();
        let key = AlertKey { name: name.as_str(), poller, network: &scope.network, subject };
        let cleared = end(&mut tx.conn(), &key, now).await?;
        tx.commit().await?;
        Ok(cleared)
    }

    /// Clears the alert with this number, whatever it is about: a person has seen to it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it does not stand.
    pub async fn clear_alert_by_id(
        &self,
        alert_id: i64,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(None).await?;
        let sql = "SELECT name, poller, network, subject FROM alerts WHERE alert_id = $1 AND ended_at IS NULL";
        let Some(row) = tx.conn().row(sql, &[Arg::Int(alert_id)]).await? else {
            return Err(StoreError::Refused(format!("there is no open alert {alert_id}")));
        };
        let (name, poller) = (row.text("name")?, row.text("poller")?);
        let (network, subject) = (row.text("network")?, row.text("subject")?);
        let key = AlertKey { name: &name, poller: &poller, network: &network, subject: &subject };
        end(&mut tx.conn(), &key, now).await?;
        let details =
            json!({ "id": alert_id, "poller": poller, "network": network, "subject": subject });
        let about = format!("alert/{name}");
        audit::write(&mut tx.conn(), deed, Action::AlertClear, &about, &details, now).await?;
        tx.commit().await
    }

    async fn is_alert_open(
        &self,
        scope: &Scope,
        name: AlertName,
        subject: &str,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT alert_id FROM alerts \
                   WHERE name = $1 AND poller = $2 AND network = $3 AND subject = $4 AND ended_at IS NULL";
        let args = [
            Arg::Text(name.as_str()),
            Arg::Text(scope.poller.name()),
            Arg::Text(&scope.network),
            Arg::Text(subject),
        ];
        Ok(!self.db.rows(sql, &args).await?.is_empty())
    }

    /// The alerts that stand, or with `ended` the newest of all, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn alerts(&self, ended: bool, limit: u32) -> Result<Vec<OpenAlert>, StoreError> {
        let open = "SELECT * FROM alerts WHERE ended_at IS NULL ORDER BY alert_id LIMIT $1";
        let all = "SELECT * FROM (SELECT * FROM alerts ORDER BY alert_id DESC LIMIT $1) AS newest ORDER BY alert_id";
        let sql = if ended { all } else { open };
        let rows = self.db.rows(sql, &[Arg::Int(i64::from(limit))]).await?;
        rows.iter()
            .map(|row| {
                Ok(OpenAlert {
                    alert_id: row.int("alert_id")?,
                    name: row.text("name")?,
                    poller: row.text("poller")?,
                    network: row.text("network")?,
                    subject: row.text("subject")?,
                    detail: row.text("detail")?,
                    began_at: row.time("began_at")?,
                    ended_at: row.maybe_time("ended_at")?,
                })
            })
            .collect()
    }
}
