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
    #[error("database: {0}")]
    Database(sqlx::Error),
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

    pub(super) fn url(error: impl std::fmt::Display) -> Self {
        Self::Url(error.to_string())
    }
}
