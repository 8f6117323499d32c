//! The floor of collecting: the plainest code that reads the same pages and inserts the same rows.
//!
//! Four tables, a transaction for each page, a statement for each table. It keeps no order, compares nothing, holds no
//! lease, moves no cursor, counts nothing, and gives up at the first thing that is not as expected.

pub(crate) mod before;
mod head;
mod postgres;
mod sqlite;

use sqlx::{Connection as _, PgConnection, SqliteConnection};
use xxhash_rust::xxh3::xxh3_64;

use crate::support::Outcome;
use crate::support::cost::{Cost, Work};
use crate::support::database::{Database, Kind};
use crate::support::plain::{Page, Source};
use crate::support::world::NETWORK;
use head::Head;

/// A payment, ready to be inserted.
struct Row<'a> {
    head: Head<'a>,
    document: &'a str,
    hash: i64,
    /// The event's payload.
    event: String,
    payout: Option<(&'a str, &'a str)>,
}

/// A connection that knows nothing of railpoll.
enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Inserts every page into `database`; what that cost.
pub(crate) async fn collect(
    kind: &Kind,
    database: &Database,
    source: &Source<'_>,
    now: &str,
) -> Outcome<Cost> {
    let mut conn = match kind {
        Kind::Sqlite => Conn::Sqlite(sqlite::connect(&database.url).await?),
        Kind::Postgres(_) => Conn::Postgres(postgres::connect(&database.url).await?),
    };
    let work = Work::begin();
    let mut number = 0;
    while let Some(page) = source.page(number).await? {
        store(&mut conn, &page, now).await?;
        number += 1;
    }
    let cost = work.end();
    conn.close().await?;
    Ok(cost)
}

impl Conn {
    async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(conn) => conn.close().await,
            Self::Postgres(conn) => conn.close().await,
        }
    }
}

async fn store(conn: &mut Conn, page: &[u8], now: &str) -> Outcome<()> {
    let page: Page<'_> = serde_json::from_slice(page)?;
    let rows: Vec<Row<'_>> =
        page.content.iter().map(|raw| row(raw.get())).collect::<Result<_, _>>()?;
    match conn {
        Conn::Sqlite(conn) => sqlite::store(conn, &rows, now).await,
        Conn::Postgres(conn) => postgres::store(conn, &rows, now).await,
    }
}

fn row(document: &str) -> serde_json::Result<Row<'_>> {
    let head: Head<'_> = serde_json::from_str(document)?;
    let Head { payment_id, payment_state: state, modified_at, contract, internal_info, .. } = &head;
    let (amount, currency) = (contract.quote.amount, contract.quote.currency_code);
    let role = internal_info.connector_role;
    let event = format!(
        r#"{{"amount":"{amount}","connector_role":"{role}","currency":"{currency}","modified_at":"{modified_at}","network":"{NETWORK}","payment_id":"{payment_id}","returned_by":null,"returns":null,"state":"{state}"}}"#
    );
    let last = contract.quote.quote_elements.last();
    let payout = last.and_then(|last| Some((last.receiving_amount, last.transfer_currency_code?)));
    Ok(Row { document, hash: xxh3_64(document.as_bytes()).cast_signed(), event, payout, head })
}
