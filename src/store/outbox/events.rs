//! The outbox.

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::Event;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row, without_nul_escapes};
use crate::store::db::walk::{ROOM, WalkStep};
use crate::store::db::{Conn, Sql};
use crate::store::{Store, StoreError};

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
    /// Only those after the event with this id; with `newest` only those before it.
    pub after: Option<i64>,
    /// Only those that happened at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those that happened before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only of this type, or, with a star at its end, of those that begin so.
    pub event_type: Option<String>,
    /// Only to this subject, or, with a star at its end, to those that begin so.
    pub subject: Option<String>,
    /// The newest first.
    pub newest: bool,
    /// At most so many.
    pub limit: u32,
}

macro_rules! list {
    ($what:literal, $order:literal) => {
        concat!(
            "SELECT ", $what, " FROM events WHERE id >= $1 AND id <= $2 AND occurred_at >= $3 AND occurred_at <= $4 \
             AND ($5 IS NULL OR type = $5) AND ($6 IS NULL OR substr(type, 1, length($6)) = $6) \
             AND ($7 IS NULL OR subject = $7) AND ($8 IS NULL OR substr(subject, 1, length($8)) = $8)",
            $order
        )
    };
}

const LIST: &str = list!(
    "id, type, subject, version, occurred_at, CAST(payload AS text) AS payload",
    " ORDER BY id LIMIT $9"
);
const LIST_NEWEST: &str = list!(
    "id, type, subject, version, occurred_at, CAST(payload AS text) AS payload",
    " ORDER BY id DESC LIMIT $9"
);
const COUNT: &str = list!("count(*) AS n", "");

impl EventFilter {
    fn args(&self, from: i64, to: i64) -> Vec<Arg<'_>> {
        let mut args = vec![
            Arg::Int(from),
            Arg::Int(to),
            Arg::Time(self.since.unwrap_or(DateTime::<Utc>::MIN_UTC)),
            Arg::Time(
                self.until
                    .map_or(DateTime::<Utc>::MAX_UTC, |until| until - TimeDelta::microseconds(1)),
            ),
        ];
        for wanted in [&self.event_type, &self.subject] {
            let beginning = wanted.as_deref().and_then(|text| text.strip_suffix('*'));
            let whole = wanted.as_deref().filter(|_| beginning.is_none());
            args.extend([Arg::MaybeText(whole), Arg::MaybeText(beginning)]);
        }
        args
    }
}

const APPEND: Sql = sql!(
    "INSERT INTO events (type, subject, version, payload, occurred_at) \
     VALUES ($1, $2, $3, " json "$4" ", $5)"
);

pub(in crate::store) async fn append(conn: &mut Conn<'_>, event: &Event) -> Result<(), StoreError> {
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

    /// The events that `filter` lets through, in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
        let (mut filter, mut found) = (filter.clone(), Vec::new());
        let limit = filter.limit;
        loop {
            let step = self.events_step(&filter).await?;
            found.extend(step.rows);
            let Some(next) = step.next else { return Ok(found) };
            filter.limit = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if filter.limit == 0 {
                return Ok(found);
            }
            filter.after = Some(next);
        }
    }

    /// One step through a list of events.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn events_step(
        &self,
        filter: &EventFilter,
    ) -> Result<WalkStep<StoredEvent, i64>, StoreError> {
        let newest = self.newest_event().await?;
        let room = i64::from(ROOM);
        let (from, to, rest) = if filter.newest {
            let to = filter.after.map_or(newest, |after| after.saturating_sub(1).min(newest));
            let from = to.saturating_sub(room).max(0);
            (from, to, (from > 0).then_some(from))
        } else {
            let from = filter.after.unwrap_or(0).saturating_add(1).max(0);
            let to = from.saturating_add(room).min(newest);
            (from, to, (to < newest).then_some(to))
        };
        let mut args = filter.args(from, to);
        args.push(Arg::Int(i64::from(filter.limit)));
        let rows = self.db.rows(if filter.newest { LIST_NEWEST } else { LIST }, &args).await?;
        let rows: Vec<StoredEvent> = rows.iter().map(event_from).collect::<Result<_, _>>()?;
        let is_full = rows.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
        Ok(match rows.last() {
            Some(last) if is_full => WalkStep {
                looked_at: u64::try_from(rows.len()).unwrap_or(u64::MAX),
                next: Some(last.id),
                rows,
            },
            Some(_) | None => WalkStep { looked_at: u64::from(ROOM), next: rest, rows },
        })
    }

    /// How many events the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn events_count(&self, filter: &EventFilter) -> Result<u64, StoreError> {
        let (newest, room) = (self.newest_event().await?, i64::from(ROOM));
        let (mut from, mut count) = (filter.after.unwrap_or(0).saturating_add(1), 0);
        while from <= newest {
            let args = filter.args(from, from.saturating_add(room - 1));
            count +=
                self.db.rows(COUNT, &args).await?.first().map_or(Ok(0), |row| row.count("n"))?;
            from = from.saturating_add(room);
        }
        Ok(count)
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
