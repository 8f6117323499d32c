//! One way to ask two databases.
//!
//! Both take `$1`-numbered parameters, so most statements are one text. How values are bound and read is in
//! [`super::values`].

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgPool, Postgres, Sqlite, SqlitePool,
    Transaction,
};

use super::StoreError;
use super::values::{Arg, Row, postgres_arguments, sqlite_arguments};
use crate::failpoint;

/// Nothing waits longer than this for another: for a connection of the pool, for a lock.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// A database that has not answered for this long does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(45);
/// A connection to PostgreSQL that takes longer is not going to come.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Connections of the pool. After a cut all of them may be dead, which nobody knows before one is used. A test of each before
/// it is used would cost a round trip each time. So the first statement is the test: it begins a transaction, or reads, and
/// if the connection turns out to be dead it is tried on the next one.
const POSTGRES_CONNECTIONS: u32 = 4;
/// What each session is told, whatever the server's settings are:
/// - a process that is stopped or cut off in the middle of a transaction holds its locks, and with them every writer, no
///   longer than this, which is less than a lease;
/// - a transaction that waited for its turn sees what the one before it wrote;
/// - what was committed survives a crash of the server;
/// - every question of ours has an index. A plan that was made while a table was all but empty must not read through it
///   when it is full, nor be compiled for that.
const POSTGRES_SESSION: &str = "
    SET lock_timeout = '30s';
    SET idle_in_transaction_session_timeout = '10s';
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET enable_seqscan = off;
    SET jit = off";
/// Ids are random, so that each payment writes a page of each index on ids, and writes it whole: small ones are best.
const SQLITE_PAGE_BYTES: u32 = 4_096;
/// A checkpoint comes after so many pages of the log: with 16 MB a page that changes often is written back seldom.
const SQLITE_CHECKPOINT_PAGES: &str = "4000";
/// `SQLite`'s page cache for the connection that writes, in KiB: what a page of payments changes, and little more. Twice
/// as much was no faster.
const SQLITE_WRITE_CACHE: &str = "-2048";
/// The same for each one that reads.
const SQLITE_READ_CACHE: &str = "-1024";
/// So many rows of an answer go from `SQLite`'s thread to ours at once: more than a page of payments has.
const SQLITE_ROWS: usize = 256;
/// So many rows are read before others may go on.
const READ_AT_ONCE: usize = 200;
/// Compiled statements that a connection keeps: more than there are.
const SQLITE_STATEMENTS: usize = 128;

/// A database.
#[derive(Debug, Clone)]
pub(super) enum Db {
    /// `SQLite` has one writer at a time: one connection writes, so that our own tasks queue fairly for it.
    Sqlite { read: SqlitePool, write: SqlitePool },
    /// `PostgreSQL`.
    Postgres(PgPool),
}

/// A statement: one text for both databases, or one for each.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sql {
    Same(&'static str),
    Each { sqlite: &'static str, postgres: &'static str },
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::Same(text)
    }
}

impl Sql {
    fn sqlite(self) -> &'static str {
        match self {
            Self::Same(text) | Self::Each { sqlite: text, .. } => text,
        }
    }

    fn postgres(self) -> &'static str {
        match self {
            Self::Same(text) | Self::Each { postgres: text, .. } => text,
        }
    }
}

/// A transaction. Dropped without a commit, it changes nothing.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A connection for reading.
pub(super) enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// Where a statement runs.
pub(super) enum Conn<'c> {
    Sqlite(&'c mut sqlx::SqliteConnection),
    Postgres(&'c mut sqlx::PgConnection),
}

impl Db {
    /// Opens the database of `url`: `sqlite:PATH` (made if it is not there) or `postgres://…`.
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Self::open_sqlite(path.strip_prefix("//").unwrap_or(path)).await;
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(StoreError::url("it begins with neither sqlite: nor postgres://"));
        }
        let options = PgConnectOptions::from_str(url).map_err(StoreError::url)?;
        let options = options.application_name("railpoll");
        // A pool tries in silence until its time is up. One connection of our own tells at once what is the matter.
        within(CONNECT_MAX, options.connect()).await?.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(CONNECT_MAX)
            .test_before_acquire(false)
            .after_connect(|conn, _| {
                Box::pin(async { conn.execute(POSTGRES_SESSION).await.map(drop) })
            })
            // A connection keeps room for the largest batch that it ever carried, and there are several.
            .after_release(|conn, _| {
                Box::pin(async {
                    conn.shrink_buffers();
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Self::Postgres(pool))
    }

    async fn open_sqlite(path: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(PathBuf::from(path))
            .create_if_missing(true)
            .page_size(SQLITE_PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WAIT_MAX)
            .statement_cache_capacity(SQLITE_STATEMENTS)
            .row_buffer_size(SQLITE_ROWS)
            .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES);
        // There is no server that could have gone, so no connection is tested.
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(WAIT_MAX)
                .test_before_acquire(false)
        };
        let write = options.clone().pragma("cache_size", SQLITE_WRITE_CACHE);
        let write = pool(1).connect_with(write).await?;
        let read = pool(2).connect_lazy_with(options.pragma("cache_size", SQLITE_READ_CACHE));
        Ok(Self::Sqlite { read, write })
    }

    /// Begins a transaction that will write. In `SQLite` it takes the write lock at once: a transaction that asked for
    /// it later could be refused.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => {
                Tx::Sqlite(in_time(write.begin_with("BEGIN IMMEDIATE")).await?)
            }
            Self::Postgres(pool) => {
                for _ in 0..POSTGRES_CONNECTIONS {
                    match in_time(pool.begin()).await {
                        Err(error) if is_cut(&error) => {}
                        begun => return begun.map(Tx::Postgres),
                    }
                }
                Tx::Postgres(in_time(pool.begin()).await?)
            }
        })
    }

    /// A connection for several statements that read.
    pub(super) async fn reader(&self) -> Result<Reader, StoreError> {
        for _ in 0..POSTGRES_CONNECTIONS {
            let mut reader = self.untested().await?;
            let is_dead = match &mut reader {
                Reader::Sqlite(_) => false,
                Reader::Postgres(conn) => conn.ping().await.is_err(),
            };
            if !is_dead {
                return Ok(reader);
            }
        }
        self.untested().await
    }

    async fn untested(&self) -> Result<Reader, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Reader::Sqlite(read.acquire().await?),
            Self::Postgres(pool) => Reader::Postgres(pool.acquire().await?),
        })
    }

    /// Runs one statement that reads.
    pub(super) async fn rows(
        &self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into();
        for _ in 0..POSTGRES_CONNECTIONS {
            match self.untested().await?.conn().rows(sql, args).await {
                Err(error) if is_cut(&error) => {}
                answer => return answer,
            }
        }
        self.untested().await?.conn().rows(sql, args).await
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Reader {
    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

impl Tx {
    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(tx) => Conn::Sqlite(tx),
            Self::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        // Who dies after a commit leaves what he would leave before the next one, or before the next call.
        failpoint::reached("before commit");
        match self {
            Self::Sqlite(tx) => in_time(tx.commit()).await,
            Self::Postgres(tx) => in_time(tx.commit()).await,
        }
    }
}

impl Conn<'_> {
    pub(super) async fn rows(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into();
        match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(sql.sqlite(), sqlite_arguments(args)?);
                let rows = in_time(query.fetch_all(&mut **conn)).await?;
                Ok(rows.into_iter().map(|row| Row::Sqlite(row, AtomicUsize::new(0))).collect())
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(sql.postgres(), postgres_arguments(args)?);
                let rows = in_time(query.fetch_all(&mut **conn)).await?;
                Ok(rows.into_iter().map(|row| Row::Postgres(row, AtomicUsize::new(0))).collect())
            }
        }
    }

    /// The first row, if there is one.
    pub(super) async fn row(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Runs a statement that changes rows; how many.
    pub(super) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        let sql = sql.into();
        Ok(match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with(sql.sqlite(), sqlite_arguments(args)?);
                in_time(query.execute(&mut **conn)).await?.rows_affected()
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(sql.postgres(), postgres_arguments(args)?);
                in_time(query.execute(&mut **conn)).await?.rows_affected()
            }
        })
    }
}

/// Whether the connection was dead, or ended by its server.
fn is_cut(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else { return false };
    let told = error.as_database_error().and_then(|told| told.code());
    matches!(error, sqlx::Error::Io(_)) || told.is_some_and(|code| code.starts_with("57P"))
}

/// Waits for the database, but not for ever.
pub(super) async fn in_time<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    within(ANSWER_MAX, work).await
}

/// Lets everything that is ready go on: all works on one thread, and a transaction that cannot go on keeps others waiting.
/// It stands between pieces of work of about a millisecond.
pub(super) async fn breathe() {
    tokio::task::yield_now().await;
}

/// What the rows of an answer tell, many or few.
pub(super) async fn read_all<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::with_capacity(rows.len());
    for some in rows.chunks(READ_AT_ONCE) {
        for row in some {
            all.push(read(row)?);
        }
        breathe().await;
    }
    Ok(all)
}

async fn within<T, E>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(limit, work).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Slow(limit)),
    }
}
