//! An order comes from its shop.

use super::{
    Counter, Course, Customer, Effect, IncomingMoney, LinkOrigin, NewOrder, Order, OrderCause,
    OrderNews, OrderRefusal, OrderStep, ToldAgain, repriced_by_shop, told_again,
};
use crate::engine::IncomingStatus;

/// What is known of those who may pay an order that comes.
#[derive(Debug, Clone, Default)]
pub struct Awaiting {
    /// The wallet that has signed for it in the shop's own note. The signature is known to be right.
    pub claim: Option<String>,
    /// Money that names it and has waited for it, seen or final, in the order in which it came.
    pub money: Vec<IncomingMoney>,
    /// Of the wallets that are linked to its customer, the one whose money was final last.
    pub newest_payer: Option<String>,
}

/// An order comes.
///
/// Its payer is who has signed for it in the shop's note; else who has sent the newest money that names it; else the customer's
/// newest payer. One that is known changes only if its shop asks another price.
///
/// To be loaded: the order of this key; money whose reference means it and that has no order; the wallets that are linked
/// to its customer, and the purses of all of these in its asset. What waited for the order is in no purse's `reserved` yet.
///
/// # Errors
/// [`OrderRefusal`].
pub fn order_came(
    counter: Counter<'_>,
    told: &NewOrder,
    known: Option<&Order>,
    awaiting: Awaiting,
) -> Result<Vec<Effect>, OrderRefusal> {
    if let Some(known) = known {
        return match told_again(known, told) {
            ToldAgain::Same => Ok(Vec::new()),
            ToldAgain::OtherPrice(price) => repriced_by_shop(counter, known, told, price),
        };
    }
    let faults = told.faults();
    if !faults.is_empty() {
        return Err(OrderRefusal::Unfit(faults));
    }
    let mut course = Course::at(counter);
    let begun = told.begun(course.terms.of(&told.key.shop), course.now);
    let customer = Customer::of(&begun);
    course.push(Effect::Customer(customer.clone()));
    let mut order = course.step(OrderStep {
        from: None,
        after: begun,
        cause: Some(OrderCause::Created),
        reason: None,
        news: vec![OrderNews::Created],
    });
    let newest = awaiting.money.last().map(|money| money.wallet.clone());
    for money in awaiting.money {
        found(&mut course, &order, money);
    }
    if let Some(wallet) = awaiting.claim {
        course.link(customer, &wallet, LinkOrigin::Shop);
        order = course.claim(&order, &wallet, OrderCause::Memo)?;
    } else if let Some(wallet) = newest.or(awaiting.newest_payer) {
        order = course.claim(&order, &wallet, OrderCause::Auto)?;
    }
    course.pay(&order, OrderCause::Created)?;
    Ok(course.done())
}

/// Money that has waited for an order finds it.
fn found(course: &mut Course<'_>, order: &Order, money: IncomingMoney) {
    course.link(Customer::of(order), &money.wallet, LinkOrigin::Payer);
    let (status, verdict) = (money.status, money.verdict_for(Some(order)));
    if status == IncomingStatus::Confirmed && money.asset == order.asset {
        course.till.name(&money.wallet, order, money.amount.size());
    }
    let order = Some(order.key.clone());
    course.money(Some(status), IncomingMoney { order, verdict, ..money });
}
