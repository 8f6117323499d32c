//! Money comes, is final, vanishes, or is taken back.

use super::{
    Counter, Course, CreditRefund, Customer, Effect, IncomingMoney, Late, LinkOrigin, MoneyVerdict,
    Order, OrderCause, OrderRefusal, OrderStatus, OrderStep, Overpayment, ReviewWhy, is_same,
};
use crate::engine::books::{Balance, confirmed as booked, refunded, reversed as taken_back};
use crate::engine::{Amount, IncomingStatus};

/// Money is seen. It pays nothing yet; who sends it to an open order is linked to its customer, and claims it if nobody has.
///
/// To be loaded: the money of this place and id, if it is known; the order that its reference means, if that is known.
///
/// # Errors
/// [`OrderRefusal::OtherMoney`]: something else is known under its name.
pub fn money_received(
    counter: Counter<'_>,
    money: IncomingMoney,
    known: Option<&IncomingMoney>,
    order: Option<&Order>,
) -> Result<Vec<Effect>, OrderRefusal> {
    if let Some(known) = known {
        let is_known = is_same(known, &money);
        return is_known.then(Vec::new).ok_or(OrderRefusal::OtherMoney(money.key));
    }
    let mut course = Course::at(counter);
    let seen = IncomingMoney {
        status: IncomingStatus::Received,
        order: order.map(|order| order.key.clone()),
        verdict: money.verdict_for(order),
        ..money
    };
    course.money(None, seen.clone());
    if let Some(order) = order.filter(|order| order.status.is_open()) {
        course.link(Customer::of(order), &seen.wallet, LinkOrigin::Payer);
        if order.status == OrderStatus::Unclaimed {
            course.claim(order, &seen.wallet, OrderCause::Payment)?;
        }
    }
    Ok(course.done())
}

/// Money is final: it is its sender's credit, pays the order that it names, and then what else the sender's customers have
/// open. All of it in one transaction.
///
/// To be loaded: the order that the money was resolved to; the open orders of all customers that its wallet is linked to; the
/// wallets that may pay any of these, with their purses. The money itself is in none of them yet.
///
/// # Errors
/// [`OrderRefusal::Money`]: it had vanished, or was taken back. What comes again has another key.
pub fn money_confirmed(
    counter: Counter<'_>,
    money: &IncomingMoney,
    order: Option<&Order>,
    open: &[Order],
) -> Result<Vec<Effect>, OrderRefusal> {
    if !money.status.moves_to(IncomingStatus::Confirmed)? {
        return Ok(Vec::new());
    }
    let mut course = Course::at(counter);
    let verdict = money.verdict_for(order);
    let amount = money.amount.size();
    course.post(booked(&money.occasion(course.now), &money.asset, amount, &money.wallet));
    course.till.give(&money.wallet, &money.asset, &money.amount);
    let mut verdict_now = verdict;
    if let Some(order) = order {
        if verdict != MoneyVerdict::WrongAsset {
            course.till.name(&money.wallet, order, amount);
        }
        verdict_now = take(&mut course, money, order, verdict)?;
    }
    course.pass(open, OrderCause::Confirmed)?;
    let status = IncomingStatus::Confirmed;
    let after = IncomingMoney { status, verdict: verdict_now, ..money.clone() };
    course.money(Some(money.status), after);
    Ok(course.done())
}

/// What final money does for the order that it names.
fn take(
    course: &mut Course<'_>,
    money: &IncomingMoney,
    order: &Order,
    verdict: MoneyVerdict,
) -> Result<MoneyVerdict, OrderRefusal> {
    let why = match verdict {
        MoneyVerdict::Matched => {
            if course.pay(order, OrderCause::Confirmed)?.is_some() {
                give_back(course, money, order);
            }
            return Ok(verdict);
        }
        MoneyVerdict::TooLate if take_late(course, money, order)? => {
            return Ok(MoneyVerdict::Matched);
        }
        MoneyVerdict::TooLate => ReviewWhy::TooLate,
        MoneyVerdict::Second => ReviewWhy::Second,
        MoneyVerdict::WrongAsset => ReviewWhy::WrongAsset,
        // It is about an order, so it is neither.
        MoneyVerdict::UnknownOrder | MoneyVerdict::Credit => return Ok(verdict),
    };
    course.review(order, Some(money), why);
    Ok(verdict)
}

/// Whether an order whose time is over is paid by money that came a little late: if its shop takes that, and nothing is missing.
fn take_late(
    course: &mut Course<'_>,
    money: &IncomingMoney,
    order: &Order,
) -> Result<bool, OrderRefusal> {
    let terms = course.terms_of(order);
    let is_taken = match terms.late {
        Late::Review => false,
        Late::Accept(late_for) => money.received_at <= order.expires_at + late_for,
    };
    if !is_taken || order.status != OrderStatus::Expired {
        return Ok(false);
    }
    let Some(paid) = course.till.pay(order, &terms.tolerance) else { return Ok(false) };
    let step = OrderStep::moved(order, OrderStatus::New, OrderCause::Late, course.now)?;
    let renewed = course.step(step);
    course.paid(&renewed, OrderCause::Late, paid)?;
    give_back(course, money, order);
    Ok(true)
}

/// What came too much with this money goes back, if its shop says so.
fn give_back(course: &mut Course<'_>, money: &IncomingMoney, order: &Order) {
    match course.terms_of(order).overpayment {
        Overpayment::Credit => return,
        Overpayment::Refund => {}
    }
    let taken = course.taken_from(&money.wallet, order);
    let sent = course.till.named_by(&money.wallet, order);
    let over = sent.minus(&taken).unwrap_or_else(Amount::zero);
    let credit = course.till.credit_of(&money.wallet, &money.asset).spendable();
    let amount = over.min(credit).min(money.amount.spendable());
    if amount.is_zero() {
        return;
    }
    let (wallet, asset) = (money.wallet.clone(), money.asset.clone());
    course.till.give(&wallet, &asset, &Balance::debt(amount.clone()));
    course.post(refunded(&money.occasion(course.now), &asset, &amount, &wallet));
    let money = money.key.clone();
    course.push(Effect::Refund(CreditRefund { money, wallet, asset, amount }));
}

/// Money has vanished before it was final: it names no order any more.
///
/// # Errors
/// [`OrderRefusal::Money`]: it is final, and can only be taken back.
pub fn money_cancelled(
    counter: Counter<'_>,
    money: &IncomingMoney,
) -> Result<Vec<Effect>, OrderRefusal> {
    if !money.status.moves_to(IncomingStatus::Cancelled)? {
        return Ok(Vec::new());
    }
    let mut course = Course::at(counter);
    let (status, order) = (IncomingStatus::Cancelled, None);
    let verdict = money.verdict_for(None);
    course.money(Some(money.status), IncomingMoney { status, order, verdict, ..money.clone() });
    Ok(course.done())
}

/// Final money was taken back. An order that is paid stays paid: its payer owes what is spent.
///
/// To be loaded: the order that the money was resolved to, and the sender's purse.
///
/// # Errors
/// [`OrderRefusal::Money`]: it was never final.
pub fn money_reversed(
    counter: Counter<'_>,
    money: &IncomingMoney,
    order: Option<&Order>,
) -> Result<Vec<Effect>, OrderRefusal> {
    if !money.status.moves_to(IncomingStatus::Reversed)? {
        return Ok(Vec::new());
    }
    let mut course = Course::at(counter);
    let on = money.occasion(course.now);
    course.post(taken_back(&on, &money.asset, money.amount.size(), &money.wallet));
    let status = IncomingStatus::Reversed;
    course.money(Some(money.status), IncomingMoney { status, ..money.clone() });
    if let Some(order) = order {
        course.review(order, Some(money), ReviewWhy::Reversed);
    }
    Ok(course.done())
}
