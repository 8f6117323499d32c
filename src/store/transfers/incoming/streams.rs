//! Up to where money that comes in was read.

use chrono::{DateTime, Utc};

use crate::store::db::Conn;
use crate::store::db::values::Arg;
use crate::store::{Lease, Store, StoreError};

/// The account under which it is kept how far a rail's feed was read: a rail has one.
pub const FEED: &str = "";

const SAVE: &str = "INSERT INTO streams (source, account, cursor, read_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (source, account) DO UPDATE SET cursor = excluded.cursor, read_at = excluded.read_at";

impl Store {
    /// Up to where the incoming payments of `account` on `source` were read; none: from the beginning.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn stream_cursor(
        &self,
        source: &str,
        account: &str,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT cursor FROM streams WHERE source = $1 AND account = $2";
        let rows = self.db.rows(sql, &[Arg::Text(source), Arg::Text(account)]).await?;
        rows.first().map(|row| row.text("cursor")).transpose()
    }

    /// Up to which ledger the incoming payments of `account` on `source` are known to be read, whether any came or not.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn read_through(
        &self,
        source: &str,
        account: &str,
    ) -> Result<Option<u64>, StoreError> {
        let sql =
            "SELECT ledger FROM streams WHERE source = $1 AND account = $2 AND ledger IS NOT NULL";
        let rows = self.db.rows(sql, &[Arg::Text(source), Arg::Text(account)]).await?;
        rows.first().map(|row| row.count("ledger")).transpose()
    }

    /// Notes that all incoming payments of `account` on `source` up to this ledger are read. Nothing is noted of an account
    /// of which nothing was ever read, and no earlier ledger in place of a later one.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn note_read_through(
        &self,
        lease: &Lease,
        source: &str,
        account: &str,
        ledger: u64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE streams SET ledger = $3 WHERE source = $1 AND account = $2 AND coalesce(ledger, 0) < $3";
        let ledger = Arg::Int(i64::try_from(ledger).unwrap_or(i64::MAX));
        let mut tx = self.begin_quiet(lease).await?;
        tx.conn().execute(sql, &[Arg::Text(source), Arg::Text(account), ledger]).await?;
        tx.commit().await
    }
}

/// Keeps up to where `account` on `source` is read, with what it brought.
pub(super) async fn save(
    conn: &mut Conn<'_>,
    source: &str,
    account: &str,
    cursor: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let args = [Arg::Text(source), Arg::Text(account), Arg::Text(cursor), Arg::Time(now)];
    conn.execute(SAVE, &args).await.map(drop)
}
