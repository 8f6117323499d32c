//! What can go wrong with the database.

use std::time::Duration;

use thiserror::Error;

use crate::engine::Poller;

/// What can go wrong with the database.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The lease that a write carries is over, or another process has it.
    #[error(
        "the lease of poller {poller} on network {network} is over; another process may have it"
    )]
    LeaseLost {
        /// The poller.
        poller: Poller,
        /// The network.
        network: String,
    },
    /// The database was made by a newer railpoll.
    #[error(
        "the database has schema version {found}, newer than this program's {own}: upgrade railpoll on this host"
    )]
    Newer {
        /// The database's version.
        found: i64,
        /// Ours.
        own: i64,
    },
    /// The database is older, and we were told to leave it so.
    #[error(
        "the database has schema version {found} and this program needs {own}: run `railpoll migrate`, or set database.migrate = \"auto\""
    )]
    Older {
        /// The database's version.
        found: i64,
        /// Ours.
        own: i64,
    },
    /// A value in the database that no version of railpoll wrote.
    #[error("column {column} holds `{value}`, which cannot be read")]
    Unreadable {
        /// The column.
        column: String,
        /// What stands there.
        value: String,
    },
    /// What was asked for is not there, or not in the state that it must be in.
    #[error("{0}")]
    Refused(String),
    /// The URL of the database is wrong.
    #[error("database.url: {0}")]
    Url(String),
    /// A migration failed.
    #[error("migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The file of the database is not the one that was opened.
    #[error("the database file {0} was moved, deleted or replaced: what is written goes nowhere")]
    Moved(String),
    /// The server takes no writes.
    #[error("{0} takes no writes: it is a standby, or was set to read only")]
    ReadOnly(String),
    /// Something between us and the server has sessions that are not ours alone.
    #[error(
        "a pooler (PgBouncer with pool_mode = transaction or statement?) gives our statements to sessions of others: \
         connect to the server itself, or to a pool with pool_mode = session"
    )]
    Pooler,
    /// The database did not answer in time.
    #[error("the database did not answer within {0:?}")]
    Slow(Duration),
    /// The database cannot be reached, or answered with an error.
    #[error("database: {}", said(.0))]
    Database(sqlx::Error),
}

/// What the database said, in its own words; or why it said nothing.
fn said(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), ToString::to_string)
}

/// What PostgreSQL says of a prepared statement that another session has made, or has not.
const STATEMENTS_OF_OTHERS: [&str; 2] = ["26000", "42P05"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|told| told.code());
        let is_pooler = code.is_some_and(|code| STATEMENTS_OF_OTHERS.contains(&&*code));
        if is_pooler { Self::Pooler } else { Self::Database(error) }
    }
}

/// What SQLite says where another connection writes, …
const BUSY: u32 = 5;
/// … or one of the same process,
const LOCKED: u32 = 6;
/// of a file that may only be read,
const READ_ONLY: u32 = 8;
/// of a disk that fails,
const BROKEN: u32 = 10;
/// and of one that is full: while it writes, and while it makes the room in which all who use it find each other.
const FULL: u32 = 13;
const NO_ROOM_TO_SHARE: u32 = 4874;
/// PostgreSQL's codes have so many letters, and SQLite's fewer.
const SQLSTATE_LEN: usize = 5;

/// What to do about what a server said.
fn of_server(code: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" | "28000" => {
            "this was not done: the server does not take the user or password of database.url"
        }
        "53100" => "this was not done: the server's disk is full; make room there, then try again",
        "53300" => {
            "this was not done: the server has no connection left for us; try again later, or raise its max_connections"
        }
        "42501" => {
            "this was not done: the user of database.url may not do this: docs/database.md has the rights that it needs"
        }
        _ => return None,
    })
}

/// What SQLite says of a file that something else has written.
const NO_DATABASE: &str = "26";

impl StoreError {
    /// Whether the file that was opened is of another kind than SQLite's.
    #[must_use]
    pub fn is_of_another_kind(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let code = error.as_database_error().and_then(|told| told.code());
        code.is_some_and(|code| code == NO_DATABASE)
    }

    /// What to do about it, where a person can do something.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        let Self::Database(error) = self else { return None };
        let Some(told) = error.as_database_error() else {
            let is_away = matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut);
            return is_away.then_some(
                "this was not done: is the server running, and may you log in there? Try the same URL with `psql`",
            );
        };
        let code = told.code()?;
        if code.len() == SQLSTATE_LEN {
            return of_server(&code);
        }
        // SQLite says more in the higher bits.
        let code = code.parse::<u32>().ok()?;
        match if code == NO_ROOM_TO_SHARE { FULL } else { code & 0xff } {
            FULL => Some(
                "this was not done: there is no room left on the disk of the database, which `railpoll config show database` names; \
                 make room, then try again",
            ),
            BUSY | LOCKED => Some(
                "this was not done: another program has the database locked for longer than we wait; `fuser` or `lsof` names who \
                 has the file open, which `railpoll config show database` names; try again once it has ended",
            ),
            READ_ONLY => Some(
                "this was not done: the file and its folder must be writable for you: perhaps `sudo -u railpoll` is missing",
            ),
            BROKEN => Some(
                "this was not done: the disk of the database fails; the system's log tells more",
            ),
            _ => None,
        }
    }

    pub(super) fn url(error: impl std::fmt::Display) -> Self {
        Self::Url(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Executor as _};

    use super::*;

    /// What `statement` comes to while another program has the file locked, where it has room for so many pages.
    async fn refused(statement: &'static str, is_locked: bool) -> StoreError {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let options = options.busy_timeout(Duration::ZERO);
        let (mut other, mut own) =
            (options.connect().await.unwrap(), options.connect().await.unwrap());
        other.execute("CREATE TABLE t (x)").await.unwrap();
        if is_locked {
            other.execute("BEGIN EXCLUSIVE").await.unwrap();
        }
        own.execute("PRAGMA max_page_count = 2").await.ok();
        own.execute(statement).await.unwrap_err().into()
    }

    #[tokio::test]
    async fn a_database_that_refuses_is_told_with_what_to_do() {
        let insert = "INSERT INTO t VALUES (zeroblob(100000))";
        let locked = refused(insert, true).await;
        assert!(locked.advice().is_some_and(|advice| advice.contains("locked")), "{locked}");
        let full = refused(insert, false).await;
        assert!(full.advice().is_some_and(|advice| advice.contains("no room")), "{full}");
        let none = refused("INSERT INTO u VALUES (1)", false).await;
        assert_eq!(none.advice(), None, "{none}");
        for code in ["28P01", "53100", "53300", "42501"] {
            assert!(of_server(code).is_some(), "{code}");
        }
        assert_eq!(of_server("23505"), None);
    }
}
