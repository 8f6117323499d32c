//! Credit that goes back to where it came from is out of reach from the decision on; and is credit again if it could not.

use chrono::{DateTime, Utc};

use crate::engine::books::{
    Balance, Entry, Occasion, refund_failed, refunded, unmatched_came_back, unmatched_refunded,
};
use crate::engine::{Amount, IncomingKey};
use crate::store::StoreError;
use crate::store::books::post::{post, stored};
use crate::store::db::Conn;
use crate::store::db::values::{Arg, Row};

const MONEY: &str = "SELECT wallet, coalesce(asset_name, asset) AS asset_name, claimant_shop, claimant_id FROM incoming \
    WHERE source = $1 AND incoming_id = $2";
const NAMED: &str = "SELECT m.order_number, m.amount FROM things t JOIN order_money m ON m.order_number = t.number \
    WHERE t.id = $1 AND t.kind = 'order' AND t.place = $2 AND m.wallet = $3 AND m.asset = $4";
const SET_CREDIT: crate::store::db::Sql = crate::store::db::Sql::Each {
    sqlite: "UPDATE credits SET credit = $3 WHERE wallet = $1 AND asset = $2",
    postgres: "UPDATE credits SET credit = CAST($3 AS numeric) WHERE wallet = $1 AND asset = $2",
};
const SET_NAMED: crate::store::db::Sql = crate::store::db::Sql::Each {
    sqlite: "UPDATE order_money SET amount = $3 WHERE order_number = $1 AND wallet = $2",
    postgres: "UPDATE order_money SET amount = CAST($3 AS numeric) WHERE order_number = $1 AND wallet = $2",
};

/// Money that came for orders, or for nobody, goes back.
///
/// # Errors
/// [`StoreError::Refused`]: its wallet has not so much credit left.
pub(in crate::store) async fn goes_back(
    conn: &mut Conn<'_>,
    key: &IncomingKey,
    amount: &Amount,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let on = Occasion { about: key.subject(), place: key.source.clone(), at: now };
    let money = match money(conn, key).await? {
        None => return Ok(()),
        Some((asset, None)) => {
            let entry = unmatched_refunded(&on, &asset, amount);
            return post(conn, entry.as_slice()).await.map(drop);
        }
        Some((_, Some(money))) => money,
    };
    let credit = credit(conn, &money).await?;
    if credit.spendable() < *amount {
        let Money { wallet, asset, .. } = &money;
        return Err(StoreError::Refused(format!(
            "wallet {wallet} has {credit} {asset} left, and not {amount}: the rest has paid orders"
        )));
    }
    let entry = refunded(&on, &money.asset, amount, &money.wallet);
    book(conn, &money, entry, &Balance::debt(amount.clone())).await
}

/// It could not go back, and is its wallet's again.
pub(in crate::store) async fn came_back(
    conn: &mut Conn<'_>,
    key: &IncomingKey,
    amount: &Amount,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let on = Occasion { about: key.subject(), place: key.source.clone(), at: now };
    let money = match money(conn, key).await? {
        None => return Ok(()),
        Some((asset, None)) => {
            let entry = unmatched_came_back(&on, &asset, amount);
            return post(conn, entry.as_slice()).await.map(drop);
        }
        Some((_, Some(money))) => money,
    };
    let entry = refund_failed(&on, &money.asset, amount, &money.wallet);
    book(conn, &money, entry, &Balance::of(amount.clone())).await
}

/// Whose credit money is.
struct Money {
    wallet: String,
    asset: String,
    /// The order that it names: its shop, and its id.
    order: Option<(String, String)>,
}

/// The asset of money, and whose credit it is; nobody's where it is for no order.
async fn money(
    conn: &mut Conn<'_>,
    key: &IncomingKey,
) -> Result<Option<(String, Option<Money>)>, StoreError> {
    let args = [Arg::Text(&key.source), Arg::Text(&key.incoming_id)];
    let read = |row: &Row| {
        let asset = row.text("asset_name")?;
        let order = row.maybe_text("claimant_shop")?.zip(row.maybe_text("claimant_id")?);
        let wallet = row.maybe_text("wallet")?;
        let money = wallet.map(|wallet| Money { wallet, asset: asset.clone(), order });
        Ok((asset, money))
    };
    conn.row(MONEY, &args).await?.as_ref().map(read).transpose()
}

async fn credit(conn: &mut Conn<'_>, money: &Money) -> Result<Balance, StoreError> {
    let sql = "SELECT credit FROM credits WHERE wallet = $1 AND asset = $2";
    let row = conn.row(sql, &[Arg::Text(&money.wallet), Arg::Text(&money.asset)]).await?;
    row.map_or_else(|| Ok(Balance::zero()), |row| row.balance("credit"))
}

/// Books it, and brings what is stored to that.
async fn book(
    conn: &mut Conn<'_>,
    money: &Money,
    entry: Option<Entry>,
    more: &Balance,
) -> Result<(), StoreError> {
    let Some(entry) = entry else { return Ok(()) };
    let now = stored(&credit(conn, money).await?.plus(more));
    post(conn, &[entry]).await?;
    let args = [Arg::Text(&money.wallet), Arg::Text(&money.asset), Arg::Text(&now)];
    conn.execute(SET_CREDIT, &args).await?;
    let Some((shop, order_id)) = &money.order else { return Ok(()) };
    let args =
        [Arg::Text(order_id), Arg::Text(shop), Arg::Text(&money.wallet), Arg::Text(&money.asset)];
    let Some(row) = conn.row(NAMED, &args).await? else { return Ok(()) };
    let named = Balance::of(row.amount("amount")?).plus(more).spendable().to_string();
    let number = row.int("order_number")?;
    let args = [Arg::Int(number), Arg::Text(&money.wallet), Arg::Text(&named)];
    conn.execute(SET_NAMED, &args).await.map(drop)
}
