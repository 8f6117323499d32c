//! What people wish for orders and customers.

use chrono::{DateTime, Utc};

use super::{
    Counter, Course, Customer, Effect, IncomingMoney, LinkOrigin, MoneyVerdict, Order, OrderCause,
    OrderField, OrderNews, OrderRefusal, OrderSettlement, OrderStatus, OrderStep, Paid, Reference,
    SettlementKind, manual,
};
use crate::engine::books::{Balance, credited};
use crate::engine::{Amount, IncomingKey, IncomingKind, IncomingStatus};

/// What somebody wishes for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderWish {
    /// It is paid, by a credit note for its price. Other credit is not touched.
    Fulfil {
        /// The note's id.
        incoming_id: String,
        /// The wallet of the customer's credit notes.
        wallet: String,
    },
    /// It ends.
    Cancel,
    /// It has this note. No clock changes.
    Memo(Option<String>),
    /// It has this price.
    Price(Amount),
    /// It is the order of the customer with this id.
    Reassign(String),
    /// It waits for money again.
    Reset,
}

/// Credit that a person gives a customer, or takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNote {
    /// Whom.
    pub customer: Customer,
    /// The note's id.
    pub incoming_id: String,
    /// The wallet of the customer's credit notes.
    pub wallet: String,
    /// Of what.
    pub asset: String,
    /// How much. What is negative is taken, and may leave a debt.
    pub amount: Balance,
}

impl CreditNote {
    /// What names it as money.
    #[must_use]
    pub fn key(&self) -> IncomingKey {
        manual(&self.incoming_id)
    }

    fn money(&self, now: DateTime<Utc>) -> IncomingMoney {
        IncomingMoney {
            key: self.key(),
            kind: IncomingKind::Manual,
            status: IncomingStatus::Received,
            wallet: self.wallet.clone(),
            asset: self.asset.clone(),
            amount: self.amount.clone(),
            reference: Reference::default(),
            order: None,
            verdict: MoneyVerdict::Credit,
            received_at: now,
        }
    }

    /// The note is on record, and in the books.
    fn booked(&self, course: &mut Course<'_>) -> IncomingMoney {
        let money = self.money(course.now);
        course.push(Effect::Customer(self.customer.clone()));
        course.link(self.customer.clone(), &self.wallet, LinkOrigin::Shop);
        course.money(None, money.clone());
        let on = money.occasion(course.now);
        course.post(credited(&on, &self.asset, &self.amount, &self.wallet));
        course.till.give(&self.wallet, &self.asset, &self.amount);
        money
    }
}

/// A person gives a customer credit, or takes it. What it pays is paid.
///
/// To be loaded: the customer's open orders; the wallets that may pay them, and the note's, with their purses.
///
/// # Errors
/// [`OrderRefusal::NoChange`]: a note of nothing.
pub fn credit_noted(
    counter: Counter<'_>,
    note: &CreditNote,
    open: &[Order],
) -> Result<Vec<Effect>, OrderRefusal> {
    if note.amount.is_zero() {
        return Err(OrderRefusal::NoChange);
    }
    let mut course = Course::at(counter);
    let money = note.booked(&mut course);
    course.pass(open, OrderCause::Credit)?;
    let from = Some(money.status);
    course.money(from, IncomingMoney { status: IncomingStatus::Confirmed, ..money });
    Ok(course.done())
}

/// What can be paid of these orders is paid: of a customer's, of a wallet's customers', or of all that are open.
///
/// To be loaded: the open orders; the wallets that may pay them, with their purses.
///
/// # Errors
/// None that can be: the table of moves has it.
pub fn orders_settled(counter: Counter<'_>, open: &[Order]) -> Result<Vec<Effect>, OrderRefusal> {
    let mut course = Course::at(counter);
    course.pass(open, OrderCause::Settle)?;
    Ok(course.done())
}

/// A person wishes something for an order, for this reason.
///
/// To be loaded: the order; the wallets that may pay it (of the new customer, where it is to be another's), and the wallet
/// of the credit note, with their purses.
///
/// # Errors
/// [`OrderRefusal`]: it stands where that cannot be done, or nothing would change.
pub fn order_wished(
    counter: Counter<'_>,
    order: &Order,
    wish: &OrderWish,
    reason: &str,
) -> Result<Vec<Effect>, OrderRefusal> {
    let mut course = Course::at(counter);
    let reason = Some(reason.to_owned());
    let may = |is_allowed: bool| {
        let (key, status) = (order.key.clone(), order.status);
        is_allowed.then_some(()).ok_or(OrderRefusal::WrongStatus { order: key, status })
    };
    match wish {
        OrderWish::Fulfil { incoming_id, wallet } => {
            may(order.status.is_open())?;
            let note = CreditNote {
                customer: Customer::of(order),
                incoming_id: incoming_id.clone(),
                wallet: wallet.clone(),
                asset: order.asset.clone(),
                amount: Balance::of(order.price.clone()),
            };
            fulfil(&mut course, order, &note, reason)?;
        }
        OrderWish::Cancel => {
            may(order.status.is_open())?;
            course.end(order, OrderStatus::Cancelled, OrderCause::Cancel, reason)?;
        }
        OrderWish::Memo(memo) => {
            differs(*memo != order.memo)?;
            let news = news(OrderField::Memo, order.memo.clone(), memo.clone());
            course.modify(order, news, (None, reason), |after| after.memo.clone_from(memo));
        }
        OrderWish::Price(price) => {
            may(order.status == OrderStatus::New)?;
            differs(*price != order.price)?;
            let (before, after) = (Some(order.price.to_string()), Some(price.to_string()));
            let news = news(OrderField::TotalPrice, before, after);
            let expires_at = course.renewed(order);
            let why = (Some(OrderCause::Price), reason);
            let changed = course.modify(order, news, why, |after| {
                after.price = price.clone();
                after.expires_at = expires_at;
            });
            course.pay(&changed, OrderCause::Price)?;
        }
        OrderWish::Reassign(customer_id) => {
            may(order.status != OrderStatus::Paid)?;
            differs(*customer_id != order.customer_id)?;
            reassign(&mut course, order, customer_id, reason)?;
        }
        OrderWish::Reset => {
            may(matches!(order.status, OrderStatus::Expired | OrderStatus::Cancelled))?;
            let mut step =
                OrderStep::moved(order, OrderStatus::New, OrderCause::Reset, course.now)?;
            step.reason = reason;
            step.news.push(OrderNews::Created);
            step.after.expires_at = course.renewed(&step.after);
            let opened = course.step(step);
            course.till.opened(&opened);
            course.pay(&opened, OrderCause::Reset)?;
        }
    }
    Ok(course.done())
}

fn differs(is_other: bool) -> Result<(), OrderRefusal> {
    is_other.then_some(()).ok_or(OrderRefusal::NoChange)
}

const fn news(field: OrderField, before: Option<String>, after: Option<String>) -> OrderNews {
    OrderNews::Modified { field, before, after }
}

/// The order is paid from the note, and from nothing else.
fn fulfil(
    course: &mut Course<'_>,
    order: &Order,
    note: &CreditNote,
    reason: Option<String>,
) -> Result<(), OrderRefusal> {
    let money = note.booked(course);
    let spent = Balance::debt(order.price.clone());
    course.till.give(&note.wallet, &order.asset, &spent);
    course.till.closed(order);
    let settlement = OrderSettlement {
        order: order.key.clone(),
        wallet: note.wallet.clone(),
        asset: order.asset.clone(),
        amount: order.price.clone(),
        kind: SettlementKind::Single,
    };
    let paid = Paid { settlements: vec![settlement], short_by: None };
    course.paid_for(order, (OrderCause::Fulfil, reason), paid)?;
    let from = Some(money.status);
    course.money(from, IncomingMoney { status: IncomingStatus::Confirmed, ..money });
    Ok(())
}

fn reassign(
    course: &mut Course<'_>,
    order: &Order,
    customer_id: &str,
    reason: Option<String>,
) -> Result<(), OrderRefusal> {
    course.push(Effect::Customer(Customer::new(&order.key.shop, customer_id)));
    let (before, after) = (Some(order.customer_id.clone()), Some(customer_id.to_owned()));
    let news = news(OrderField::CustomerId, before, after);
    let renewed = order.status.is_open().then(|| course.renewed(order));
    let changed = course.modify(order, news, (Some(OrderCause::Reassign), reason), |after| {
        customer_id.clone_into(&mut after.customer_id);
        after.expires_at = renewed.unwrap_or(after.expires_at);
    });
    if changed.status == OrderStatus::New {
        course.pay(&changed, OrderCause::Reassign)?;
    }
    Ok(())
}
