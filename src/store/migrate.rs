//! The schema and its versions.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, Executor as _, SqlSafeStr as _};

use super::db::{Db, TEMP_IN_FILES};
use super::{Store, StoreError};
use crate::failpoint;

/// One migration: version, name, text for each database.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "payments",
        include_str!("../../migrations/sqlite/0001_payments.sql"),
        include_str!("../../migrations/postgres/0001_payments.sql"),
    ),
    (
        2,
        "transfers",
        include_str!("../../migrations/sqlite/0002_transfers.sql"),
        include_str!("../../migrations/postgres/0002_transfers.sql"),
    ),
    (
        4,
        "decisions",
        include_str!("../../migrations/sqlite/0004_decisions.sql"),
        include_str!("../../migrations/postgres/0004_decisions.sql"),
    ),
    (
        5,
        "identity",
        include_str!("../../migrations/sqlite/0005_identity.sql"),
        include_str!("../../migrations/postgres/0005_identity.sql"),
    ),
    (
        6,
        "sick",
        include_str!("../../migrations/sqlite/0006_sick.sql"),
        include_str!("../../migrations/postgres/0006_sick.sql"),
    ),
    (
        7,
        "streams",
        include_str!("../../migrations/sqlite/0007_streams.sql"),
        include_str!("../../migrations/postgres/0007_streams.sql"),
    ),
    (
        8,
        "alerts",
        include_str!("../../migrations/sqlite/0008_alerts.sql"),
        include_str!("../../migrations/postgres/0008_alerts.sql"),
    ),
    (
        9,
        "rails",
        include_str!("../../migrations/sqlite/0009_rails.sql"),
        include_str!("../../migrations/postgres/0009_rails.sql"),
    ),
    (
        10,
        "promises",
        include_str!("../../migrations/sqlite/0010_promises.sql"),
        include_str!("../../migrations/postgres/0010_promises.sql"),
    ),
    (
        11,
        "late",
        include_str!("../../migrations/sqlite/0011_late.sql"),
        include_str!("../../migrations/postgres/0011_late.sql"),
    ),
    (
        12,
        "numbers",
        include_str!("../../migrations/sqlite/0012_numbers.sql"),
        include_str!("../../migrations/postgres/0012_numbers.sql"),
    ),
    (
        13,
        "names",
        include_str!("../../migrations/sqlite/0013_names.sql"),
        include_str!("../../migrations/postgres/0013_names.sql"),
    ),
    (
        14,
        "incoming",
        include_str!("../../migrations/sqlite/0014_incoming.sql"),
        include_str!("../../migrations/postgres/0014_incoming.sql"),
    ),
    (
        15,
        "orders",
        include_str!("../../migrations/sqlite/0015_orders.sql"),
        include_str!("../../migrations/postgres/0015_orders.sql"),
    ),
];

/// Before this version there were no books.
const BOOKS_SINCE: i64 = 15;

/// Versions of a database's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The database's; 0 if it is empty.
    pub found: i64,
    /// This program's.
    pub own: i64,
}

impl Store {
    /// The database's schema version, beside ours.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        let own = MIGRATIONS.iter().map(|(version, ..)| *version).fold(0, std::cmp::max);
        let there = match &self.db {
            Db::Sqlite { .. } => {
                "SELECT count(*) AS n FROM sqlite_master WHERE name = '_sqlx_migrations'"
            }
            Db::Postgres(_) => {
                "SELECT count(*) AS n FROM pg_tables WHERE tablename = '_sqlx_migrations' AND schemaname = ANY (current_schemas(false))"
            }
        };
        let mut found = 0;
        for row in self.db.rows(there, &[]).await? {
            if row.int("n")? > 0 {
                let newest = "SELECT coalesce(max(version), 0) AS n FROM _sqlx_migrations";
                for row in self.db.rows(newest, &[]).await? {
                    found = row.int("n")?;
                }
            }
        }
        Ok(Schema { found, own })
    }

    /// Brings the database to this program's version. Several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if the database is ahead of us, [`StoreError::Refused`] if its encoding is not UTF-8: it
    /// is not touched then.
    pub async fn migrate(&self) -> Result<Schema, StoreError> {
        let schema = self.schema().await?;
        if schema.found > schema.own {
            return Err(StoreError::Newer { found: schema.found, own: schema.own });
        }
        if schema.found == schema.own {
            return Ok(schema);
        }
        match &self.db {
            Db::Sqlite { write, .. } => {
                let mut lent = write.lend().await?;
                // A session that was told so is not used again.
                lent.doubt();
                lent.conn().execute(TEMP_IN_FILES).await?;
                // sqlx takes no lock in SQLite; the write lock of an outer transaction is one.
                let mut tx = lent.conn().begin_with("BEGIN IMMEDIATE").await?;
                migrator(true).run_direct(None, &mut *tx, false).await?;
                failpoint::reached("before commit");
                tx.commit().await?;
            }
            Db::Postgres(pool) => {
                self.expect_utf8().await?;
                let mut lent = pool.lend_tested().await?;
                // A large table takes its time, and a session that was told so is not used again.
                lent.doubt();
                lent.conn().execute("SET statement_timeout = 0").await?;
                migrator(false).run_direct(None, lent.conn(), false).await?;
            }
        }
        if (1..BOOKS_SINCE).contains(&schema.found) {
            self.open_books().await?;
        }
        Ok(schema)
    }

    /// PostgreSQL takes only what its database's encoding can write, and payments come with any text.
    async fn expect_utf8(&self) -> Result<(), StoreError> {
        let sql = "SELECT current_setting('server_encoding') AS encoding";
        for row in self.db.rows(sql, &[]).await? {
            let encoding = row.text("encoding")?;
            if encoding != "UTF8" {
                return Err(StoreError::Refused(format!(
                    "the database's encoding is {encoding}, and payments need UTF8: \
                     create it with ENCODING 'UTF8' TEMPLATE template0"
                )));
            }
        }
        Ok(())
    }

    /// Checks that the database has this program's schema.
    ///
    /// # Errors
    /// [`StoreError::Newer`] or [`StoreError::Older`].
    pub async fn expect_current(&self) -> Result<(), StoreError> {
        let Schema { found, own } = self.schema().await?;
        match found.cmp(&own) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(StoreError::Newer { found, own }),
            std::cmp::Ordering::Less => Err(StoreError::Older { found, own }),
        }
    }
}

fn migrator(sqlite: bool) -> Migrator {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, for_sqlite, for_postgres)| {
            let text = if sqlite { *for_sqlite } else { *for_postgres };
            Migration::new(
                *version,
                Cow::Borrowed(*name),
                MigrationType::Simple,
                text.into_sql_str(),
                false,
            )
        })
        .collect();
    Migrator::with_migrations(migrations)
}
