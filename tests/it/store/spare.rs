//! What becomes of a database of PostgreSQL between two tests.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::databases::{Person, server_url};
use crate::support::{run, spare};

const EVENTS: &str = "INSERT INTO events (type, subject, version, payload, occurred_at) \
                      SELECT 'payment.new', 'payment/acme/p', 1, '{}', now() FROM generate_series(1, ";

/// Has a person do `change` in a database, and frees it. Whoever it can be given to then, if anybody.
async fn freed_after(change: &str) -> (Option<Person>, String) {
    let server = server_url();
    let (name, renamed) = (spare::take(&server), spare::new_name());
    let url = spare::url_of(&server, &name);
    spare::migrate(&url).await;
    let mut conn = PgConnection::connect(&url).await.unwrap();
    let change = change.replace("THIS", &name);
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut conn).await.unwrap();
    // The one who did it stays, and is cut off.
    let is_as_made = spare::free(&server, &name, &renamed).await.unwrap();
    conn.ping().await.unwrap_err();
    let next = if is_as_made {
        let conn = PgConnection::connect(&spare::url_of(&server, &renamed)).await.unwrap();
        Some(Person::Postgres(conn))
    } else {
        None
    };
    (next, renamed)
}

#[test]
fn the_next_test_finds_nothing_of_the_one_before() {
    for change in [
        "SELECT 1".to_owned(),
        format!("{EVENTS}3)"),
        format!("{EVENTS}5000)"),
        "CREATE TEMPORARY TABLE passing (n int)".to_owned(),
        "ALTER DATABASE THIS SET default_transaction_read_only = on".to_owned(),
        "ALTER DATABASE THIS CONNECTION LIMIT 3".to_owned(),
    ] {
        run(async {
            let (next, name) = freed_after(&change).await;
            // A server that stays is not asked to keep any.
            if spare::is_passing() {
                let mut next = next.unwrap_or_else(|| panic!("it is as it was: {change}"));
                assert_eq!(next.count("events").await, 0, "{change}");
                next.execute(&format!("{EVENTS}1)")).await.unwrap();
                let id = next.texts("SELECT CAST(id AS text) FROM events").await;
                assert_eq!(id, ["1"], "numbers begin anew: {change}");
            }
            spare::drop_it(&server_url(), &name);
        });
    }
}

#[test]
fn what_a_test_has_changed_for_good_is_given_to_nobody() {
    for change in [
        "CREATE TABLE other (n int)",
        "CREATE INDEX other ON events (type)",
        "CREATE SCHEMA other",
        "CREATE FUNCTION other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE transfers ADD COLUMN other int",
        "ALTER TABLE transfers SET (fillfactor = 50)",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_append_only ON events",
        "GRANT SELECT ON transfers TO PUBLIC",
        "REVOKE CONNECT ON DATABASE THIS FROM PUBLIC",
        "UPDATE _sqlx_migrations SET description = 'other' WHERE version = 1",
        &format!("{EVENTS}3); ANALYZE events"),
    ] {
        run(async {
            let (next, name) = freed_after(change).await;
            assert!(next.is_none(), "{change}");
            spare::drop_it(&server_url(), &name);
        });
    }
}
