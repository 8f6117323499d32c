//! The floor of sweeping what is known: the plainest code that reads the same pages and sees that nothing is new.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{Connection as _, PgConnection, Row as _, SqliteConnection};
use xxhash_rust::xxh3::xxh3_64;

use crate::support::Outcome;
use crate::support::cost::{Cost, Work};
use crate::support::database::Kind;
use crate::support::plain::{Page, Source};
use crate::support::world::NETWORK;

enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// What a version is known by.
#[derive(Deserialize)]
struct Version<'a> {
    payment_id: &'a str,
    modified_at: &'a str,
}

/// Compares every page with the database; what that cost.
pub(crate) async fn compare(kind: &Kind, url: &str, source: &Source<'_>) -> Outcome<Cost> {
    let mut conn = match kind {
        Kind::Sqlite => Conn::Sqlite(SqliteConnection::connect(url).await?),
        Kind::Postgres(_) => Conn::Postgres(PgConnection::connect(url).await?),
    };
    let work = Work::begin();
    let mut number = 0;
    while let Some(page) = source.page(number).await? {
        page_is_known(&mut conn, &page).await?;
        number += 1;
    }
    Ok(work.end())
}

async fn page_is_known(conn: &mut Conn, page: &[u8]) -> Outcome<()> {
    let page: Page<'_> = serde_json::from_slice(page)?;
    let rows: Vec<(Version<'_>, i64)> = page
        .content
        .iter()
        .map(|raw| {
            let hash = xxh3_64(raw.get().as_bytes()).cast_signed();
            Ok((serde_json::from_str(raw.get())?, hash))
        })
        .collect::<serde_json::Result<_>>()?;
    let ids: Vec<&str> = rows.iter().map(|(version, _)| version.payment_id).collect();
    let known = match conn {
        Conn::Sqlite(conn) => in_sqlite(conn, &ids).await?,
        Conn::Postgres(conn) => in_postgres(conn, &ids).await?,
    };
    for (version, hash) in &rows {
        let modified_at = DateTime::parse_from_rfc3339(version.modified_at)?.to_utc();
        if known.get(version.payment_id) != Some(&(modified_at, *hash)) {
            return Err(format!("payment {} is not as it was", version.payment_id).into());
        }
    }
    Ok(())
}

type Known = HashMap<String, (DateTime<Utc>, i64)>;

async fn in_sqlite(conn: &mut SqliteConnection, ids: &[&str]) -> Outcome<Known> {
    let sql = "SELECT payment_id, modified_at, content_hash FROM payments \
               WHERE network = $1 AND payment_id IN (SELECT value FROM json_each($2))";
    let query = sqlx::query(sql).bind(NETWORK).bind(serde_json::to_string(ids)?);
    let mut known = HashMap::new();
    for row in query.fetch_all(conn).await? {
        let modified_at = DateTime::parse_from_rfc3339(row.try_get(1)?)?.to_utc();
        known.insert(row.try_get(0)?, (modified_at, row.try_get(2)?));
    }
    Ok(known)
}

async fn in_postgres(conn: &mut PgConnection, ids: &[&str]) -> Outcome<Known> {
    let sql = "SELECT payment_id, modified_at, content_hash FROM payments \
               WHERE network = $1 AND payment_id = ANY ($2)";
    let query = sqlx::query(sql).bind(NETWORK).bind(ids);
    let mut known = HashMap::new();
    for row in query.fetch_all(conn).await? {
        known.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    Ok(known)
}
