//! Entries are written by whoever has the turn to write: so their numbers are in the order of commits.

use std::collections::BTreeMap;

use serde_json::json;

use crate::engine::books::{AccountKind, Balance, BookAccount, Entry};
use crate::engine::iso;
use crate::store::StoreError;
use crate::store::db::values::{Arg, sqlite_time, without_nul};
use crate::store::db::{Conn, Sql};

const INSERT: Sql = Sql::Each {
    sqlite: "INSERT INTO movements (entry, position, kind, about, place, at, from_account, to_account, asset, amount) \
             SELECT $2 + (value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
                 value ->> 7, value ->> 8, value ->> 9 FROM json_each($1)",
    postgres: "INSERT INTO movements (entry, position, kind, about, place, at, from_account, to_account, asset, amount) \
               SELECT $2 + CAST(r ->> 0 AS bigint), CAST(r ->> 1 AS bigint), r ->> 2, r ->> 3, r ->> 4, \
                   CAST(r ->> 5 AS timestamptz), r ->> 6, r ->> 7, r ->> 8, CAST(r ->> 9 AS numeric) \
               FROM jsonb_array_elements($1) r",
};

const DAYS: Sql = Sql::Each {
    sqlite: "SELECT d.* FROM json_each($1) k JOIN book_days d ON d.day = k.value ->> 0 AND d.asset = k.value ->> 1 \
                 AND d.place = k.value ->> 2 AND d.account = k.value ->> 3",
    postgres: "SELECT d.* FROM jsonb_array_elements($1) k JOIN book_days d ON d.day = k ->> 0 AND d.asset = k ->> 1 \
                   AND d.place = k ->> 2 AND d.account = k ->> 3",
};

const SET_DAYS: Sql = Sql::Each {
    sqlite: "INSERT INTO book_days (day, asset, place, account, amount) \
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each($1) WHERE true \
             ON CONFLICT (day, asset, place, account) DO UPDATE SET amount = excluded.amount",
    postgres: "INSERT INTO book_days (day, asset, place, account, amount) \
               SELECT r ->> 0, r ->> 1, r ->> 2, r ->> 3, CAST(r ->> 4 AS numeric) FROM jsonb_array_elements($1) r \
               ON CONFLICT (day, asset, place, account) DO UPDATE SET amount = excluded.amount",
};

/// A day, an asset, a place, and a kind of account.
type DayKey = (String, String, String, AccountKind);

/// Writes entries, in this order, by whoever has the turn to write. What it answers is the number before the first one's.
pub(in crate::store) async fn post(
    conn: &mut Conn<'_>,
    entries: &[Entry],
) -> Result<i64, StoreError> {
    if entries.is_empty() {
        return Ok(0);
    }
    let newest = conn.row("SELECT coalesce(max(entry), 0) AS entry FROM movements", &[]).await?;
    let newest = newest.map_or(Ok(0), |row| row.int("entry"))?;
    let mut rows = Vec::new();
    let mut days: BTreeMap<DayKey, Balance> = BTreeMap::new();
    for (number, entry) in (1_i64..).zip(entries) {
        let on = &entry.occasion;
        for (position, one) in (0_i64..).zip(entry.movements()) {
            rows.push(json!([
                number,
                position,
                entry.kind.as_str(),
                without_nul(&on.about),
                without_nul(&on.place),
                sqlite_time(on.at),
                without_nul(&one.from.to_string()),
                without_nul(&one.to.to_string()),
                without_nul(&one.asset),
                one.amount.to_string(),
            ]));
            let mut count = |account: &BookAccount, amount: Balance| {
                let key = (day_of(entry), one.asset.clone(), on.place.clone(), account.kind());
                let sum = days.entry(key).or_insert_with(Balance::zero);
                *sum = sum.plus(&amount);
            };
            count(&one.from, Balance::debt(one.amount.clone()));
            count(&one.to, Balance::of(one.amount.clone()));
        }
    }
    conn.execute(INSERT, &[Arg::Json(json!(rows).to_string()), Arg::Int(newest)]).await?;
    count_days(conn, days).await?;
    Ok(newest)
}

/// The day of an entry, in UTC.
fn day_of(entry: &Entry) -> String {
    let mut at = iso(entry.occasion.at);
    at.truncate("2026-01-01".len());
    at
}

async fn count_days(
    conn: &mut Conn<'_>,
    mut days: BTreeMap<DayKey, Balance>,
) -> Result<(), StoreError> {
    let keys: Vec<_> = days
        .keys()
        .map(|(day, asset, place, account)| json!([day, asset, place, account.as_str()]))
        .collect();
    for row in conn.rows(DAYS, &[Arg::Json(json!(keys).to_string())]).await? {
        let key =
            (row.text("day")?, row.text("asset")?, row.text("place")?, row.parsed("account")?);
        let before = row.balance("amount")?;
        days.entry(key).and_modify(|sum| *sum = before.plus(sum));
    }
    let rows: Vec<_> = days
        .iter()
        .map(|((day, asset, place, account), sum)| {
            json!([day, asset, place, account.as_str(), stored(sum)])
        })
        .collect();
    conn.execute(SET_DAYS, &[Arg::Json(json!(rows).to_string())]).await.map(drop)
}

/// A balance as it is stored: nothing has one form.
pub(in crate::store) fn stored(balance: &Balance) -> String {
    if balance.is_zero() { "0".to_owned() } else { balance.to_string() }
}
