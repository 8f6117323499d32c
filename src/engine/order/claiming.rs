//! Somebody signs that he pays an order.

use super::{
    Counter, Course, Customer, Effect, LinkOrigin, Order, OrderCause, OrderNews, OrderRefusal,
    OrderStatus, OrderStep,
};

/// A wallet claims an order; its signature is known to be right. Whoever claims what he has claimed changes nothing.
///
/// To be loaded: the order; the wallets that may pay it, and the claiming one, with their purses.
///
/// # Errors
/// Another wallet has claimed it, or it has ended.
pub fn order_claimed(
    counter: Counter<'_>,
    order: &Order,
    wallet: &str,
) -> Result<Vec<Effect>, OrderRefusal> {
    let mut course = Course::at(counter);
    let claimed = match (order.status, order.claimant.as_deref()) {
        (OrderStatus::Unclaimed, _) => course.claim(order, wallet, OrderCause::Claim)?,
        (OrderStatus::New, Some(claimant)) if claimant == wallet => return Ok(Vec::new()),
        (OrderStatus::New, Some(_)) => {
            return Err(OrderRefusal::ClaimedByAnother(order.key.clone()));
        }
        // A person has opened it again, and nobody had claimed it: it is known now who pays.
        (OrderStatus::New, None) => {
            let mut step = OrderStep::changed(order, course.now);
            step.after.claimant = Some(wallet.to_owned());
            step.news.push(OrderNews::Claimed(OrderCause::Claim));
            course.step(step)
        }
        (status @ (OrderStatus::Paid | OrderStatus::Expired | OrderStatus::Cancelled), _) => {
            return Err(OrderRefusal::WrongStatus { order: order.key.clone(), status });
        }
    };
    course.link(Customer::of(order), wallet, LinkOrigin::Payer);
    course.pay(&claimed, OrderCause::Claim)?;
    Ok(course.done())
}
