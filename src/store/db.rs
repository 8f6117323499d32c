//! One way to ask two databases.
//!
//! Both take `$1`-numbered parameters, so most statements are one text. What differs is how a time, a JSON text and a
//! list are bound and read, and that is decided here, once.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::value::RawValue;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::types::Json;
use sqlx::{Arguments, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction};

use super::StoreError;
use crate::failpoint;

/// Nothing waits longer than this for the database: for a connection, for a lock.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// A connection to PostgreSQL that takes longer is not going to come.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Pages of 16 kB hold documents of 4 kB with the least waste.
const SQLITE_PAGE_BYTES: u32 = 16_384;
/// `SQLite`'s page cache per connection.
const SQLITE_CACHE_KIB: u32 = 4_096;

/// Times as `SQLite` keeps them: of one width, so that they sort as they read.
const SQLITE_TIME: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

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

/// A parameter of a statement.
#[derive(Debug, Clone)]
pub(super) enum Arg<'a> {
    Text(&'a str),
    MaybeText(Option<&'a str>),
    Int(i64),
    Time(DateTime<Utc>),
    MaybeTime(Option<DateTime<Utc>>),
    /// JSON text.
    Json(String),
    /// Texts: in `SQLite` to be read with `json_each`, in `PostgreSQL` with `ANY`.
    Texts(Vec<String>),
}

/// A row of an answer.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
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
            return Self::open_sqlite(path.trim_start_matches("//")).await;
        }
        let options = PgConnectOptions::from_str(url).map_err(StoreError::url)?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(CONNECT_MAX)
            .connect_with(options.application_name("railpoll"))
            .await?;
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
            .statement_cache_capacity(64)
            .pragma("cache_size", format!("-{SQLITE_CACHE_KIB}"));
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).acquire_timeout(WAIT_MAX)
        };
        let write = pool(1).connect_with(options.clone()).await?;
        let read = pool(2).connect_lazy_with(options);
        Ok(Self::Sqlite { read, write })
    }

    /// Begins a transaction that will write. In `SQLite` it takes the write lock at once: a transaction that asked for
    /// it later could be refused.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    pub(super) async fn reader(&self) -> Result<Reader, StoreError> {
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
        self.reader().await?.conn().rows(sql, args).await
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
        failpoint::reached("before commit");
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        failpoint::reached("after commit");
        Ok(())
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
                let rows = query.fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with(sql.postgres(), postgres_arguments(args)?);
                let rows = query.fetch_all(&mut **conn).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
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
            Self::Sqlite(conn) => sqlx::query_with(sql.sqlite(), sqlite_arguments(args)?)
                .execute(&mut **conn)
                .await?
                .rows_affected(),
            Self::Postgres(conn) => sqlx::query_with(sql.postgres(), postgres_arguments(args)?)
                .execute(&mut **conn)
                .await?
                .rows_affected(),
        })
    }
}

fn sqlite_arguments(args: &[Arg<'_>]) -> Result<SqliteArguments, StoreError> {
    let mut out = SqliteArguments::default();
    for arg in args {
        match arg {
            Arg::Text(text) => out.add((*text).to_owned()),
            Arg::MaybeText(text) => out.add(text.map(str::to_owned)),
            Arg::Int(number) => out.add(*number),
            Arg::Time(time) => out.add(sqlite_time(*time)),
            Arg::MaybeTime(time) => out.add(time.map(sqlite_time)),
            Arg::Json(text) => out.add(text.clone()),
            Arg::Texts(texts) => out.add(serde_json::json!(texts).to_string()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

fn postgres_arguments(args: &[Arg<'_>]) -> Result<PgArguments, StoreError> {
    let mut out = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Text(text) => out.add(*text),
            Arg::MaybeText(text) => out.add(*text),
            Arg::Int(number) => out.add(*number),
            Arg::Time(time) => out.add(*time),
            Arg::MaybeTime(time) => out.add(*time),
            Arg::Json(text) => RawValue::from_string(text.clone())
                .map_err(Into::into)
                .and_then(|json| out.add(Json(json))),
            Arg::Texts(texts) => out.add(texts.as_slice()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

/// A time as `SQLite` keeps it.
pub(super) fn sqlite_time(time: DateTime<Utc>) -> String {
    time.format(SQLITE_TIME).to_string()
}

fn from_sqlite_time(column: &str, text: &str) -> Result<DateTime<Utc>, StoreError> {
    NaiveDateTime::parse_from_str(text, SQLITE_TIME)
        .map(|time| time.and_utc())
        .map_err(|_| StoreError::Unreadable { column: column.to_owned(), value: text.to_owned() })
}

impl Row {
    pub(super) fn maybe_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(super) fn int(&self, column: &str) -> Result<i64, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(super) fn count(&self, column: &str) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.int(column)?).unwrap_or_default())
    }

    pub(super) fn maybe_time(&self, column: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        match self {
            Self::Sqlite(row) => {
                let text: Option<String> = row.try_get(column)?;
                text.map(|text| from_sqlite_time(column, &text)).transpose()
            }
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub(super) fn time(&self, column: &str) -> Result<DateTime<Utc>, StoreError> {
        self.maybe_time(column)?.ok_or_else(|| StoreError::Unreadable {
            column: column.to_owned(),
            value: "NULL".to_owned(),
        })
    }

    /// A text that a function of ours can read.
    pub(super) fn parsed<T: FromStr>(&self, column: &str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| StoreError::Unreadable { column: column.to_owned(), value: text })
    }

    /// A JSON list of texts.
    pub(super) fn texts(&self, column: &str) -> Result<Vec<String>, StoreError> {
        let text = self.text(column)?;
        serde_json::from_str(&text)
            .map_err(|_| StoreError::Unreadable { column: column.to_owned(), value: text })
    }
}
