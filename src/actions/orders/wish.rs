//! A person's wishes for an order.

use super::{AskedBy, OrderChanged, OrderNamed, find};
use crate::actions::{ActionError, Actions};
use crate::engine::order::{Customer, NewOrder, Order, OrderFact, OrderWish};
use crate::engine::{About, Action, Amount, Refusal, RefusalCode};

/// What somebody asks for an order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OrderAsked<'a> {
    /// It is paid, whatever has come.
    Fulfil,
    /// It ends.
    Cancel,
    /// It has this note, or none.
    Memo(Option<&'a str>),
    /// It has this price.
    Price(&'a Amount),
    /// It is the order of the customer with this id.
    Reassign(&'a str),
    /// It waits for money again.
    Reset,
}

impl OrderAsked<'_> {
    const fn action(&self) -> Action {
        match self {
            Self::Fulfil => Action::OrderFulfil,
            Self::Cancel => Action::OrderCancel,
            Self::Memo(_) => Action::OrderMemo,
            Self::Price(_) => Action::OrderPrice,
            Self::Reassign(_) => Action::OrderReassign,
            Self::Reset => Action::OrderReset,
        }
    }
}

impl Actions<'_> {
    /// Does with an order as somebody asks, for a `reason`.
    ///
    /// # Errors
    /// There is no such order, it stands where this cannot be done, or nothing would change.
    pub(crate) async fn ask_for_order(
        &self,
        named: OrderNamed<'_>,
        asked: OrderAsked<'_>,
        reason: &str,
        by: AskedBy<'_>,
    ) -> Result<OrderChanged, ActionError> {
        let order = find(self.store, named).await?.order;
        let wish = self.wish(&order, asked, by.once)?;
        let (key, was) = (order.key, Some(order.status));
        let fact = OrderFact::Wished { order: key.clone(), wish, reason: reason.to_owned() };
        let done = self.happen(asked.action(), by, fact).await?;
        self.changed(&key, was, done).await
    }

    fn wish(
        &self,
        order: &Order,
        asked: OrderAsked<'_>,
        once: Option<&str>,
    ) -> Result<OrderWish, Refusal> {
        Ok(match asked {
            OrderAsked::Fulfil => {
                let (shop, order_id) = (&order.key.shop, &order.key.order_id);
                // It is paid once: so its own name is enough for the note, if the asker has no key.
                let about = once.map_or(About::Order { shop, order_id }, About::Asked);
                let wallet = self.credit_wallet_of(&Customer::of(order))?;
                OrderWish::Fulfil { incoming_id: about.note_id(1), wallet }
            }
            OrderAsked::Cancel => OrderWish::Cancel,
            OrderAsked::Memo(memo) => {
                let memo = memo.map(ToOwned::to_owned);
                expect_fit(NewOrder { memo: memo.clone(), ..told(order) })?;
                OrderWish::Memo(memo)
            }
            OrderAsked::Price(price) => {
                self.expect_decimals(&order.asset, price)?;
                OrderWish::Price(price.clone())
            }
            OrderAsked::Reassign(customer_id) => {
                let customer_id = customer_id.to_owned();
                expect_fit(NewOrder { customer_id: Some(customer_id.clone()), ..told(order) })?;
                OrderWish::Reassign(customer_id)
            }
            OrderAsked::Reset => OrderWish::Reset,
        })
    }

    /// Nobody can pay what the asset has no decimals for.
    pub(super) fn expect_decimals(&self, asset: &str, amount: &Amount) -> Result<(), Refusal> {
        match self.settings.assets.get(asset) {
            Some(known) if !amount.fits(known.decimals) => {
                let decimals = known.decimals;
                let text = format!("{amount} has more decimals than {asset} has: {decimals}");
                Err(Refusal::new(RefusalCode::Invalid, text))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// An order as its shop would tell it, with nothing in it that anybody could find fault with.
fn told(order: &Order) -> NewOrder {
    NewOrder {
        key: order.key.clone(),
        alt_id: None,
        customer_id: None,
        price: order.price.clone(),
        asset: order.asset.clone(),
        original_price: None,
        currency: None,
        rate_id: None,
        pay_to: order.pay_to,
        address: order.address.clone(),
        memo: None,
        created_at: order.created_at,
    }
}

/// What a new order could not have, no order gets.
pub(super) fn expect_fit(order: NewOrder) -> Result<(), Refusal> {
    let faults = order.faults();
    if faults.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Invalid, faults.join("; ")))
}
