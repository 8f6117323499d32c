//! Things have numbers: a status, or a document, names what it is about by a number and not by a kind, a place and an id.

use serde_json::json;

use super::StoreError;
use super::db::values::Arg;
use super::db::{Conn, Sql};

/// Whoever has the turn to write gives the numbers, so that no two give the same.
const ADD: Sql = Sql::Each {
    sqlite: "INSERT INTO things (number, kind, place, id) \
             SELECT (SELECT coalesce(max(number), 0) FROM things) + key + 1, $1, value ->> 0, value ->> 1 \
             FROM json_each($2) WHERE true ON CONFLICT (id, kind, place) DO NOTHING",
    postgres: "INSERT INTO things (number, kind, place, id) \
               SELECT (SELECT coalesce(max(number), 0) FROM things) + r.n, $1, r.value ->> 0, r.value ->> 1 \
               FROM jsonb_array_elements($2) WITH ORDINALITY AS r (value, n) ON CONFLICT (id, kind, place) DO NOTHING",
};

/// Gives numbers to things of a kind, each named by its place and id. Those that have one keep it.
pub(super) async fn add(
    conn: &mut Conn<'_>,
    kind: &str,
    things: &[(&str, &str)],
) -> Result<(), StoreError> {
    if things.is_empty() {
        return Ok(());
    }
    let args = [Arg::Text(kind), Arg::Json(json!(things).to_string())];
    conn.execute(ADD, &args).await.map(drop)
}
