//! The database: `SQLite` and PostgreSQL behind one API.
//!
//! Every call is one transaction or one statement. A call that a poller makes carries its [`Lease`]: a holder whose
//! lease is over can write nothing. Writers of history and events take turns in both databases, so that `row_id` and
//! `id` are in the order of commits and a reader may go by them.

mod admit;
mod ahead;
mod alerts;
mod audit;
mod cursors;
mod db;
mod events;
mod finished;
mod handing_over;
mod known;
mod leases;
mod looks;
mod many;
mod migrate;
mod operations;
mod pauses;
mod payment_list;
mod payments;
mod plan;
mod put_off;
mod quarantine;
mod record;
mod recount;
mod restorations;
mod reviews;
mod seals;
mod set_aside;
mod story;
mod sweeps;
mod transfers;
mod values;
mod voids;
mod waiting;
mod walk;
mod write_postgres;
mod write_sqlite;

use std::time::Duration;

use thiserror::Error;

use crate::engine::Poller;

pub use alerts::{AlertFilter, Found, OpenAlert, Silence};
pub use audit::{AuditFilter, AuditRow, By, Deed};
pub use cursors::{Cursor, WalkEnd};
pub use db::Purpose;
pub use events::{EventFilter, StoredEvent};
pub use finished::Finished;
pub use handing_over::{PaidOut, ToPayOut};
pub use leases::{Acquired, Lease, Promise, Promised};
pub use looks::{Look, LookKind, Looked, PlaceLooks};
pub use migrate::Schema;
pub use operations::Intent;
pub use payment_list::{PaymentFilter, PaymentPlace};
pub use payments::PaymentRow;
pub use put_off::PutOff;
pub use quarantine::{QuarantineFilter, QuarantinedRow};
pub use restorations::{Outlook, Restoration};
pub use reviews::{Due, Review, Shown};
pub use seals::{Difference, Head, Verified};
pub use story::{Story, StoryOperation, StoryReview, StoryStatus};
pub use sweeps::SweepRow;
pub use transfers::{
    BadTransfer, Channel, Claim, Envelope, EnvelopeEnd, EnvelopePayment, FEED, FinishedPayout,
    Following, FoundPayment, IncomingFilter, IncomingPlace, IncomingRow, Intention, NewEnvelope,
    NewIncoming, NewRefund, PayoutEnd, PayoutRow, Postponed, Recorded, Refund, RefundEnd, Resolved,
    Settlement, TransferCount, TransferFilter, TransferPlace, TransferStory, Waiting,
};
pub use waiting::ReviewsWaiting;
pub use walk::Step;

/// The database, shared by everything in this process.
#[derive(Debug, Clone)]
pub struct Store {
    db: db::Db,
}

/// Which poller's memory of which network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// The poller.
    pub poller: Poller,
    /// The configured network's or rail's name.
    pub network: String,
}

impl Scope {
    /// The place itself, for whichever of several processes this is.
    #[must_use]
    pub fn place(&self) -> &str {
        self.network.split_once('#').map_or(&self.network, |(place, _)| place)
    }

    /// The part of this that the `n`-th of several processes works for: the first one's has the same name, the next
    /// one's is `name#2`. A configured name has no `#`.
    #[must_use]
    pub fn slot(&self, n: u32) -> Self {
        let network = if n <= 1 { self.network.clone() } else { format!("{}#{n}", self.network) };
        Self { poller: self.poller, network }
    }
}

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

impl StoreError {
    fn url(error: impl std::fmt::Display) -> Self {
        Self::Url(error.to_string())
    }
}

impl Store {
    /// Opens the database of `url` for work, and makes `SQLite`'s file if it is not there: for pollers, and for whoever
    /// brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Url`], or [`StoreError::Database`] if it cannot be reached.
    pub async fn create(url: &str) -> Result<Self, StoreError> {
        Ok(Self { db: db::Db::open(url, Purpose::Create).await? })
    }

    /// Opens the database of `url`, which must be there, for work.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self { db: db::Db::open(url, Purpose::Write).await? })
    }

    /// Opens the database of `url`, which must be there, for looking. Nothing is written, nor is a file made; what may only
    /// be read will do.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn look(url: &str) -> Result<Self, StoreError> {
        Ok(Self { db: db::Db::open(url, Purpose::Look).await? })
    }

    /// Waits for what is under way and closes the connections.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// The names of the networks and rails that the database knows anything of, whatever is configured now.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn places(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT network AS place FROM payment_counts UNION SELECT rail FROM transfer_counts \
                   UNION SELECT network FROM transfer_counts UNION SELECT source FROM streams \
                   UNION SELECT network FROM cursors UNION SELECT network FROM leases";
        self.db.rows(sql, &[]).await?.iter().map(|row| row.text("place")).collect()
    }

    /// Whether there was ever a payment in this state.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn has_state(&self, state: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM payment_counts WHERE state = $1 LIMIT 1";
        Ok(!self.db.rows(sql, &[values::Arg::Text(state)]).await?.is_empty())
    }

    /// Asks the database for nothing, to see that it answers.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.rows("SELECT 1 AS one", &[]).await.map(drop)
    }

    /// Writes something that changes nothing, to see that the database takes writes: the row of the lease of `scope`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn probe(&self, scope: Option<&Scope>) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        if let Some(scope) = scope {
            leases::touch(&mut tx, scope).await?;
        }
        tx.commit().await
    }

    /// Begins a transaction that writes. `lease`, if given, must still be held: it is looked at under the
    /// database's own clock, and cannot be taken over before the transaction ends.
    async fn begin(&self, lease: Option<&Lease>) -> Result<db::Tx, StoreError> {
        let mut tx = self.db.begin().await?;
        take_turn(&mut tx).await?;
        if let Some(lease) = lease {
            leases::check(&mut tx, lease).await?;
        }
        Ok(tx)
    }

    /// The same for a transaction that does not wait for its turn: it writes neither history nor events, or
    /// [takes its turn](take_turn) before it does.
    async fn begin_quiet(&self, lease: &Lease) -> Result<db::Tx, StoreError> {
        let mut tx = self.db.begin().await?;
        leases::check(&mut tx, lease).await?;
        Ok(tx)
    }
}

/// Waits until no other transaction writes history or events, and keeps the others waiting until this one ends: so their
/// ids are in the order of commits. `SQLite` has one writer anyway.
///
/// Whoever has the turn may wait for rows that others have changed. So nobody may wait for the turn with changed rows in
/// hand, but for payouts, which are changed before the turn is taken, always, and for the transfers of these payouts, which
/// nobody else moves meanwhile.
async fn take_turn(tx: &mut db::Tx) -> Result<(), StoreError> {
    if let db::Tx::Postgres(_) = tx {
        tx.conn().execute("SELECT pg_advisory_xact_lock(8246973)", &[]).await?;
    }
    Ok(())
}
