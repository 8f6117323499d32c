//! A fresh database for each test, of both kinds.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use railpoll::store::Store;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use tempfile::TempDir;

use super::spare;

/// The kinds of databases that railpoll runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Runs a future to its end.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Runs `scenario` on a fresh database of each kind, both at once. The thread that fails bears the kind's name.
pub(crate) fn on_both(scenario: impl AsyncFn(&TestDatabase) + Sync) {
    on_each(|database| run(scenario(database)));
}

/// The same on databases that have no tables yet.
pub(crate) fn on_both_bare(scenario: impl AsyncFn(&TestDatabase) + Sync) {
    on_each_of(TestDatabase::bare, |database| run(scenario(database)));
}

/// The same as [`on_both`] for a scenario that runs its futures itself.
pub(crate) fn on_each(scenario: impl Fn(&TestDatabase) + Sync) {
    on_each_of(TestDatabase::new, scenario);
}

fn on_each_of(make: fn(Kind) -> TestDatabase, scenario: impl Fn(&TestDatabase) + Sync) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    thread::scope(|scope| {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let scenario = &scenario;
            let run = move || scenario(&make(kind));
            thread::Builder::new()
                .name(format!("{test} on {kind}"))
                .spawn_scoped(scope, run)
                .unwrap();
        }
    });
}

/// A fresh, empty database. Dropping it takes it away.
pub(crate) struct TestDatabase {
    pub(crate) kind: Kind,
    /// As `database.url` takes it.
    pub(crate) url: String,
    home: Home,
    /// Whether it has no tables until somebody makes them.
    pub(crate) is_bare: bool,
}

enum Home {
    Folder(TempDir),
    Server {
        url: String,
        name: String,
    },
    /// Whoever made the place takes it away.
    Elsewhere,
}

impl TestDatabase {
    /// A new SQLite file in a folder of its own, or an empty database on the server of `RAILPOLL_TEST_POSTGRES`. It may have
    /// our tables already.
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let database = Self::bare(kind);
                spare::write(&database.url);
                database.with_tables()
            }
            Kind::Postgres => {
                let server = server_url();
                let name = spare::take(&server);
                Self::at(server, name).with_tables()
            }
        }
    }

    /// One that has no tables, for whoever wants to see how they are made.
    pub(crate) fn bare(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("railpoll.db").display());
                Self { kind, url, home: Home::Folder(folder), is_bare: true }
            }
            Kind::Postgres => Self::in_encoding("UTF8"),
        }
    }

    /// The database of this URL, at a place of the test's own.
    pub(crate) fn on(url: String) -> Self {
        let kind = if url.starts_with("sqlite:") { Kind::Sqlite } else { Kind::Postgres };
        Self { kind, url, home: Home::Elsewhere, is_bare: true }
    }

    /// A new database on the server, in another encoding than its others.
    pub(crate) fn in_encoding(encoding: &str) -> Self {
        let (server, name) = (server_url(), spare::new_name());
        on_server(
            &server,
            &format!("CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0"),
        );
        Self::at(server, name)
    }

    fn with_tables(mut self) -> Self {
        self.is_bare = false;
        self
    }

    fn at(server: String, name: String) -> Self {
        let (kind, url) = (Kind::Postgres, spare::url_of(&server, &name));
        Self { kind, url, home: Home::Server { url: server, name }, is_bare: true }
    }

    /// Opens the database, with the newest schema.
    pub(crate) async fn store(&self) -> Store {
        let store = Store::create(&self.url).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Lets PostgreSQL answer before its disk has. A process that dies loses nothing by that: only its machine would.
    pub(crate) fn trust_the_machine(&self) {
        if let Home::Server { url, name } = &self.home {
            on_server(url, &format!("ALTER DATABASE {name} SET synchronous_commit = off"));
        }
    }

    /// Empties it, as nobody but a test may. It takes far less time than another database.
    pub(crate) fn clear(&self) {
        match &self.home {
            Home::Folder(folder) => {
                remove_files(folder.path());
                if !self.is_bare {
                    spare::write(&self.url);
                }
            }
            Home::Server { .. } => on_server(&self.url, spare::EMPTY),
            Home::Elsewhere => panic!("it is another's to empty"),
        }
    }

    /// A copy of it as it is. Nobody may have it open.
    pub(crate) fn backup(&self) -> Backup {
        match &self.home {
            Home::Folder(folder) => {
                let copy = tempfile::tempdir().unwrap();
                copy_files(folder.path(), copy.path());
                Backup::Folder(copy)
            }
            Home::Server { url, name } => {
                let copy = format!("{name}_{}", COPIES.fetch_add(1, Ordering::Relaxed));
                self.go_away();
                on_server(url, &format!("CREATE DATABASE {copy} TEMPLATE {name}"));
                self.come_back();
                Backup::Server { url: url.clone(), name: copy }
            }
            Home::Elsewhere => panic!("it is another's to copy"),
        }
    }

    /// Puts a copy in its place.
    pub(crate) fn restore(&self, backup: &Backup) {
        match (&self.home, backup) {
            (Home::Folder(folder), Backup::Folder(copy)) => {
                remove_files(folder.path());
                copy_files(copy.path(), folder.path());
            }
            (Home::Server { url, name }, Backup::Server { name: copy, .. }) => {
                on_server(url, &format!("DROP DATABASE {name} WITH (FORCE)"));
                on_server(url, &format!("CREATE DATABASE {name} TEMPLATE {copy}"));
            }
            (Home::Folder(_), Backup::Server { .. })
            | (Home::Server { .. }, Backup::Folder(_))
            | (Home::Elsewhere, _) => {
                panic!("a copy of another kind")
            }
        }
    }

    /// Cuts every connection, and lets nobody in until [`Self::come_back`]. Only of PostgreSQL.
    pub(crate) fn go_away(&self) {
        let (url, name) = self.server();
        on_server(url, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        on_server(url, &cut);
    }

    /// Whether every session from now on may only read, as with a server that is a standby; whoever is there is cut.
    pub(crate) fn read_only(&self, is_so: bool) {
        let (url, name) = self.server();
        let set = if is_so { "on" } else { "off" };
        on_server(url, &format!("ALTER DATABASE {name} SET default_transaction_read_only = {set}"));
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        on_server(url, &cut);
    }

    /// Lets everybody in again.
    pub(crate) fn come_back(&self) {
        let (url, name) = self.server();
        on_server(url, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    }

    fn server(&self) -> (&str, &str) {
        match &self.home {
            Home::Server { url, name } => (url, name),
            Home::Folder(_) | Home::Elsewhere => panic!("there is no server of ours"),
        }
    }

    /// A connection that knows nothing of railpoll, as a person's.
    pub(crate) async fn person(&self) -> Person {
        match self.kind {
            Kind::Sqlite => Person::Sqlite(SqliteConnection::connect(&self.url).await.unwrap()),
            Kind::Postgres => Person::Postgres(PgConnection::connect(&self.url).await.unwrap()),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.home {
            Home::Server { url, name } if self.is_bare => spare::drop_it(url, name),
            Home::Server { url, name } => spare::give_back(url, name),
            Home::Folder(_) | Home::Elsewhere => {}
        }
    }
}

/// How many copies were made: each has a name of its own.
static COPIES: AtomicU32 = AtomicU32::new(0);

/// A copy of a database.
pub(crate) enum Backup {
    Folder(TempDir),
    Server { url: String, name: String },
}

impl Drop for Backup {
    fn drop(&mut self) {
        if let Self::Server { url, name } = self {
            on_server(url, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn remove_files(folder: &Path) {
    for file in std::fs::read_dir(folder).unwrap() {
        // Whoever closes the database last takes its log away, perhaps at this moment.
        match std::fs::remove_file(file.unwrap().path()) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
            Ok(()) | Err(_) => {}
        }
    }
}

fn copy_files(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Somebody with a database shell.
pub(crate) enum Person {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Person {
    /// Leaves, and waits until the database has let go.
    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(conn) => conn.close().await.unwrap(),
            // It may have been cut off.
            Self::Postgres(conn) => drop(conn.close().await),
        }
    }

    /// Whether the database is there still.
    pub(crate) async fn is_connected(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(conn) => conn.ping().await.is_ok(),
        }
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        Ok(match self {
            Self::Sqlite(conn) => query.execute(conn).await?.rows_affected(),
            Self::Postgres(conn) => query.execute(conn).await?.rows_affected(),
        })
    }

    /// The first column of an answer, which is text.
    pub(crate) async fn texts(&mut self, sql: &str) -> Vec<String> {
        let query = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(conn) => {
                let rows = sqlx::query(query).fetch_all(conn).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Self::Postgres(conn) => {
                let rows = sqlx::query(query).fetch_all(conn).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// Whether somebody else is in the middle of a write.
    pub(crate) async fn is_anybody_writing(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => {
                let begun = self.execute("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE").await;
                begun.is_err() || self.execute("ROLLBACK").await.is_err()
            }
            Self::Postgres(_) => {
                let others = "pg_stat_activity WHERE datname = current_database() \
                              AND pid <> pg_backend_pid() AND state <> 'idle'";
                self.count(others).await > 0
            }
        }
    }

    /// SQL for the text of a time in `column`: of one width, so that it sorts as it reads.
    pub(crate) fn time(&self, column: &str) -> String {
        match self {
            Self::Sqlite(_) => column.to_owned(),
            Self::Postgres(_) => {
                format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            }
        }
    }

    /// How many rows `sql`, a table with or without a condition, has.
    pub(crate) async fn count(&mut self, sql: &str) -> usize {
        let counts = self.texts(&format!("SELECT CAST(count(*) AS text) FROM {sql}")).await;
        counts[0].parse().unwrap()
    }
}

pub(crate) fn server_url() -> String {
    #[expect(clippy::disallowed_methods, reason = "a test's surroundings, not a setting")]
    let url = std::env::var("RAILPOLL_TEST_POSTGRES");
    url.unwrap_or_else(|_| {
        panic!("no PostgreSQL: run ./scripts/test --quick, or scripts/postgres run cargo test")
    })
}

/// On a thread of its own, for whoever drops a database may be inside a runtime.
pub(super) fn on_server(url: &str, sql: &str) {
    let work = || {
        run(async {
            let mut conn = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
        });
    };
    thread::scope(|scope| scope.spawn(work).join().unwrap());
}
