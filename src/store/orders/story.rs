//! Everything that is on record of an order, and of a customer.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::list::{OrderRow, with_money};
use super::load::LINKS_OF;
use crate::engine::Amount;
use crate::engine::books::Balance;
use crate::engine::order::{Customer, LinkOrigin, OrderKey, OrderStatus, SettlementKind};
use crate::store::db::values::Arg;
use crate::store::payments::story::{StoryStatus, status_from};
use crate::store::transfers::incoming::{IncomingRow, incoming_from};
use crate::store::{Store, StoreError};

/// What a wallet has paid of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlementRow {
    /// The wallet.
    pub wallet: String,
    /// Of what.
    pub asset: String,
    /// How much.
    pub amount: Amount,
    /// Whether it paid alone.
    pub kind: SettlementKind,
    /// When.
    pub settled_at: DateTime<Utc>,
}

/// A wallet that pays for a customer, and what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayerRow {
    /// The wallet.
    pub wallet: String,
    /// Who says that it is the customer's.
    pub origin: LinkOrigin,
    /// Since when.
    pub linked_at: DateTime<Utc>,
    /// Its credit in each asset that it ever had some in.
    pub credits: Vec<(String, Balance)>,
}

/// Everything that is on record of an order, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderStory {
    /// Itself.
    pub row: OrderRow,
    /// Every status it had; the source is the cause of the move.
    pub history: Vec<StoryStatus>,
    /// What paid it.
    pub settlements: Vec<SettlementRow>,
    /// All money that names it.
    pub incoming: Vec<IncomingRow>,
    /// Who may pay it.
    pub payers: Vec<PayerRow>,
}

/// A customer, and what is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    /// Who.
    pub customer: Customer,
    /// Since when they are on record.
    pub created_at: DateTime<Utc>,
    /// Their wallets.
    pub payers: Vec<PayerRow>,
    /// How many orders they have in each status.
    pub orders: Vec<(OrderStatus, u64)>,
}

/// Which customers to list.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    /// Only of this shop.
    pub shop: Option<String>,
    /// Only those after this one: by shop, then by id.
    pub after: Option<Customer>,
    /// At most so many.
    pub limit: u32,
}

const HISTORY: &str = "SELECT status, reached_at, recorded_at, source, reason, decided_by FROM status_changes \
    WHERE kind = 'order' AND id = $1 AND network = $2 ORDER BY row_id";
const SETTLEMENTS: &str =
    "SELECT * FROM settlements WHERE order_number = $1 ORDER BY settled_at, wallet";
const INCOMING: &str = "SELECT * FROM incoming WHERE claimant_id = $1 AND claimant_kind = 'order' AND claimant_shop = $2 \
    ORDER BY received_at, incoming_id";
const CUSTOMERS: &str = "SELECT * FROM customers WHERE ($1 IS NULL OR shop = $1) AND (customer_id, shop) > ($2, $3) \
    ORDER BY customer_id, shop LIMIT $4";
const COUNTS: &str = "SELECT status, count(*) AS n FROM orders WHERE customer_id = $1 AND shop = $2 \
    GROUP BY status ORDER BY status";

impl Store {
    /// Everything that is on record of an order; none if there is none of this key.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn order_story(&self, key: &OrderKey) -> Result<Option<OrderStory>, StoreError> {
        let Some(row) = self.order(key).await? else { return Ok(None) };
        let payers = self.payers_of(&Customer::of(&row.order)).await?;
        let mut reader = self.db.reader().await?;
        let conn = &mut reader.conn();
        let named = [Arg::Text(&key.order_id), Arg::Text(&key.shop)];
        let history = conn.rows(HISTORY, &named).await?;
        let settlements = conn.rows(SETTLEMENTS, &[Arg::Int(row.order.arrival)]).await?;
        let settlements = settlements.iter().map(|row| {
            Ok(SettlementRow {
                wallet: row.text("wallet")?,
                asset: row.text("asset")?,
                amount: row.amount("amount")?,
                kind: row.parsed("kind")?,
                settled_at: row.time("settled_at")?,
            })
        });
        let settlements = settlements.collect::<Result<_, StoreError>>()?;
        let incoming = conn.rows(INCOMING, &named).await?;
        Ok(Some(OrderStory {
            row,
            history: history.iter().map(status_from).collect::<Result<_, _>>()?,
            settlements,
            incoming: incoming.iter().map(incoming_from).collect::<Result<_, _>>()?,
            payers,
        }))
    }

    /// The open orders of a customer, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn open_orders_of(
        &self,
        customer: &Customer,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let sql = "SELECT * FROM orders WHERE customer_id = $1 AND shop = $2 AND status IN ('unclaimed', 'new') \
                   ORDER BY created_at, number LIMIT $3";
        let args = [
            Arg::Text(&customer.customer_id),
            Arg::Text(&customer.shop),
            Arg::Int(i64::from(limit)),
        ];
        let mut reader = self.db.reader().await?;
        let rows = reader.conn().rows(sql, &args).await?;
        with_money(&mut reader.conn(), &rows).await
    }

    /// The wallets that pay for a customer, with their credits.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn payers_of(&self, customer: &Customer) -> Result<Vec<PayerRow>, StoreError> {
        let key = json!([[customer.shop, customer.customer_id]]).to_string();
        let mut reader = self.db.reader().await?;
        let conn = &mut reader.conn();
        let mut payers = Vec::new();
        for row in conn.rows(LINKS_OF, &[Arg::Json(key)]).await? {
            payers.push(PayerRow {
                wallet: row.text("wallet")?,
                origin: row.parsed("origin")?,
                linked_at: row.time("linked_at")?,
                credits: Vec::new(),
            });
        }
        for payer in &mut payers {
            let sql = "SELECT asset, credit FROM credits WHERE wallet = $1 ORDER BY asset";
            let credits = conn.rows(sql, &[Arg::Text(&payer.wallet)]).await?;
            let credit = |row: &crate::store::db::values::Row| {
                Ok((row.text("asset")?, row.balance("credit")?))
            };
            payer.credits = credits.iter().map(credit).collect::<Result<_, StoreError>>()?;
        }
        payers.sort_by(|a, b| (a.linked_at, &a.wallet).cmp(&(b.linked_at, &b.wallet)));
        Ok(payers)
    }

    /// A wallet's credit in each asset that it ever had some in.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn credits_of(&self, wallet: &str) -> Result<Vec<(String, Balance)>, StoreError> {
        let sql = "SELECT asset, credit FROM credits WHERE wallet = $1 ORDER BY asset";
        let rows = self.db.rows(sql, &[Arg::Text(wallet)]).await?;
        rows.iter().map(|row| Ok((row.text("asset")?, row.balance("credit")?))).collect()
    }

    /// Customers, by their ids and shops: who, and since when. What is known of each is asked for by itself.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn customers(
        &self,
        filter: &CustomerFilter,
    ) -> Result<Vec<(Customer, DateTime<Utc>)>, StoreError> {
        let none = Customer::new("", "");
        let after = filter.after.as_ref().unwrap_or(&none);
        let args = [
            Arg::MaybeText(filter.shop.as_deref()),
            Arg::Text(&after.customer_id),
            Arg::Text(&after.shop),
            Arg::Int(i64::from(filter.limit)),
        ];
        let rows = self.db.rows(CUSTOMERS, &args).await?;
        rows.iter()
            .map(|row| {
                let customer = Customer::new(row.text("shop")?, row.text("customer_id")?);
                Ok((customer, row.time("created_at")?))
            })
            .collect()
    }

    /// The customers with this id, of `shop` or of all.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn customers_called(
        &self,
        customer_id: &str,
        shop: Option<&str>,
    ) -> Result<Vec<CustomerRow>, StoreError> {
        let sql = "SELECT * FROM customers WHERE customer_id = $1 AND ($2 IS NULL OR shop = $2) ORDER BY shop";
        let rows = self.db.rows(sql, &[Arg::Text(customer_id), Arg::MaybeText(shop)]).await?;
        let mut found = Vec::new();
        for row in &rows {
            let customer = Customer::new(row.text("shop")?, row.text("customer_id")?);
            let args = [Arg::Text(&customer.customer_id), Arg::Text(&customer.shop)];
            let counts = self.db.rows(COUNTS, &args).await?;
            let counts = counts.iter().map(|row| Ok((row.parsed("status")?, row.count("n")?)));
            found.push(CustomerRow {
                created_at: row.time("created_at")?,
                payers: self.payers_of(&customer).await?,
                orders: counts.collect::<Result<_, StoreError>>()?,
                customer,
            });
        }
        Ok(found)
    }
}
