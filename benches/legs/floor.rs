//! The plainest statements that change the same rows: no guard, no lease, nothing read, nothing decided.

use std::str::FromStr as _;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection,
};

use super::seed::{What, seed};
use crate::before::as_before;
use crate::support::Outcome;
use crate::support::cost::{Cost, Work};
use crate::support::database::{Database, Kind};

/// A database with transfers, and a connection that knows nothing of railpoll.
pub(crate) struct Floor {
    database: Database,
    pub(crate) conn: Conn,
    /// In the order of their memos, if they have any.
    pub(crate) ids: Vec<String>,
}

pub(crate) enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A statement up to which transfers it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Statement {
    pub(crate) const fn same(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// The history's row of a move, which has been made.
pub(crate) const HISTORY: Statement = Statement::same(
    "INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source) \
     SELECT 'transfer', network, transfer_id, status, updated_at, updated_at, 'delivered' FROM transfers WHERE ",
);
/// Its event.
pub(crate) const EVENTS: Statement = Statement::same(
    "INSERT INTO events (type, subject, version, payload, occurred_at) \
     SELECT 'transfer.status_changed', 'transfer/' || transfer_id, version, \
         coalesce(beneficiary, '{\"name\":\"Ada\",\"iban\":\"DE02120300000000202051\"}'), updated_at \
     FROM transfers WHERE ",
);

impl Floor {
    pub(crate) async fn seeded(kind: &Kind, what: &What, transfers: usize) -> Outcome<Self> {
        let database = Database::new(kind).await?;
        seed(&database.url, what, transfers).await?;
        as_before(kind, &database.url).await?;
        let sql = "SELECT transfer_id FROM transfers ORDER BY length(memo), memo, transfer_id";
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

    /// Runs these for all transfers at once. That is not measured.
    pub(crate) async fn before(&mut self, statements: &[Statement]) -> Outcome<()> {
        self.conn.change(&self.ids, statements).await
    }

    /// Runs them for a batch of transfers after the other, each batch in one transaction.
    pub(crate) async fn run(mut self, batch: usize, statements: &[Statement]) -> Outcome<Cost> {
        let work = Work::begin();
        for ids in self.ids.chunks(batch) {
            self.conn.change(ids, statements).await?;
        }
        let cost = work.end();
        self.remove().await?;
        Ok(cost)
    }

    /// Takes the database away.
    pub(crate) async fn remove(self) -> Outcome<()> {
        match self.conn {
            Conn::Sqlite(conn) => conn.close().await?,
            Conn::Postgres(conn) => conn.close().await?,
        }
        self.database.remove().await
    }
}

impl Conn {
    /// Runs all of them in one transaction.
    async fn change(&mut self, ids: &[String], statements: &[Statement]) -> Outcome<()> {
        self.begin().await?;
        self.run(ids, statements).await?;
        self.commit().await
    }

    pub(crate) async fn begin(&mut self) -> Outcome<()> {
        match self {
            Self::Sqlite(conn) => {
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(conn).await?;
            }
            Self::Postgres(conn) => {
                sqlx::raw_sql("BEGIN").execute(conn).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Outcome<()> {
        match self {
            Self::Sqlite(conn) => {
                sqlx::raw_sql("COMMIT").execute(conn).await?;
            }
            Self::Postgres(conn) => {
                sqlx::raw_sql("COMMIT").execute(conn).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn run(&mut self, ids: &[String], statements: &[Statement]) -> Outcome<()> {
        match self {
            Self::Sqlite(conn) => {
                let all = serde_json::to_string(ids)?;
                for Statement { sqlite, .. } in statements {
                    let sql = format!("{sqlite} transfer_id IN (SELECT value FROM json_each(?))");
                    sqlx::query(AssertSqlSafe(sql)).bind(&all).execute(&mut *conn).await?;
                }
            }
            Self::Postgres(conn) => {
                for Statement { postgres, .. } in statements {
                    let sql = format!("{postgres} transfer_id = ANY ($1)");
                    sqlx::query(AssertSqlSafe(sql)).bind(ids).execute(&mut *conn).await?;
                }
            }
        }
        Ok(())
    }
}
