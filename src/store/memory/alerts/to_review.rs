//! Money for orders that does not fit.

use chrono::{DateTime, Utc};

use super::conditions::{COUNTED_MAX, FoundAlerts, counted};
use super::set::set;
use crate::engine::{Alert, AlertName, Poller};
use crate::store::db::values::Arg;
use crate::store::db::{Conn, Sql};
use crate::store::{Scope, StoreError};

macro_rules! to_review {
    ($some:literal) => {
        concat!(
            "SELECT incoming_id, amount, asset_name, verdict, claimant_id FROM incoming i \
             WHERE claimant_shop = $1 AND claimant_shop IS NOT NULL AND verdict NOT IN ('matched', 'credit') \
               AND resolution IS NULL AND status = 'confirmed' AND EXISTS (SELECT 1 FROM credits c \
                   WHERE c.wallet = i.wallet AND c.asset = i.asset_name AND c.credit > ",
            $some,
            ") ORDER BY received_at DESC, incoming_id DESC LIMIT $2"
        )
    };
}

const TO_REVIEW: Sql = Sql::Each { sqlite: to_review!("'0'"), postgres: to_review!("0") };

/// Money that names orders of a shop and does not fit, as long as its payer has credit left.
pub(super) async fn to_review(conn: &mut Conn<'_>, shop: &str) -> Result<FoundAlerts, StoreError> {
    let name = AlertName::OrderReview;
    let args = [Arg::Text(shop), Arg::Int(COUNTED_MAX)];
    let rows = conn.rows(TO_REVIEW, &args).await?;
    let Some(newest) = rows.first() else { return Ok((name, Vec::new())) };
    let (id, order) = (newest.text("incoming_id")?, newest.text("claimant_id")?);
    let (amount, asset) = (newest.amount("amount")?, newest.text("asset_name")?);
    let detail = format!(
        "the newest is {id}, for order {order}: {amount} {asset}, {}",
        newest.text("verdict")?
    );
    Ok((name, vec![Alert::of(name, detail).counting(counted(&rows))]))
}

/// Tells anew of money that does not fit, for a shop's poller.
pub(in crate::store) async fn retell_orders(
    conn: &mut Conn<'_>,
    shop: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (name, standing) = to_review(conn, shop).await?;
    let scope = Scope { poller: Poller::Orders, network: shop.to_owned() };
    set(conn, &scope, name, &standing, now).await
}
