//! The database: `SQLite` and PostgreSQL behind one API.
//!
//! Every call is one transaction or one statement. A call that a poller makes carries its [`Lease`]: a holder whose
//! lease is over can write nothing. Writers of history and events take turns in both databases, so that `row_id` and
//! `id` are in the order of commits and a reader may go by them.
//!
//! | folder | what is stored |
//! |---|---|
//! | `payments` | payments, their documents, history and counts; what was decided on them, and done |
//! | `transfers` | transfers, and all that is done for them |
//! | `orders` | orders, customers, and the credit that pays them |
//! | `books` | entries, and the sums of their days |
//! | `outbox` | what others are told: events, their seals, and who did what |
//! | `things.rs` | the numbers by which statuses and documents name what they are about |
//! | `memory` | what pollers remember: leases, cursors, sweeps, alerts, what is set aside or put off, what a restore forgot |
//! | `db` | either database: connections, statements, values |

mod books;
mod db;
mod error;
mod memory;
mod migrate;
mod orders;
mod outbox;
mod payments;
mod scope;
mod things;
mod transfers;
mod waking;

use crate::store::db::values::Arg;
use crate::store::memory::leases;
pub use books::{BookDay, BookDifference, BookFilter, BooksChecked, MovementRow};
pub use db::OpenedFor;
pub use db::walk::WalkStep;
pub use error::StoreError;
pub use memory::alerts::{AlertFilter, FoundAlerts, OpenAlert, Silence};
pub use memory::cursors::{Cursor, WalkEnd};
pub use memory::leases::{Acquired, Lease, Promise, Promised};
pub use memory::looks::{Look, LookKind, Looked, PlaceLooks};
pub use memory::put_off::PutOff;
pub use memory::quarantine::{QuarantineFilter, QuarantinedRow};
pub use memory::restorations::{Outlook, Restoration};
pub use memory::sweeps::SweepRow;
pub use migrate::Schema;
pub use orders::{
    CustomerFilter, CustomerPlace, CustomerRow, CustomerSpan, DueOrder, OrderAnswer, OrderDone,
    OrderFilter, OrderPlace, OrderRow, OrderStory, OrderTeller, OrderWorld, PayerRow,
    SettlementRow, Together, WalletRow,
};
pub use outbox::audit::{AuditFilter, AuditRow, By, Deed};
pub use outbox::events::{EventFilter, StoredEvent};
pub use outbox::seals::{Head, SealDifference, Verified};
pub use payments::due::Due;
pub use payments::finished::Finished;
pub use payments::handing_over::{PaidOut, ToPayOut};
pub use payments::list::{PaymentFilter, PaymentPlace};
pub use payments::operations::Intent;
pub use payments::read::PaymentRow;
pub use payments::reviews::Review;
pub use payments::story::{Story, StoryOperation, StoryReview, StoryStatus};
pub use payments::waiting::ReviewsWaiting;
pub use scope::Scope;
pub use transfers::{
    Advanced, BadTransfer, Channel, Claim, Confirming, Envelope, EnvelopeEnd, EnvelopePayment,
    FEED, FinishedPayout, Following, FoundPayment, IncomingFilter, IncomingPage, IncomingPlace,
    IncomingReached, IncomingRow, Intention, NewEnvelope, NewIncoming, PayoutRow, Postponed,
    Recorded, RefundEnd, Resolved, Settlement, TransferCount, TransferFilter, TransferPlace,
    TransferStory, Waiting,
};

/// The database, shared by everything in this process.
#[derive(Debug, Clone)]
pub struct Store {
    db: db::Db,
}

impl Store {
    /// Opens the database of `url` for work, and makes `SQLite`'s file if it is not there: for pollers, and for whoever
    /// brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Url`], or [`StoreError::Database`] if it cannot be reached.
    pub async fn create(url: &str) -> Result<Self, StoreError> {
        Ok(Self { db: db::Db::open(url, OpenedFor::Create).await? })
    }

    /// Opens the database of `url`, which must be there, for work.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self { db: db::Db::open(url, OpenedFor::Write).await? })
    }

    /// Opens the database of `url`, which must be there, for looking. Nothing is written, nor is a file made; what may only
    /// be read will do.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn look(url: &str) -> Result<Self, StoreError> {
        Ok(Self { db: db::Db::open(url, OpenedFor::Look).await? })
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
        Ok(!self.db.rows(sql, &[Arg::Text(state)]).await?.is_empty())
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
