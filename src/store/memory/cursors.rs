//! Where a poller's walk over a network stands.

use chrono::{DateTime, Utc};

use crate::store::db::Conn;
use crate::store::db::values::Arg;
use crate::store::{Lease, Scope, Store, StoreError};

/// A poller's memory of a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// How the network's list behaves, as probed; none before the first probe.
    pub mode: Option<String>,
    /// All up to this time was read by a whole walk.
    pub watermark: Option<DateTime<Utc>>,
    /// Where a walk that was broken off goes on.
    pub cursor: Option<DateTime<Utc>>,
    /// The network's count minus ours, after the last sweep.
    pub difference: i64,
    /// What of it stayed after a reconcile that had nothing to correct.
    pub unexplained: i64,
    /// When the list was last reconciled.
    pub reconciled_at: Option<DateTime<Utc>>,
    /// When the next sweep is to begin.
    pub next_sweep_at: Option<DateTime<Utc>>,
}

/// What is remembered of a walk that went to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkEnd {
    /// How the network's list behaves.
    pub mode: String,
    /// All up to this time was read.
    pub watermark: Option<DateTime<Utc>>,
    /// Where the next walk goes on, if this one was broken off.
    pub cursor: Option<DateTime<Utc>>,
    /// The network's count minus ours.
    pub difference: i64,
    /// What of it stayed after a reconcile that had nothing to correct.
    pub unexplained: i64,
    /// When the list was last reconciled.
    pub reconciled_at: Option<DateTime<Utc>>,
}

/// Stores where a walk goes on if it is broken off now.
pub(in crate::store) async fn save_cursor(
    conn: &mut Conn<'_>,
    scope: &Scope,
    cursor: DateTime<Utc>,
) -> Result<(), StoreError> {
    conn.execute(
        "INSERT INTO cursors (poller, network, cursor) VALUES ($1, $2, $3) \
         ON CONFLICT (poller, network) DO UPDATE SET cursor = excluded.cursor",
        &[Arg::Text(scope.poller.name()), Arg::Text(&scope.network), Arg::Time(cursor)],
    )
    .await
    .map(drop)
}

impl Store {
    /// The poller's memory of the network.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn cursor(&self, scope: &Scope) -> Result<Cursor, StoreError> {
        let sql = "SELECT mode, watermark, cursor, difference, unexplained, reconciled_at, next_sweep_at \
                   FROM cursors WHERE poller = $1 AND network = $2";
        let key = [Arg::Text(scope.poller.name()), Arg::Text(&scope.network)];
        let rows = self.db.rows(sql, &key).await?;
        let Some(row) = rows.first() else { return Ok(Cursor::default()) };
        Ok(Cursor {
            mode: row.maybe_text("mode")?,
            watermark: row.maybe_time("watermark")?,
            cursor: row.maybe_time("cursor")?,
            difference: row.int("difference")?,
            unexplained: row.int("unexplained")?,
            reconciled_at: row.maybe_time("reconciled_at")?,
            next_sweep_at: row.maybe_time("next_sweep_at")?,
        })
    }

    /// Stores the end of a walk. What is as it was is not written: a sweep that finds nothing costs no write.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn save_walk(
        &self,
        scope: &Scope,
        lease: &Lease,
        was: &Cursor,
        end: &WalkEnd,
    ) -> Result<(), StoreError> {
        let same = was.mode.as_deref() == Some(&end.mode)
            && was.watermark == end.watermark
            && was.cursor == end.cursor
            && was.difference == end.difference
            && was.unexplained == end.unexplained
            && was.reconciled_at == end.reconciled_at;
        if same {
            return Ok(());
        }
        let mut tx = self.begin(Some(lease)).await?;
        tx.conn()
            .execute(
                "INSERT INTO cursors (poller, network, mode, watermark, cursor, difference, unexplained, reconciled_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (poller, network) DO UPDATE SET mode = excluded.mode, \
                 watermark = excluded.watermark, cursor = excluded.cursor, \
                 difference = excluded.difference, unexplained = excluded.unexplained, \
                 reconciled_at = excluded.reconciled_at",
                &[
                    Arg::Text(scope.poller.name()),
                    Arg::Text(&scope.network),
                    Arg::Text(&end.mode),
                    Arg::MaybeTime(end.watermark),
                    Arg::MaybeTime(end.cursor),
                    Arg::Int(end.difference),
                    Arg::Int(end.unexplained),
                    Arg::MaybeTime(end.reconciled_at),
                ],
            )
            .await?;
        tx.commit().await
    }
}
