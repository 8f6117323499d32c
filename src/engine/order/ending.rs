//! An order's time is over, or its shop has cancelled it.

use chrono::{DateTime, Utc};

use super::{Counter, Course, Effect, NewOrder, Order, OrderCause, OrderRefusal, OrderStatus};
use super::{OrderField, OrderNews};
use crate::engine::Amount;

/// Whether the time of an order is over. What came in time is waited for, though not for ever.
///
/// `unconfirmed` is when the oldest money was seen that names the order, or comes from its payers in its asset and names no
/// other, and is not final yet.
#[must_use]
pub fn is_over(order: &Order, unconfirmed: Option<DateTime<Utc>>, counter: &Counter<'_>) -> bool {
    let (deadline, now) = (order.expires_at, counter.now);
    let grace = counter.terms.of(&order.key.shop).confirm_grace;
    let is_waited_for = unconfirmed.is_some_and(|seen| seen <= deadline) && now <= deadline + grace;
    order.status.is_open() && now > deadline && !is_waited_for
}

/// An order expires, if its time is over. Nothing, if it is not.
///
/// To be loaded: the order; the purses of those whose final money names it.
///
/// # Errors
/// None that can be: the table of moves has it.
pub fn order_expired(
    counter: Counter<'_>,
    order: &Order,
    unconfirmed: Option<DateTime<Utc>>,
) -> Result<Vec<Effect>, OrderRefusal> {
    if !is_over(order, unconfirmed, &counter) {
        return Ok(Vec::new());
    }
    let mut course = Course::at(counter);
    course.end(order, OrderStatus::Expired, OrderCause::Expiry, None)?;
    Ok(course.done())
}

/// The shop has cancelled an order. The shop is not told of it. One that has ended stays as it is.
///
/// To be loaded: as for [`order_expired`].
///
/// # Errors
/// [`OrderRefusal::WrongStatus`]: it is paid, and a person must see to that.
pub fn cancelled_by_shop(counter: Counter<'_>, order: &Order) -> Result<Vec<Effect>, OrderRefusal> {
    match order.status {
        OrderStatus::Unclaimed | OrderStatus::New => {}
        OrderStatus::Expired | OrderStatus::Cancelled => return Ok(Vec::new()),
        status @ OrderStatus::Paid => {
            return Err(OrderRefusal::WrongStatus { order: order.key.clone(), status });
        }
    }
    let mut course = Course::at(counter);
    course.end(order, OrderStatus::Cancelled, OrderCause::Shop, None)?;
    Ok(course.done())
}

/// The shop asks another price for an order that is known. Of one that is not open nothing changes.
pub(super) fn repriced_by_shop(
    counter: Counter<'_>,
    known: &Order,
    told: &NewOrder,
    price: Amount,
) -> Result<Vec<Effect>, OrderRefusal> {
    if !known.status.is_open() {
        return Ok(Vec::new());
    }
    let mut course = Course::at(counter);
    let news = OrderNews::Modified {
        field: OrderField::TotalPrice,
        before: Some(known.price.to_string()),
        after: Some(price.to_string()),
    };
    let expires_at = course.renewed(known);
    let why = (Some(OrderCause::Price), Some("the shop asks another price".to_owned()));
    let changed = course.modify(known, news, why, |after| {
        after.price = price;
        after.original_price.clone_from(&told.original_price);
        after.currency.clone_from(&told.currency);
        after.rate_id.clone_from(&told.rate_id);
        after.expires_at = expires_at;
    });
    course.pay(&changed, OrderCause::Price)?;
    Ok(course.done())
}
