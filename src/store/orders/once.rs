//! What is asked under a key of the asker's is done once, however often it is asked.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::answers::OrderTeller;
use super::happen::told;
use crate::engine::Action;
use crate::engine::order::OrderFact;
use crate::store::StoreError;
use crate::store::db::Conn;
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::Arg;

/// What is asked under a key.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    key: &'a str,
    action: Action,
    wish: String,
}

const ADD: Sql = sql!(
    "INSERT INTO asked_once (key, action, wish, answer, at) VALUES ($1, $2, $3, " json "$4" ", $5)"
);

impl<'a> Asked<'a> {
    pub(super) fn of(teller: OrderTeller<'a>, facts: &[OrderFact]) -> Option<Self> {
        let OrderTeller::Operator { action, once: Some(key), .. } = teller else { return None };
        let wish = facts.iter().map(wish_of).collect::<Vec<_>>().join("\n");
        Some(Self { key, action, wish })
    }
}

/// What is wished, without the time at which it is.
fn wish_of(fact: &OrderFact) -> String {
    match fact {
        OrderFact::Came { told, claim } => {
            let told = crate::engine::order::NewOrder {
                created_at: DateTime::<Utc>::UNIX_EPOCH,
                ..(**told).clone()
            };
            format!("{told:?} {claim:?}")
        }
        fact @ (OrderFact::ShopCancelled(_)
        | OrderFact::Claimed { .. }
        | OrderFact::Received(_)
        | OrderFact::Confirmed(_)
        | OrderFact::Vanished { .. }
        | OrderFact::TakenBack { .. }
        | OrderFact::Noted(_)
        | OrderFact::Wished { .. }
        | OrderFact::SettledCustomer(_)
        | OrderFact::SettledWallet(_)
        | OrderFact::Due(_)) => told(fact),
    }
}

/// Whether this was asked and done before.
///
/// # Errors
/// Something else was asked under the same key.
pub(super) async fn is_answered(
    conn: &mut Conn<'_>,
    asked: &Asked<'_>,
) -> Result<bool, StoreError> {
    let sql = "SELECT action, wish FROM asked_once WHERE key = $1";
    let Some(row) = conn.row(sql, &[Arg::Text(asked.key)]).await? else { return Ok(false) };
    if row.text("action")? == asked.action.as_str() && row.text("wish")? == asked.wish {
        return Ok(true);
    }
    Err(StoreError::Refused(format!(
        "the key {} was used for something else: {}",
        asked.key,
        row.text("action")?
    )))
}

pub(super) async fn answered(
    conn: &mut Conn<'_>,
    asked: &Asked<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let answer = json!({}).to_string();
    let args = [
        Arg::Text(asked.key),
        Arg::Text(asked.action.as_str()),
        Arg::Text(&asked.wish),
        Arg::Text(&answer),
        Arg::Time(now),
    ];
    conn.execute(ADD, &args).await.map(drop)
}
