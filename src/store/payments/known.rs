//! What the database has of some payments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::engine::{ConnectorRole, Known, Money, PaymentState, Row};
use crate::store::StoreError;
use crate::store::db::values::{Arg, Row as DbRow, from_sqlite_time, stored_time};
use crate::store::db::{Conn, Db, Sql};

/// The versions of the payments in `rows`, narrowly: enough to pass over what is unchanged.
///
/// `SQLite` tells all of them in one row: each row of an answer goes from its thread to ours by itself, and what is to be
/// passed over is most of all that a poller ever reads.
///
/// In PostgreSQL each id is looked up by itself. `payment_id = ANY ($2)` leaves the way open to a plan that reads the whole
/// table, which is made while that is small and kept while it grows. OFFSET keeps the inner part from being merged.
const VERSIONS: Sql = Sql::Each {
    sqlite: "SELECT json_group_array(json_array(t.id, p.modified_at, p.content_hash)) AS versions \
             FROM things t JOIN known_payments p ON p.number = t.number \
             WHERE t.kind = 'payment' AND t.place = $1 AND t.id IN (SELECT value FROM json_each($2))",
    postgres: "SELECT t.id AS payment_id, p.* FROM unnest($2::text[]) AS wanted (id) \
                 CROSS JOIN LATERAL (SELECT id, number FROM things \
                     WHERE id = wanted.id AND kind = 'payment' AND place = $1 OFFSET 0) t \
                 CROSS JOIN LATERAL (SELECT modified_at, content_hash FROM known_payments \
                     WHERE number = t.number OFFSET 0) p",
};

/// What has a number may have lost its row.
const KNOWN: Sql = Sql::Each {
    sqlite: "SELECT t.id AS payment_id, t.number, p.state, connector_role, modified_at, content_hash, version, sub_states, \
                    amount, currency, review, basis \
             FROM things t LEFT JOIN known_payments p ON p.number = t.number \
             WHERE t.kind = 'payment' AND t.place = $1 AND t.id IN (SELECT value FROM json_each($2))",
    postgres: "SELECT t.id AS payment_id, t.number, p.* FROM unnest($2::text[]) AS wanted (id) \
                 CROSS JOIN LATERAL (SELECT id, number FROM things \
                     WHERE id = wanted.id AND kind = 'payment' AND place = $1 OFFSET 0) t \
                 LEFT JOIN LATERAL (SELECT state, connector_role, modified_at, content_hash, version, \
                         CAST(sub_states AS text) AS sub_states, CAST(amount AS text) AS amount, currency, review, basis \
                     FROM known_payments WHERE number = t.number OFFSET 0) p ON true",
};

/// The newest number of anything, and whether something is set aside that nobody has seen to: what a page needs of both.
const STANDING: &str = "SELECT (SELECT coalesce(max(number), 0) FROM things) AS newest, \
    (SELECT count(*) FROM (SELECT 1 FROM quarantine WHERE resolved_at IS NULL LIMIT 1) q) AS set_aside";

/// What the database has of the payments of a page.
#[derive(Debug, Default)]
pub(super) struct OnRecord {
    /// Their newest versions, by id.
    pub(super) known: HashMap<String, Known>,
    /// Their numbers, by id.
    pub(super) numbers: HashMap<String, i64>,
    /// The newest number of anything.
    pub(super) newest: i64,
    /// Whether something is set aside that nobody has seen to.
    pub(super) is_any_set_aside: bool,
}

/// The rows that are not stored as they are: other versions, and rows that could not be read.
pub(super) async fn not_stored<'a>(
    db: &Db,
    network: &str,
    rows: &'a [Row],
) -> Result<Vec<&'a Row>, StoreError> {
    let args = [Arg::Text(network), Arg::Texts(payment_ids(rows.iter()))];
    let mut versions: HashMap<String, (DateTime<Utc>, i64)> = HashMap::new();
    for row in db.rows(VERSIONS, &args).await? {
        match &row {
            DbRow::Sqlite(..) => {
                let told: Vec<(String, String, i64)> = row.json("versions")?;
                for (id, modified_at, hash) in told {
                    versions.insert(id, (from_sqlite_time("modified_at", &modified_at)?, hash));
                }
            }
            DbRow::Postgres(..) => {
                let version = (row.time("modified_at")?, row.int("content_hash")?);
                versions.insert(row.text("payment_id")?, version);
            }
        }
    }
    let stored = |row: &&Row| match row {
        Row::Payment(payment) => versions
            .get(&payment.payment_id)
            .is_some_and(|version| *version == (stored_time(payment.modified_at), payment.hash)),
        Row::Bad(_) => false,
    };
    Ok(rows.iter().filter(|row| !stored(row)).collect())
}

/// What is on record of the payments in `rows`.
pub(super) async fn on_record(
    conn: &mut Conn<'_>,
    network: &str,
    rows: &[&Row],
) -> Result<OnRecord, StoreError> {
    let args = [Arg::Text(network), Arg::Texts(payment_ids(rows.iter().copied()))];
    let mut found = OnRecord::default();
    if let Some(row) = conn.row(STANDING, &[]).await? {
        found.newest = row.int("newest")?;
        found.is_any_set_aside = row.int("set_aside")? > 0;
    }
    for row in conn.rows(KNOWN, &args).await? {
        let id = row.text("payment_id")?;
        found.numbers.insert(id.clone(), row.int("number")?);
        if row.maybe_text("state")?.is_some() {
            found.known.insert(id, known_from(&row)?);
        }
    }
    Ok(found)
}

fn known_from(row: &DbRow) -> Result<Known, StoreError> {
    Ok(Known {
        state: PaymentState::from_word(&row.text("state")?),
        connector_role: ConnectorRole::from_word(&row.text("connector_role")?),
        modified_at: row.time("modified_at")?,
        hash: row.int("content_hash")?,
        version: row.int("version")?,
        sub_states: row.json("sub_states")?,
        money: Money { amount: row.parsed("amount")?, currency: row.text("currency")? },
        review: row.maybe_text("review")?.and_then(|word| word.parse().ok()),
        basis: row.maybe_text("basis")?,
    })
}

fn payment_ids<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<String> {
    rows.filter_map(|row| match row {
        Row::Payment(payment) => Some(payment.payment_id.clone()),
        Row::Bad(_) => None,
    })
    .collect()
}
