//! An order as it is on record.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{OrderStatus, PayTo};
use crate::engine::books::BookAccount;
use crate::engine::{Amount, Claimant};

/// What an order is called: its shop, and the shop's own id of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    /// The configured shop's name.
    pub shop: String,
    /// The shop's id of it.
    pub order_id: String,
}

impl OrderKey {
    /// The order of this id at this shop.
    #[must_use]
    pub fn new(shop: impl Into<String>, order_id: impl Into<String>) -> Self {
        Self { shop: shop.into(), order_id: order_id.into() }
    }

    /// Its account in the books.
    #[must_use]
    pub fn account(&self) -> BookAccount {
        BookAccount::Order { shop: self.shop.clone(), order_id: self.order_id.clone() }
    }

    /// It as what incoming money is for.
    #[must_use]
    pub fn claimant(&self) -> Claimant {
        Claimant::Order { shop: self.shop.clone(), order_id: self.order_id.clone() }
    }

    /// What events are about that happen to it.
    #[must_use]
    pub fn subject(&self) -> String {
        self.claimant().to_string()
    }
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.shop, self.order_id)
    }
}

/// Money that we expect. It is never deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What it is called.
    pub key: OrderKey,
    /// Another name of it, unique in its shop.
    pub alt_id: Option<String>,
    /// Whose it is: the shop's id of the customer, or that of a [guest](super::guest).
    pub customer_id: String,
    /// Where it stands.
    pub status: OrderStatus,
    /// How many versions of it were stored. Each step makes one more.
    pub version: i64,
    /// What is to be paid.
    pub price: Amount,
    /// In what: the configured asset's name.
    pub asset: String,
    /// What the shop asks, as it told it: decimal text.
    pub original_price: Option<String>,
    /// In what the shop asks it.
    pub currency: Option<String>,
    /// The exchange rate that made the price of it. A later one changes nothing.
    pub rate_id: Option<String>,
    /// How it is to be paid.
    pub pay_to: PayTo,
    /// Where to, if not to an account that all orders share.
    pub address: Option<String>,
    /// The shop's note.
    pub memo: Option<String>,
    /// The wallet that has said that it pays.
    pub claimant: Option<String>,
    /// What was forgiven when it was paid.
    pub short_by: Option<Amount>,
    /// When, by the shop's clock.
    pub created_at: DateTime<Utc>,
    /// The number of its coming: of orders of one time, the first is paid first.
    pub arrival: i64,
    /// What is not paid then is over. An order that ended keeps the time that it had.
    pub expires_at: DateTime<Utc>,
    /// When it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Order {
    /// Which is paid first: the older one.
    #[must_use]
    pub const fn turn(&self) -> (DateTime<Utc>, i64) {
        (self.created_at, self.arrival)
    }
}
