//! Databases to measure in, with railpoll's own schema.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use railpoll::store::Store;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use super::Outcome;

/// The kinds of databases that railpoll runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    /// With the URL of a server on which databases may be made.
    Postgres(String),
}

impl Kind {
    /// `SQLite`, and PostgreSQL if there is a server. Says so if there is none.
    #[expect(clippy::disallowed_methods, reason = "the bench's surroundings, not a setting")]
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::Sqlite];
        match std::env::var("RAILPOLL_TEST_POSTGRES") {
            Ok(server) => all.push(Self::Postgres(server)),
            Err(_) => println!(
                "RAILPOLL_TEST_POSTGRES is not set: SQLite only. \
                 With both: scripts/postgres run cargo bench"
            ),
        }
        all
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        })
    }
}

/// A fresh database with the newest schema.
pub(crate) struct Database {
    /// As `database.url` takes it.
    pub(crate) url: String,
    home: Home,
}

enum Home {
    /// Dropping it removes the file.
    Folder(TempDir),
    Server {
        url: String,
        name: String,
    },
}

impl Database {
    pub(crate) async fn new(kind: &Kind) -> Outcome<Self> {
        let database = match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir()?;
                let url = format!("sqlite:{}", folder.path().join("railpoll.db").display());
                Self { url, home: Home::Folder(folder) }
            }
            Kind::Postgres(server) => {
                static MADE: AtomicU32 = AtomicU32::new(0);
                let made = MADE.fetch_add(1, Ordering::Relaxed);
                let name = format!("railpoll_bench_{}_{made}", std::process::id());
                on_server(server, format!("CREATE DATABASE {name}")).await?;
                let (base, _) = server.rsplit_once('/').ok_or("the server's URL has no path")?;
                let url = format!("{base}/{name}");
                Self { url, home: Home::Server { url: server.clone(), name } }
            }
        };
        let store = Store::create(&database.url).await?;
        store.migrate().await?;
        store.close().await;
        Ok(database)
    }

    /// Takes it away.
    pub(crate) async fn remove(self) -> Outcome<()> {
        match self.home {
            Home::Folder(folder) => Ok(folder.close()?),
            Home::Server { url, name } => {
                on_server(&url, format!("DROP DATABASE {name} WITH (FORCE)")).await
            }
        }
    }
}

async fn on_server(url: &str, sql: String) -> Outcome<()> {
    let mut conn = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
    Ok(conn.close().await?)
}
