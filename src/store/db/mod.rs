//! One way to ask two databases.
//!
//! Both take `$1`-numbered parameters, so most statements are one text. How values are bound and read is in
//! [`self::values`].

mod listening;
pub(super) mod many;
mod numeric;
mod pool;
mod postgres;
mod snapshot;
mod sqlite;
pub(super) mod text;
pub(super) mod values;
pub(super) mod walk;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use sqlx::error::ErrorKind;
use sqlx::{PgConnection, SqliteConnection};

use self::pool::{Lent, Pool};
use self::postgres::Servers;
pub(super) use self::sqlite::TEMP_IN_FILES;
use self::sqlite::{File, For};
use self::values::{Arg, Row, postgres_arguments, sqlite_arguments};
use super::waking::{Hints, Woken};
use super::{Scope, StoreError};
use crate::failpoint;

/// A database that has not answered for this long does not answer. It is longer than all that a database waits for itself.
const ANSWER_MAX: Duration = Duration::from_secs(35);
/// Beginning a transaction waits for nobody in PostgreSQL. It is the first thing that a connection is asked, so that a dead
/// one is found by it.
const BEGUN_WITHIN: Duration = Duration::from_secs(5);
/// Connections to PostgreSQL that are lent. One more hears of work.
const POSTGRES_CONNECTIONS: u32 = 4;
/// Connections to an `SQLite` file that read.
const SQLITE_READERS: u32 = 2;
/// So many rows are read before others may go on.
const READ_AT_ONCE: usize = 200;
/// A database.
#[derive(Debug, Clone)]
pub(super) enum Db {
    /// `SQLite` has one writer at a time: one connection writes, so that our own tasks queue fairly for it.
    Sqlite { read: Pool<File>, write: Pool<File>, hints: Hints },
    /// `PostgreSQL`.
    Postgres(Pool<Servers>),
}

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedFor {
    /// Work. `SQLite`'s file is made if it is not there.
    Create,
    /// Work on what is there.
    Write,
    /// Looking: nothing is written, and no file made.
    Look,
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
    Sqlite(Lent<File>, Woken),
    Postgres(Lent<Servers>),
}

/// A connection for reading.
pub(super) enum Reader {
    Sqlite(Lent<File>),
    Postgres(Lent<Servers>),
}

/// Where a statement runs.
pub(super) struct Conn<'c> {
    at: At<'c>,
    /// Who has work by a transaction of `SQLite`.
    woken: Option<&'c mut BTreeSet<Scope>>,
    /// Whether the state of the connection is known.
    sound: &'c mut bool,
}

/// The connection of either database.
pub(super) enum At<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Db {
    /// Opens the database of `url`: `sqlite:PATH` or `postgres://…`.
    pub(super) async fn open(url: &str, purpose: OpenedFor) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = Path::new(path.strip_prefix("//").unwrap_or(path));
            return Self::open_sqlite(path, purpose).await;
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(StoreError::url("it begins with neither sqlite: nor postgres://"));
        }
        let servers = Servers::of(url, purpose == OpenedFor::Look)?;
        let pool = Pool::new(servers, POSTGRES_CONNECTIONS);
        if purpose == OpenedFor::Create {
            // Before a session is told anything that others would then be told too.
            pool.source().expect_own_sessions().await?;
        }
        // What is the matter is told at once, and not by the first who wants something.
        drop(pool.lend().await?);
        Ok(Self::Postgres(pool))
    }

    async fn open_sqlite(path: &Path, purpose: OpenedFor) -> Result<Self, StoreError> {
        if purpose == OpenedFor::Create {
            sqlite::make(path)?;
        }
        let (write, read) = match purpose {
            OpenedFor::Create | OpenedFor::Write => (For::Writing, For::Reading),
            OpenedFor::Look => (For::Looking, For::Looking),
        };
        let write = Pool::new(File::new(path, write), 1);
        let read = Pool::new(File::new(path, read), SQLITE_READERS);
        if purpose == OpenedFor::Look {
            drop(read.lend().await?);
        } else {
            drop(write.lend().await?);
            if let Some(mode) = sqlite::mode_for_others(path) {
                let path = path.display();
                tracing::warn!(
                    "others can read the database (mode {mode:03o}): chmod 600 {path} {path}-wal {path}-shm"
                );
            }
        }
        Ok(Self::Sqlite { read, write, hints: Hints::default() })
    }

    /// Begins a transaction that will write. In `SQLite` it takes the write lock at once: a transaction that asked for
    /// it later could be refused.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { write, hints, .. } => {
                let mut lent = write.lend().await?;
                in_time(lent.begin("BEGIN IMMEDIATE")).await?;
                Ok(Tx::Sqlite(lent, Woken::by(hints)))
            }
            Self::Postgres(pool) => {
                let mut lent = pool.lend().await?;
                if within(BEGUN_WITHIN, lent.begin("BEGIN")).await.is_err() {
                    drop(lent);
                    lent = pool.lend_new().await?;
                    within(BEGUN_WITHIN, lent.begin("BEGIN")).await?;
                }
                Ok(Tx::Postgres(lent))
            }
        }
    }

    /// A connection for several statements that read.
    pub(super) async fn reader(&self) -> Result<Reader, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Reader::Sqlite(read.lend().await?),
            Self::Postgres(pool) => Reader::Postgres(pool.lend_tested().await?),
        })
    }

    /// Runs one statement that reads.
    pub(super) async fn rows(
        &self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into();
        match self.reader().await?.conn().rows(sql, args).await {
            Err(error) if is_cut(&error) => {}
            answer => return answer,
        }
        let mut again = match self {
            Self::Sqlite { read, .. } => Reader::Sqlite(read.lend_new().await?),
            Self::Postgres(pool) => Reader::Postgres(pool.lend_new().await?),
        };
        again.conn().rows(sql, args).await
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { read, write, .. } => {
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
            Self::Sqlite(lent) => Conn::sqlite(lent),
            Self::Postgres(lent) => Conn::postgres(lent),
        }
    }
}

impl Tx {
    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(lent, woken) => {
                Conn { woken: Some(&mut woken.scopes), ..Conn::sqlite(lent) }
            }
            Self::Postgres(lent) => Conn::postgres(lent),
        }
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        // Who dies after a commit leaves what he would leave before the next one, or before the next call.
        failpoint::reached("before commit");
        match self {
            Self::Sqlite(lent, woken) => {
                in_time(lent.commit()).await?;
                woken.tell();
                Ok(())
            }
            Self::Postgres(lent) => in_time(lent.commit()).await,
        }
    }
}

impl<'c> Conn<'c> {
    fn sqlite(lent: &'c mut Lent<File>) -> Self {
        let (conn, sound) = lent.parts();
        Self { at: At::Sqlite(conn), woken: None, sound }
    }

    fn postgres(lent: &'c mut Lent<Servers>) -> Self {
        let (conn, sound) = lent.parts();
        Self { at: At::Postgres(conn), woken: None, sound }
    }

    /// Whether the database is `SQLite`.
    pub(super) const fn is_sqlite(&self) -> bool {
        matches!(self.at, At::Sqlite(_))
    }

    /// The connection, to be asked in its own way. What becomes of that is not seen here, so that it counts as sound again
    /// only when the next statement is answered.
    pub(super) fn at(&mut self) -> &mut At<'c> {
        *self.sound = false;
        &mut self.at
    }

    pub(super) async fn rows(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into();
        let answer = match self.at() {
            At::Sqlite(conn) => {
                let query = sqlx::query_with(sql.sqlite(), sqlite_arguments(args)?);
                in_time(query.fetch_all(&mut **conn)).await.map(|rows| {
                    rows.into_iter().map(|row| Row::Sqlite(row, AtomicUsize::new(0))).collect()
                })
            }
            At::Postgres(conn) => {
                let query = sqlx::query_with(sql.postgres(), postgres_arguments(args)?);
                in_time(query.fetch_all(&mut **conn)).await.map(|rows| {
                    rows.into_iter().map(|row| Row::Postgres(row, AtomicUsize::new(0))).collect()
                })
            }
        };
        self.answered(answer)
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
        let answer = match self.at() {
            At::Sqlite(conn) => {
                let query = sqlx::query_with(sql.sqlite(), sqlite_arguments(args)?);
                in_time(query.execute(&mut **conn)).await.map(|done| done.rows_affected())
            }
            At::Postgres(conn) => {
                let query = sqlx::query_with(sql.postgres(), postgres_arguments(args)?);
                in_time(query.execute(&mut **conn)).await.map(|done| done.rows_affected())
            }
        };
        self.answered(answer)
    }

    /// After an answer, and after a row that broke a rule of the tables, it is known what the connection is in.
    fn answered<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        *self.sound = answer.as_ref().err().is_none_or(is_broken_rule);
        answer
    }
}

/// Whether a row was refused, and nothing else is the matter.
fn is_broken_rule(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(told)) = error else { return false };
    match told.kind() {
        ErrorKind::UniqueViolation
        | ErrorKind::ForeignKeyViolation
        | ErrorKind::NotNullViolation
        | ErrorKind::CheckViolation
        | ErrorKind::ExclusionViolation => true,
        // A trigger's.
        ErrorKind::Other | _ => told.code().is_some_and(|code| ["1811", "P0001"].contains(&&*code)),
    }
}

/// Whether the connection was dead, or ended by its server.
fn is_cut(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else { return false };
    let told = error.as_database_error().and_then(|told| told.code());
    let is_end = |code: &str| code.starts_with("57P") || code.starts_with("08");
    matches!(error, sqlx::Error::Io(_)) || told.is_some_and(|code| is_end(&code))
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
