//! Databases with our tables, ready for tests: to bring one to our schema costs more than most tests do. Of SQLite it is a
//! file, written again and again. Of PostgreSQL it is one that a test has finished with, emptied for the next.
//!
//! Nobody meets what another test has left: a database changes its name with its user, so that whoever still knows the old
//! one finds nothing there; and one that is not in every way as it was made is dropped.

use std::fs::{self, Permissions};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use railpoll::store::Store;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use super::databases::{on_server, run};

/// So long it may take until those who were cut off are gone.
const CUT_MAX: Duration = Duration::from_secs(5);

/// Empties every table that is not, and starts all numbers anew. Large tables give their files back; the rows of small ones
/// are only marked, which is far quicker, until those make a table large.
pub(crate) const EMPTY: &str = "SET session_replication_role = replica; DO $$ DECLARE one record; large text; BEGIN \
    FOR one IN SELECT c.oid::regclass AS name, pg_table_size(c.oid) AS size \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> '_sqlx_migrations' AND pg_relation_size(c.oid) > 0 \
    LOOP \
        IF one.size > 200000 THEN large := concat_ws(', ', large, one.name); \
        ELSE EXECUTE 'DELETE FROM ' || one.name; END IF; \
    END LOOP; \
    IF large IS NOT NULL THEN EXECUTE 'TRUNCATE ' || large || ' CASCADE'; END IF; \
    FOR one IN SELECT seqrelid::regclass AS name, seqstart FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL \
    LOOP PERFORM setval(one.name, one.seqstart, false); END LOOP; \
    END $$";

/// All that makes a database what it is, but its rows: two that differ in any of it differ in this. A row of a catalog that
/// was written again has another `xmin`; those of `pg_class` are compared by what they say, since emptying writes them too.
const LIKENESS: &str = "SELECT concat_ws(' ', \
    (SELECT md5(string_agg(concat_ws(',', oid, relname, relnamespace, relowner, relkind, relpersistence, reltablespace, \
            relhasindex, relhasrules, relhastriggers, relrowsecurity, relforcerowsecurity, relacl, reloptions), ' ' ORDER BY oid)) \
        FROM pg_class WHERE oid >= 16384), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_attribute WHERE attrelid >= 16384), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_constraint), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_index WHERE indexrelid >= 16384), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_trigger), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_attrdef), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_rewrite WHERE oid >= 16384), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_proc WHERE oid >= 16384), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_type WHERE oid >= 16384), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_sequence), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'), \
    (SELECT concat_ws(',', count(*), sum(xmin::text::bigint)) FROM _sqlx_migrations), \
    (SELECT count(*) FROM pg_statistic WHERE starelid >= 16384), \
    (SELECT count(*) FROM pg_extension), (SELECT count(*) FROM pg_policy), (SELECT count(*) FROM pg_event_trigger), \
    (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_publication), \
    (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE datname = current_database()), \
    (SELECT datacl::text FROM pg_database WHERE datname = current_database()))";

/// What every spare one is a copy of.
struct Template {
    name: String,
    likeness: String,
}

/// The names of those that are free.
static SPARE: Mutex<Vec<String>> = Mutex::new(Vec::new());
static TEMPLATE: OnceLock<Template> = OnceLock::new();

/// Writes the file of an empty database of `SQLite`.
pub(crate) fn write(url: &str) {
    static FILE: OnceLock<(Vec<u8>, Permissions)> = OnceLock::new();
    let (bytes, permissions) = FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("railpoll.db");
        let url = format!("sqlite:{}", file.display());
        alone(|| run(migrate(&url)));
        (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().permissions())
    });
    let file = url.strip_prefix("sqlite:").unwrap();
    fs::write(file, bytes).unwrap();
    fs::set_permissions(file, permissions.clone()).unwrap();
}

/// Brings a database to our schema.
pub(crate) async fn migrate(url: &str) {
    let store = Store::create(url).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
}

/// On a thread of its own, for whoever needs a database may be inside a runtime.
fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// A name that no database of this server has had.
pub(crate) fn new_name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    format!("railpoll_test_{}_{made}", std::process::id())
}

/// The URL of a database on this server.
pub(crate) fn url_of(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// An empty database, which has our tables already where they are kept for others: its name.
pub(crate) fn take(server: &str) -> String {
    let free = SPARE.lock().unwrap().pop();
    free.unwrap_or_else(|| {
        let (name, template) = (new_name(), template(server));
        on_server(server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        name
    })
}

/// Keeps the database for the next test, or takes it away.
pub(crate) fn give_back(server: &str, name: &str) {
    if !is_passing() || thread::panicking() {
        return drop_it(server, name);
    }
    let renamed = new_name();
    let emptied = || run(async { free(server, name, &renamed).await });
    match thread::scope(|scope| scope.spawn(emptied).join()) {
        Ok(Ok(true)) => SPARE.lock().unwrap().push(renamed),
        Ok(_) | Err(_) => {
            drop_it(server, name);
            drop_it(server, &renamed);
        }
    }
}

/// Takes a database away, whoever is in it.
pub(crate) fn drop_it(server: &str, name: &str) {
    on_server(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
}

/// Whether the server goes away after the tests. On another nothing may be left: there each database is dropped.
pub(crate) fn is_passing() -> bool {
    std::env::var_os("RAILPOLL_TEST_POSTGRES_PASSING").is_some()
}

/// Gives the database another name, when all have left it, and empties it. False: it is not as it was made.
pub(crate) async fn free(server: &str, name: &str, renamed: &str) -> Result<bool, sqlx::Error> {
    let mut conn = PgConnection::connect(server).await?;
    let cut =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    let begun = Instant::now();
    while !sqlx::query(AssertSqlSafe(cut.clone())).fetch_all(&mut conn).await?.is_empty() {
        if begun.elapsed() > CUT_MAX {
            return Ok(false);
        }
    }
    for change in [
        format!("ALTER DATABASE {name} RENAME TO {renamed}"),
        format!("ALTER DATABASE {renamed} RESET ALL"),
        format!("ALTER DATABASE {renamed} ALLOW_CONNECTIONS true CONNECTION LIMIT -1"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut conn).await?;
    }
    conn.close().await?;
    let mut conn = PgConnection::connect(&url_of(server, renamed)).await?;
    sqlx::raw_sql(EMPTY).execute(&mut conn).await?;
    let likeness = likeness(&mut conn).await?;
    conn.close().await?;
    Ok(TEMPLATE.get().is_some_and(|template| template.likeness == likeness))
}

fn template(server: &str) -> &'static str {
    if is_passing() { &TEMPLATE.get_or_init(|| Template::make(server)).name } else { "template0" }
}

async fn likeness(conn: &mut PgConnection) -> Result<String, sqlx::Error> {
    Ok(sqlx::query(LIKENESS).fetch_one(conn).await?.get(0))
}

impl Template {
    fn make(server: &str) -> Self {
        let name = new_name();
        on_server(server, &format!("CREATE DATABASE {name} TEMPLATE template0"));
        let url = url_of(server, &name);
        let likeness = alone(|| {
            run(async {
                migrate(&url).await;
                let mut conn = PgConnection::connect(&url).await.unwrap();
                let likeness = likeness(&mut conn).await.unwrap();
                conn.close().await.unwrap();
                likeness
            })
        });
        Self { name, likeness }
    }
}
