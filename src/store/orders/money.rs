//! Money that came for orders: its rows, and what waits for orders that are to come.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::known::Known;
use super::rows::Names;
use super::write::{Writing, kept, maybe_kept, run};
use crate::engine::order::{IncomingMoney, OrderStatus, Reference};
use crate::engine::{Incoming, IncomingKey, IncomingStatus, Memo};
use crate::store::StoreError;
use crate::store::db::Conn;
use crate::store::db::Sql;
use crate::store::db::values::{Arg, sqlite_time};

/// Money that is new: as its place tells it, and by which names it waits at which shops.
#[derive(Debug)]
pub(super) struct NewMoney {
    pub(super) incoming: Incoming,
    pub(super) names: Vec<(String, Reference)>,
}

const ADD: Sql = Sql::Each {
    sqlite: "INSERT INTO incoming (source, incoming_id, kind, account, from_address, amount, asset, memo_type, memo, subject, \
                 muxed_id, reference, received_at, recorded_at, raw, status, confirmed_at, ended_at, ended_because, verdict, \
                 claimant_kind, claimant_shop, claimant_id, wallet, asset_name, owed, names) \
             SELECT v ->> 'source', v ->> 'id', v ->> 'kind', v ->> 'account', v ->> 'from', v ->> 'amount', v ->> 'asset', \
                 v ->> 'memo_type', v ->> 'memo', v ->> 'subject', v ->> 'muxed_id', v ->> 'reference', v ->> 'at', $2, \
                 v ->> 'raw', v ->> 'status', v ->> 'confirmed_at', v ->> 'ended_at', v ->> 'ended_because', v ->> 'verdict', \
                 v ->> 'claimant_kind', v ->> 'claimant_shop', v ->> 'claimant_id', v ->> 'wallet', v ->> 'asset_name', \
                 v ->> 'owed', v ->> 'names' \
             FROM (SELECT value AS v FROM json_each($1)) r",
    postgres: "INSERT INTO incoming (source, incoming_id, kind, account, from_address, amount, asset, memo_type, memo, subject, \
                   muxed_id, reference, received_at, recorded_at, raw, status, confirmed_at, ended_at, ended_because, verdict, \
                   claimant_kind, claimant_shop, claimant_id, wallet, asset_name, owed, names) \
               SELECT r.source, r.id, r.kind, r.account, r.from, r.amount, r.asset, r.memo_type, r.memo, r.subject, r.muxed_id, \
                   r.reference, r.at, $2, r.raw, r.status, r.confirmed_at, r.ended_at, r.ended_because, r.verdict, \
                   r.claimant_kind, r.claimant_shop, r.claimant_id, r.wallet, r.asset_name, r.owed, CAST(r.names AS json) \
               FROM jsonb_to_recordset($1) AS r (source text, id text, kind text, account text, \"from\" text, amount numeric, \
                   asset text, memo_type text, memo text, subject text, muxed_id text, reference text, at timestamptz, raw text, \
                   status text, confirmed_at timestamptz, ended_at timestamptz, ended_because text, verdict text, \
                   claimant_kind text, claimant_shop text, claimant_id text, wallet text, asset_name text, owed bigint, \
                   names text)",
};

const SET: Sql = Sql::Each {
    sqlite: "UPDATE incoming SET status = v ->> 'status', confirmed_at = coalesce(confirmed_at, v ->> 'confirmed_at'), \
                 ended_at = coalesce(ended_at, v ->> 'ended_at'), ended_because = coalesce(ended_because, v ->> 'ended_because'), \
                 verdict = v ->> 'verdict', claimant_kind = v ->> 'claimant_kind', claimant_shop = v ->> 'claimant_shop', \
                 claimant_id = v ->> 'claimant_id' \
             FROM (SELECT value AS v FROM json_each($1)) r WHERE source = v ->> 'source' AND incoming_id = v ->> 'id'",
    postgres: "UPDATE incoming i SET status = r.status, confirmed_at = coalesce(i.confirmed_at, r.confirmed_at), \
                   ended_at = coalesce(i.ended_at, r.ended_at), ended_because = coalesce(i.ended_because, r.ended_because), \
                   verdict = r.verdict, claimant_kind = r.claimant_kind, claimant_shop = r.claimant_shop, \
                   claimant_id = r.claimant_id \
               FROM jsonb_to_recordset($1) AS r (source text, id text, status text, confirmed_at timestamptz, \
                   ended_at timestamptz, ended_because text, verdict text, claimant_kind text, claimant_shop text, \
                   claimant_id text) WHERE i.source = r.source AND i.incoming_id = r.id",
};

/// What final money is for an order that has ended, or waits again.
const JUDGE_AGAIN: Sql = Sql::Each {
    sqlite: "UPDATE incoming SET verdict = v ->> 3 FROM (SELECT value AS v FROM json_each($1)) r \
             WHERE claimant_id = v ->> 1 AND claimant_kind = 'order' AND claimant_shop = v ->> 0 AND asset_name = v ->> 2 \
                 AND incoming.status = 'confirmed' AND resolution IS NULL AND verdict IN ('matched', 'too_late')",
    postgres: "UPDATE incoming i SET verdict = r ->> 3 FROM jsonb_array_elements($1) r \
               WHERE i.claimant_id = r ->> 1 AND i.claimant_kind = 'order' AND i.claimant_shop = r ->> 0 \
                   AND i.asset_name = r ->> 2 AND i.status = 'confirmed' AND i.resolution IS NULL \
                   AND i.verdict IN ('matched', 'too_late')",
};

const WAIT: Sql = Sql::Each {
    sqlite: "INSERT INTO awaited (reference, shop, source, incoming_id) \
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
    postgres: "INSERT INTO awaited (reference, shop, source, incoming_id) \
               SELECT r ->> 0, r ->> 1, r ->> 2, r ->> 3 FROM jsonb_array_elements($1) r ON CONFLICT DO NOTHING",
};

const WAIT_NO_MORE: Sql = Sql::Each {
    sqlite: "DELETE FROM awaited WHERE (incoming_id, source) IN (SELECT value ->> 1, value ->> 0 FROM json_each($1))",
    postgres: "DELETE FROM awaited a USING jsonb_array_elements($1) r WHERE a.incoming_id = r ->> 1 AND a.source = r ->> 0",
};

/// Writes money down, and what becomes of it.
pub(super) async fn write_money(
    conn: &mut Conn<'_>,
    writing: &Writing,
    known: &Known,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = |key: &IncomingKey| {
        let why = writing.ended.get(key);
        known.money.get(key).map(|money| changed_row(money, why, now))
    };
    let (mut new, mut waits) = (Vec::new(), Vec::new());
    for one in &writing.new_money {
        let key = one.incoming.key();
        let Some(money) = known.money.get(&key) else { continue };
        let Some(changed) = row(&key) else { continue };
        new.push(new_row(one, money, changed));
        if waits_for_order(money) {
            waits.extend(one.names.iter().flat_map(|(shop, names)| names_of(names, shop, &key)));
        }
    }
    if !new.is_empty() {
        conn.execute(ADD, &[Arg::Json(Value::from(new).to_string()), Arg::Time(now)]).await?;
    }
    let changed = writing.changed_money.iter().filter_map(row);
    run(conn, SET, changed.collect()).await?;
    run(conn, WAIT, waits).await?;
    let found = writing
        .changed_money
        .iter()
        .filter(|key| known.money.get(*key).is_some_and(|money| !waits_for_order(money)));
    let found = found.map(|key| json!([kept(&key.source), kept(&key.incoming_id)]));
    run(conn, WAIT_NO_MORE, found.collect()).await?;
    run(conn, JUDGE_AGAIN, judged_again(writing, known)).await.map(drop)
}

/// Whether it names what no order is called yet.
fn waits_for_order(money: &IncomingMoney) -> bool {
    let may_be = matches!(money.status, IncomingStatus::Received | IncomingStatus::Confirmed);
    may_be && money.order.is_none() && !money.reference.is_none()
}

fn names_of(names: &Reference, shop: &str, key: &IncomingKey) -> Vec<Value> {
    let texts = names.texts.iter().chain(&names.address);
    texts
        .map(|text| json!([kept(text), kept(shop), kept(&key.source), kept(&key.incoming_id)]))
        .collect()
}

/// The orders of which money is too late now, or is what they wait for again.
fn judged_again(writing: &Writing, known: &Known) -> Vec<Value> {
    let row = |(key, before): (&crate::engine::order::OrderKey, &Option<(OrderStatus, i64)>)| {
        let (was, _) = (*before)?;
        let order = known.orders.get(key)?;
        let is_over = |status| matches!(status, OrderStatus::Expired | OrderStatus::Cancelled);
        let verdict = match (is_over(was), is_over(order.status)) {
            (false, true) => "too_late",
            (true, false) => "matched",
            (false, false) | (true, true) => return None,
        };
        Some(json!([kept(&key.shop), kept(&key.order_id), kept(&order.asset), verdict]))
    };
    writing.before.iter().filter_map(row).collect()
}

fn changed_row(money: &IncomingMoney, why: Option<&String>, now: DateTime<Utc>) -> Value {
    let (confirmed, ended) = match money.status {
        IncomingStatus::Received => (false, false),
        IncomingStatus::Confirmed => (true, false),
        IncomingStatus::Cancelled => (false, true),
        IncomingStatus::Reversed => (true, true),
    };
    let at = |is_so: bool| is_so.then(|| sqlite_time(now));
    json!({
        "source": kept(&money.key.source),
        "id": kept(&money.key.incoming_id),
        "status": money.status.as_str(),
        "confirmed_at": at(confirmed),
        "ended_at": at(ended),
        "ended_because": maybe_kept(why),
        "verdict": money.verdict.as_str(),
        "claimant_kind": money.order.as_ref().map(|_| "order"),
        "claimant_shop": maybe_kept(money.order.as_ref().map(|order| &order.shop)),
        "claimant_id": maybe_kept(money.order.as_ref().map(|order| &order.order_id)),
    })
}

fn new_row(new: &NewMoney, money: &IncomingMoney, mut row: Value) -> Value {
    let incoming = &new.incoming;
    let more = json!({
        "kind": money.kind.as_str(),
        "account": kept(&incoming.account),
        "from": maybe_kept(incoming.from.as_ref()),
        "amount": incoming.amount.to_string(),
        "asset": kept(&incoming.asset),
        "memo_type": incoming.memo.as_ref().map(Memo::memo_type),
        "memo": maybe_kept(incoming.memo.as_ref().map(Memo::text).as_ref()),
        "subject": maybe_kept(incoming.subject.as_ref()),
        "muxed_id": incoming.muxed_id.map(|id| id.to_string()),
        "reference": kept(&incoming.reference),
        "at": sqlite_time(incoming.at),
        "raw": kept(&incoming.raw),
        "wallet": kept(&money.wallet),
        "asset_name": kept(&money.asset),
        "owed": i64::from(money.amount.is_debt()),
        "names": (!money.reference.is_none()).then(|| json!(Names::from(&money.reference)).to_string()),
    });
    if let (Value::Object(row), Value::Object(more)) = (&mut row, more) {
        row.extend(more);
    }
    row
}
