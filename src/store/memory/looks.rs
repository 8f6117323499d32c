//! What is looked up where it would have gone, after a database was restored.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::restorations::END;
use crate::engine::words;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row, stored_time};
use crate::store::db::{Conn, Sql};
use crate::store::{Lease, Store, StoreError};

/// How far the looks at one place have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceLooks {
    /// The network or rail.
    pub place: String,
    /// How many things are to be looked up there.
    pub all: u64,
    /// How many are left.
    pub left: u64,
    /// How many were found there, or could not be told of.
    pub found: u64,
}

words! {
    /// What a look is about.
    pub enum LookKind: "kind of look" {
        /// Payouts of a transfer.
        Payout = "payout",
        /// Refunds of a transfer.
        Refund = "refund",
        /// Refunds of incoming money that belongs to nobody.
        Incoming = "incoming",
        /// All that went out on a network.
        Network = "network",
    }
}

/// Something that is to be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What it is about.
    pub kind: LookKind,
    /// The transfer, or the incoming money.
    pub id: String,
    /// How many decisions about it are on record.
    pub known: u32,
    /// Whether one of them is open.
    pub is_open: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What it is about.
    pub kind: LookKind,
    /// The transfer, or the incoming money.
    pub id: String,
    /// The number of the newest decision that was found there and is not on record; 0 if the place cannot tell.
    pub newest: Option<u32>,
    /// What was said there.
    pub detail: Option<String>,
}

const PLACES: &str = "SELECT place, count(*) AS n, sum(CASE WHEN looked_at IS NULL THEN 1 ELSE 0 END) AS unseen, \
        sum(CASE WHEN newest IS NULL THEN 0 ELSE 1 END) AS found \
    FROM restoration_looks WHERE restoration_id = $1 GROUP BY place ORDER BY place";

const TO_LOOK: &str = "SELECT l.kind, l.id, CASE l.kind \
            WHEN 'payout' THEN (SELECT count(*) FROM payouts p WHERE p.transfer_id = l.id AND p.purpose = 'payout' \
                AND p.finished_at IS NOT NULL) + (SELECT count(*) FROM transfers t WHERE t.transfer_id = l.id AND t.payout_id IS NOT NULL) \
            WHEN 'refund' THEN (SELECT count(*) FROM refunds r WHERE r.transfer_id = l.id) \
            WHEN 'incoming' THEN (SELECT count(*) FROM refunds r WHERE r.incoming_id = l.id AND r.source = l.place) \
            ELSE 0 END AS known, \
        (SELECT count(*) FROM transfers t WHERE t.transfer_id = l.id AND l.kind = 'payout' AND t.payout_id IS NOT NULL) AS opened \
    FROM restoration_looks l WHERE l.looked_at IS NULL AND l.place = $1 AND l.kind <> $2 ORDER BY l.kind, l.id LIMIT $3";

const LOOKED: Sql = Sql::Each {
    sqlite: "UPDATE restoration_looks SET looked_at = $3, newest = r.value ->> 'newest', detail = r.value ->> 'detail' \
             FROM json_each($1) r WHERE place = $2 AND kind = r.value ->> 'kind' AND restoration_looks.id = r.value ->> 'id' \
               AND looked_at IS NULL",
    postgres: "UPDATE restoration_looks l SET looked_at = $3, newest = r.newest, detail = r.detail \
               FROM jsonb_to_recordset($1) AS r (kind text, id text, newest bigint, detail text) \
               WHERE l.place = $2 AND l.kind = r.kind AND l.id = r.id AND l.looked_at IS NULL",
};

const FOUND: Sql = sql!(
    "SELECT id, newest, detail FROM restoration_looks WHERE newest IS NOT NULL AND kind = $1 AND id " among "$2" " \
     ORDER BY restoration_id"
);

impl Store {
    /// How far the looks of a restoration have come, place by place.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn looks(&self, restoration_id: i64) -> Result<Vec<PlaceLooks>, StoreError> {
        let rows = self.db.rows(PLACES, &[Arg::Int(restoration_id)]).await?;
        let read = |row: &Row| {
            Ok(PlaceLooks {
                place: row.text("place")?,
                all: row.count("n")?,
                left: row.count("unseen")?,
                found: row.count("found")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// What is left to be looked up at `place`; `payouts` too, or only what else there is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn looks_left(
        &self,
        place: &str,
        payouts: bool,
        limit: u32,
    ) -> Result<Vec<Look>, StoreError> {
        let but = if payouts { "" } else { LookKind::Payout.as_str() };
        let args = [Arg::Text(place), Arg::Text(but), Arg::Int(i64::from(limit))];
        let rows = self.db.rows(TO_LOOK, &args).await?;
        rows.iter().map(look_from).collect()
    }

    /// Writes down what was found at `place`. When nothing is left to be looked up anywhere, things go on.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn looked(
        &self,
        lease: &Lease,
        place: &str,
        looked: &[Looked],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let row = |one: &Looked| -> Value {
            json!({ "kind": one.kind.as_str(), "id": one.id, "newest": one.newest, "detail": one.detail })
        };
        let rows: Vec<Value> = looked.iter().map(row).collect();
        let now = stored_time(now);
        let mut tx = self.begin_quiet(lease).await?;
        let args = [Arg::Json(json!(rows).to_string()), Arg::Text(place), Arg::Time(now)];
        tx.conn().execute(LOOKED, &args).await?;
        tx.conn().execute(END, &[Arg::Time(now)]).await?;
        tx.commit().await
    }

    /// What the looks have found of these: the number of the newest decision, 0 if nobody can tell, and what was said.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn found_by_looks(
        &self,
        kind: LookKind,
        ids: Vec<String>,
    ) -> Result<HashMap<String, (u32, String)>, StoreError> {
        let mut reader = self.db.reader().await?;
        found(&mut reader.conn(), kind, ids).await
    }
}

/// What the looks have found of these.
pub(in crate::store) async fn found(
    conn: &mut Conn<'_>,
    kind: LookKind,
    ids: Vec<String>,
) -> Result<HashMap<String, (u32, String)>, StoreError> {
    let mut found = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    for row in conn.rows(FOUND, &[Arg::Text(kind.as_str()), Arg::Texts(ids)]).await? {
        let newest = u32::try_from(row.int("newest")?).unwrap_or(u32::MAX);
        let detail = row.maybe_text("detail")?.unwrap_or_default();
        found.insert(row.text("id")?, (newest, detail));
    }
    Ok(found)
}

fn look_from(row: &Row) -> Result<Look, StoreError> {
    Ok(Look {
        kind: row.parsed("kind")?,
        id: row.text("id")?,
        known: u32::try_from(row.int("known")?).unwrap_or(u32::MAX),
        is_open: row.int("opened")? > 0,
    })
}
