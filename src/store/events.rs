//! The outbox.

use chrono::{DateTime, Utc};

use super::db::{Conn, Sql};
use super::values::{Arg, Row, without_nul_escapes};
use super::{Store, StoreError};
use crate::engine::Event;

/// An event as it stands in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its place. Events are in the order of their ids, and none can come before one that was read.
    pub id: i64,
    /// What happened.
    pub event_type: String,
    /// To what.
    pub subject: String,
    /// The version of the payment that it happened to.
    pub version: i64,
    /// When, by our clock.
    pub occurred_at: DateTime<Utc>,
    /// The facts, as JSON text.
    pub data: String,
}

/// Which events to list.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only those after the event with this id.
    pub after: i64,
    /// Only those that happened at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only of this type.
    pub event_type: Option<String>,
    /// Only to this subject.
    pub subject: Option<String>,
    /// At most so many.
    pub limit: u32,
}

const APPEND: Sql = Sql::Each {
    sqlite: "INSERT INTO events (type, subject, version, payload, occurred_at) VALUES ($1, $2, $3, $4, $5)",
    postgres: "INSERT INTO events (type, subject, version, payload, occurred_at) \
               VALUES ($1, $2, $3, CAST($4 AS json), $5)",
};

pub(super) async fn append(conn: &mut Conn<'_>, event: &Event) -> Result<(), StoreError> {
    conn.execute(
        APPEND,
        &[
            Arg::Text(event.event_type.as_str()),
            Arg::Text(&event.subject),
            Arg::Int(event.version),
            Arg::Text(&without_nul_escapes(&event.data)),
            Arg::Time(event.occurred_at),
        ],
    )
    .await
    .map(drop)
}

impl Store {
    /// Up to `limit` events after the event `after`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn events_after(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT id, type, subject, version, occurred_at, CAST(payload AS text) AS payload \
                   FROM events WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = self.db.rows(sql, &[Arg::Int(after), Arg::Int(i64::from(limit))]).await?;
        rows.iter().map(event_from).collect()
    }

    /// The events that `filter` lets through, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = "SELECT id, type, subject, version, occurred_at, CAST(payload AS text) AS payload \
                   FROM events WHERE id > $1 AND occurred_at >= $2 AND ($3 IS NULL OR type = $3) \
                   AND ($4 IS NULL OR subject = $4) ORDER BY id LIMIT $5";
        let args = [
            Arg::Int(filter.after),
            Arg::Time(filter.since.unwrap_or(DateTime::UNIX_EPOCH)),
            Arg::MaybeText(filter.event_type.as_deref()),
            Arg::MaybeText(filter.subject.as_deref()),
            Arg::Int(i64::from(filter.limit)),
        ];
        self.db.rows(sql, &args).await?.iter().map(event_from).collect()
    }

    /// The id of the newest event; 0 if there is none.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn newest_event(&self) -> Result<i64, StoreError> {
        let rows = self.db.rows("SELECT coalesce(max(id), 0) AS id FROM events", &[]).await?;
        rows.first().map_or(Ok(0), |row| row.int("id"))
    }
}

fn event_from(row: &Row) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        id: row.int("id")?,
        event_type: row.text("type")?,
        subject: row.text("subject")?,
        version: row.int("version")?,
        occurred_at: row.time("occurred_at")?,
        data: row.text("payload")?,
    })
}
