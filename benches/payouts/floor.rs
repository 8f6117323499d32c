//! The plainest statements that change the same rows: no guard, no lease, nothing read, nothing decided.

use std::str::FromStr as _;

use railpoll::store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection,
};

use super::seed::seed;
use crate::support::Outcome;
use crate::support::cost::{Cost, Work};
use crate::support::database::{Database, Kind};

/// Which rows ours writes for a transfer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// A payout, from its intent to its end, and the transfer's step.
    Executed,
    /// The end of a payout that is there, and the transfer's step.
    Followed,
}

/// A database with transfers, and a connection that knows nothing of railpoll.
pub(crate) struct Floor {
    database: Database,
    conn: Conn,
    ids: Vec<String>,
}

enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

const UPDATE: &str =
    "UPDATE transfers SET status = 'completed', version = 2, completed_at = updated_at WHERE ";
const PAYOUTS: &str = "INSERT INTO payouts (payout_id, transfer_id, purpose, rail, amount, currency, status, attempts, \
    reference, intended_at, not_before) \
    SELECT transfer_id, transfer_id, 'payout', rail, amount_out, currency, 'initiated', 1, 'ref-' || transfer_id, \
    created_at, created_at FROM transfers WHERE ";
const ENDS: &str = "UPDATE payouts SET status = 'done', finished_at = intended_at WHERE ";
const HISTORY: &str = "INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source) \
    SELECT 'transfer', network, transfer_id, status, completed_at, completed_at, 'delivered' FROM transfers WHERE ";
const EVENTS: &str = "INSERT INTO events (type, subject, version, payload, occurred_at) \
    SELECT 'transfer.status_changed', 'transfer/' || transfer_id, version, beneficiary, completed_at \
    FROM transfers WHERE ";
const EVENTS_POSTGRES: &str = "INSERT INTO events (type, subject, version, payload, occurred_at) \
    SELECT 'transfer.status_changed', 'transfer/' || transfer_id, version, CAST(beneficiary AS jsonb), completed_at \
    FROM transfers WHERE ";

impl Floor {
    pub(crate) async fn seeded(kind: &Kind, transfers: usize) -> Outcome<Self> {
        let database = Database::new(kind).await?;
        let store = Store::open(&database.url).await?;
        seed(&store, transfers, railpoll::engine::Clock::system().now()).await?;
        store.close().await;
        let sql = "SELECT transfer_id FROM transfers ORDER BY created_at, transfer_id";
        let (conn, ids) = match kind {
            Kind::Sqlite => {
                let options = SqliteConnectOptions::from_str(&database.url)?
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true);
                let mut conn = options.connect().await?;
                let rows = sqlx::query(sql).fetch_all(&mut conn).await?;
                (Conn::Sqlite(conn), rows.iter().map(|row| row.get(0)).collect())
            }
            Kind::Postgres(_) => {
                let mut conn = PgConnection::connect(&database.url).await?;
                let rows = sqlx::query(sql).fetch_all(&mut conn).await?;
                (Conn::Postgres(conn), rows.iter().map(|row| row.get(0)).collect())
            }
        };
        Ok(Self { database, conn, ids })
    }

    /// One UPDATE for each batch, as Polaris does it once the rail has answered.
    pub(crate) async fn bare(self, batch: usize) -> Outcome<Cost> {
        self.run(batch, &[UPDATE]).await
    }

    /// All rows of a batch in one transaction.
    pub(crate) async fn rows(mut self, rows: Rows, batch: usize) -> Outcome<Cost> {
        let events = match self.conn {
            Conn::Sqlite(_) => EVENTS,
            Conn::Postgres(_) => EVENTS_POSTGRES,
        };
        match rows {
            Rows::Executed => self.run(batch, &[PAYOUTS, ENDS, UPDATE, HISTORY, events]).await,
            Rows::Followed => {
                let all = self.ids.clone();
                self.conn.change(&all, &[PAYOUTS]).await?;
                self.run(batch, &[ENDS, UPDATE, HISTORY, events]).await
            }
        }
    }

    async fn run(mut self, batch: usize, statements: &[&str]) -> Outcome<Cost> {
        let work = Work::begin();
        for ids in self.ids.chunks(batch) {
            self.conn.change(ids, statements).await?;
        }
        let cost = work.end();
        match self.conn {
            Conn::Sqlite(conn) => conn.close().await?,
            Conn::Postgres(conn) => conn.close().await?,
        }
        self.database.remove().await?;
        Ok(cost)
    }
}

impl Conn {
    async fn change(&mut self, ids: &[String], statements: &[&str]) -> Outcome<()> {
        match self {
            Self::Sqlite(conn) => {
                let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
                let all = serde_json::to_string(ids)?;
                for statement in statements {
                    let sql =
                        format!("{statement} transfer_id IN (SELECT value FROM json_each(?))");
                    sqlx::query(AssertSqlSafe(sql)).bind(&all).execute(&mut *tx).await?;
                }
                tx.commit().await?;
            }
            Self::Postgres(conn) => {
                let mut tx = conn.begin().await?;
                for statement in statements {
                    let sql = format!("{statement} transfer_id = ANY ($1)");
                    sqlx::query(AssertSqlSafe(sql)).bind(ids).execute(&mut *tx).await?;
                }
                tx.commit().await?;
            }
        }
        Ok(())
    }
}
