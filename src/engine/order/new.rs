//! An order that comes: whether it can be taken, and what it is to one that is known.

use chrono::{DateTime, Utc};

use super::{Order, OrderKey, OrderStatus, OrderTerms, PayTo, guest};
use crate::engine::Amount;

/// Bytes in an id.
const ID_MAX: usize = 200;
/// Bytes in any other text that gets a column.
const TEXT_MAX: usize = 1_000;

/// An order as its shop tells it. The names are those of [`Order`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// What it is called.
    pub key: OrderKey,
    /// Another name of it.
    pub alt_id: Option<String>,
    /// Whose it is. None: somebody without an id.
    pub customer_id: Option<String>,
    /// What is to be paid.
    pub price: Amount,
    /// In what.
    pub asset: String,
    /// What the shop asks, as it told it.
    pub original_price: Option<String>,
    /// In what it asks it.
    pub currency: Option<String>,
    /// The exchange rate that made the price of it.
    pub rate_id: Option<String>,
    /// How it is to be paid.
    pub pay_to: PayTo,
    /// Where to.
    pub address: Option<String>,
    /// The shop's note.
    pub memo: Option<String>,
    /// When, by the shop's clock.
    pub created_at: DateTime<Utc>,
}

impl NewOrder {
    /// What forbids that it is taken, as sentences. Empty if nothing does.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |is_right: bool, fault: &str| {
            if !is_right {
                faults.push(fault.to_owned());
            }
        };
        let ids = [Some(&self.key.order_id), self.alt_id.as_ref(), self.customer_id.as_ref()];
        let is_id = |id: &&String| {
            !id.trim().is_empty() && id.len() <= ID_MAX && !id.contains(char::is_control)
        };
        expect(
            ids.into_iter().flatten().all(|id| is_id(&id)),
            "order_id, alt_id and customer_id are texts of at most 200 bytes, without control characters",
        );
        let claims_to_be_guest =
            self.customer_id.as_ref().is_some_and(|id| id.starts_with("guest:"));
        expect(
            !claims_to_be_guest,
            "customer_id: what begins with `guest:` is our name for those without one",
        );
        expect(!self.key.shop.is_empty() && !self.asset.is_empty(), "shop and asset are told");
        let texts =
            [&self.original_price, &self.currency, &self.rate_id, &self.address, &self.memo];
        let is_text = |text: &String| text.len() <= TEXT_MAX && !text.contains('\0');
        expect(
            texts.into_iter().flatten().all(is_text),
            "no text has more than 1000 bytes, or a NUL",
        );
        expect(
            self.original_price.is_some() == self.currency.is_some(),
            "original_price and currency are told together",
        );
        expect(
            self.address.is_some() || self.pay_to != PayTo::Address,
            "an order that is paid to an address of its own needs address",
        );
        faults
    }

    /// The order as it is first on record. Its time runs from now: a shop may tell of it late.
    #[must_use]
    pub(super) fn begun(&self, terms: &OrderTerms, now: DateTime<Utc>) -> Order {
        let customer_id = self.customer_id.clone().unwrap_or_else(|| guest(&self.key));
        Order {
            key: self.key.clone(),
            alt_id: self.alt_id.clone(),
            customer_id,
            status: OrderStatus::Unclaimed,
            version: 1,
            price: self.price.clone(),
            asset: self.asset.clone(),
            original_price: self.original_price.clone(),
            currency: self.currency.clone(),
            rate_id: self.rate_id.clone(),
            pay_to: self.pay_to,
            address: self.address.clone(),
            memo: self.memo.clone(),
            claimant: None,
            short_by: None,
            created_at: self.created_at,
            arrival: 0,
            expires_at: now + terms.unclaimed_timeout,
            paid_at: None,
            updated_at: now,
        }
    }
}

/// What an order that comes is to one that is known under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldAgain {
    /// The same: nothing happens.
    Same,
    /// The shop asks another price: this one.
    OtherPrice(Amount),
}

/// Compares an order that comes with the one that is known. Only what the shop asks counts: a later rate makes another price
/// of the same, and changes nothing; and what a person has changed here stays.
#[must_use]
pub fn told_again(known: &Order, told: &NewOrder) -> ToldAgain {
    let asked = |price: &Option<String>, currency: &Option<String>| {
        let price = price.as_ref().map(|text| text.parse::<Amount>().map_err(|_| text.clone()));
        (price, currency.clone())
    };
    let is_same = match (&known.original_price, &told.original_price) {
        (None, None) => known.price == told.price,
        (Some(_), _) | (_, Some(_)) => {
            asked(&known.original_price, &known.currency)
                == asked(&told.original_price, &told.currency)
        }
    };
    if is_same { ToldAgain::Same } else { ToldAgain::OtherPrice(told.price.clone()) }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{new, order};
    use super::*;

    #[test]
    fn what_is_right_has_no_faults_and_each_fault_is_told() {
        let good = || new("1", "alice", "10");
        assert_eq!(good().faults(), Vec::<String>::new());
        assert_eq!(NewOrder { customer_id: None, ..good() }.faults(), Vec::<String>::new());
        let text = |text: &str| Some(text.to_owned());
        for (bad, word) in [
            (NewOrder { key: OrderKey::new("shop", " "), ..good() }, "order_id"),
            (NewOrder { alt_id: text("a\nb"), ..good() }, "alt_id"),
            (NewOrder { customer_id: text(""), ..good() }, "customer_id"),
            (NewOrder { customer_id: text("guest:1"), ..good() }, "guest"),
            (NewOrder { asset: String::new(), ..good() }, "asset"),
            (NewOrder { memo: Some("x".repeat(1001)), ..good() }, "1000"),
            (NewOrder { currency: text("USD"), ..good() }, "together"),
            (NewOrder { pay_to: PayTo::Address, ..good() }, "address"),
        ] {
            assert!(bad.faults().iter().any(|fault| fault.contains(word)), "{word}: {bad:?}");
        }
    }

    #[test]
    fn a_later_rate_changes_no_price() {
        let mut known = order("1", "alice", "10", OrderStatus::New);
        (known.original_price, known.currency) = (Some("5.0".to_owned()), Some("USD".to_owned()));
        let told = |price: &str, asked: &str| NewOrder {
            original_price: Some(asked.to_owned()),
            currency: Some("USD".to_owned()),
            ..new("1", "alice", price)
        };
        assert_eq!(told_again(&known, &told("10", "5.00")), ToldAgain::Same);
        assert_eq!(told_again(&known, &told("11", "5")), ToldAgain::Same);
        let other = ToldAgain::OtherPrice("12".parse().unwrap());
        assert_eq!(told_again(&known, &told("12", "6")), other);
        let plain = order("1", "alice", "10", OrderStatus::New);
        assert_eq!(told_again(&plain, &new("1", "alice", "10.0")), ToldAgain::Same);
        assert_eq!(told_again(&plain, &new("1", "alice", "12")), other);
    }
}
