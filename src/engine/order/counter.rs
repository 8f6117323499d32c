//! Where orders are paid: what is known when a fact comes, and what has followed from it so far.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    Customer, Effect, IncomingMoney, IncomingStep, LinkOrigin, Order, OrderCause, OrderKey,
    OrderNews, OrderRefusal, OrderReview, OrderStatus, OrderStep, OrderTerms, Paid, ReviewWhy,
    TermsOfShops, Till, WalletLink,
};
use crate::engine::books::{Entry, Occasion, settled, tolerated};
use crate::engine::{Amount, IncomingStatus};

/// What each fact is judged by.
#[derive(Debug, Clone)]
pub struct Counter<'a> {
    /// The purses of those who may pay the orders that are looked at.
    pub till: Till,
    /// The terms of all shops.
    pub terms: &'a TermsOfShops,
    /// The time.
    pub now: DateTime<Utc>,
}

/// A fact on its way: what has followed from it so far. It is kept only if nothing refuses it.
pub(super) struct Course<'a> {
    pub(super) till: Till,
    pub(super) now: DateTime<Utc>,
    pub(super) terms: &'a TermsOfShops,
    effects: Vec<Effect>,
    /// Orders that are paid by it already.
    paid: BTreeSet<OrderKey>,
}

impl<'a> Course<'a> {
    pub(super) fn at(counter: Counter<'a>) -> Self {
        let Counter { till, terms, now } = counter;
        Self { till, now, terms, effects: Vec::new(), paid: BTreeSet::new() }
    }

    pub(super) fn done(self) -> Vec<Effect> {
        self.effects
    }

    pub(super) fn terms_of(&self, order: &Order) -> &'a OrderTerms {
        self.terms.of(&order.key.shop)
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(super) fn post(&mut self, entry: Option<Entry>) {
        self.effects.extend(entry.map(Effect::Post));
    }

    pub(super) fn step(&mut self, step: OrderStep) -> Order {
        let after = step.after.clone();
        self.push(Effect::Order(Box::new(step)));
        after
    }

    pub(super) fn money(&mut self, from: Option<IncomingStatus>, after: IncomingMoney) {
        self.push(Effect::Incoming(Box::new(IncomingStep { from, after })));
    }

    pub(super) fn review(&mut self, order: &Order, money: Option<&IncomingMoney>, why: ReviewWhy) {
        let money = money.map(|money| money.key.clone());
        self.push(Effect::Review(OrderReview { order: order.key.clone(), money, why }));
    }

    /// A wallet pays for a customer from now on.
    pub(super) fn link(&mut self, customer: Customer, wallet: &str, origin: LinkOrigin) {
        self.till.link(customer.clone(), wallet);
        self.push(Effect::Link(WalletLink { wallet: wallet.to_owned(), customer, origin }));
    }

    /// It is known who pays an unclaimed order. Its time runs anew.
    pub(super) fn claim(
        &mut self,
        order: &Order,
        wallet: &str,
        cause: OrderCause,
    ) -> Result<Order, OrderRefusal> {
        let mut step = OrderStep::moved(order, OrderStatus::New, cause, self.now)?;
        step.after.claimant = Some(wallet.to_owned());
        step.after.expires_at = self.now + self.terms_of(order).unpaid_timeout;
        Ok(self.step(step))
    }

    /// Pays an order, if its payers' free credit covers it. None if not: then nothing has happened.
    pub(super) fn pay(
        &mut self,
        order: &Order,
        cause: OrderCause,
    ) -> Result<Option<Order>, OrderRefusal> {
        if !order.status.is_open() || self.paid.contains(&order.key) {
            return Ok(None);
        }
        let tolerance = &self.terms_of(order).tolerance;
        let Some(paid) = self.till.pay(order, tolerance) else { return Ok(None) };
        self.paid(order, cause, paid).map(Some)
    }

    /// An order is paid in this way, which the till has given already.
    pub(super) fn paid(
        &mut self,
        order: &Order,
        cause: OrderCause,
        paid: Paid,
    ) -> Result<Order, OrderRefusal> {
        self.paid_for(order, (cause, None), paid)
    }

    /// The same, for what a person says of it.
    pub(super) fn paid_for(
        &mut self,
        order: &Order,
        (cause, reason): (OrderCause, Option<String>),
        paid: Paid,
    ) -> Result<Order, OrderRefusal> {
        let Paid { settlements, short_by } = paid;
        let mut step = OrderStep::moved(order, OrderStatus::Paid, cause, self.now)?;
        step.after.short_by = short_by.clone();
        step.reason = reason;
        self.paid.insert(order.key.clone());
        let after = self.step(step);
        let on =
            Occasion { about: order.key.subject(), place: order.key.shop.clone(), at: self.now };
        let shares = settlements.iter().map(|one| (one.wallet.as_str(), &one.amount));
        self.post(settled(&on, &order.asset, shares, order.key.account()));
        self.post(
            short_by.and_then(|short| tolerated(&on, &order.asset, &short, order.key.account())),
        );
        self.effects.extend(settlements.into_iter().map(Effect::Settle));
        Ok(after)
    }

    /// What a wallet has paid of an order by this fact.
    pub(super) fn taken_from(&self, wallet: &str, order: &Order) -> Amount {
        let share = |effect: &Effect| match effect {
            Effect::Settle(one) if one.order == order.key && one.wallet == wallet => {
                Some(one.amount.clone())
            }
            Effect::Settle(_)
            | Effect::Customer(_)
            | Effect::Order(_)
            | Effect::Link(_)
            | Effect::Incoming(_)
            | Effect::Post(_)
            | Effect::Refund(_)
            | Effect::Review(_) => None,
        };
        self.effects.iter().find_map(share).unwrap_or_else(Amount::zero)
    }

    /// Pays what can be paid of these orders, the oldest first. What is too dear is passed over. An order that is paid may set
    /// free what was kept for it, so it is looked again at those before it.
    pub(super) fn pass(&mut self, orders: &[Order], cause: OrderCause) -> Result<(), OrderRefusal> {
        let mut left: Vec<&Order> = orders.iter().collect();
        left.sort_by_key(|order| order.turn());
        loop {
            let mut too_dear = Vec::new();
            for order in &left {
                if self.pay(order, cause)?.is_none() {
                    too_dear.push(*order);
                }
            }
            if too_dear.len() == left.len() {
                return Ok(());
            }
            left = too_dear;
        }
    }

    /// An order ends unpaid. Money that has come for it is free, and somebody should look.
    pub(super) fn end(
        &mut self,
        order: &Order,
        to: OrderStatus,
        cause: OrderCause,
        reason: Option<String>,
    ) -> Result<(), OrderRefusal> {
        let step = OrderStep::moved(order, to, cause, self.now)?;
        self.step(OrderStep { reason, ..step });
        let has_money = self.till.has_money_for(order);
        self.till.closed(order);
        if has_money {
            self.review(order, None, ReviewWhy::MoneyWaits);
        }
        Ok(())
    }

    /// An order waits for money again, or for other money than before: its time runs anew.
    pub(super) fn renewed(&self, order: &Order) -> DateTime<Utc> {
        let terms = self.terms_of(order);
        self.now
            + match order.status {
                OrderStatus::Unclaimed => terms.unclaimed_timeout,
                OrderStatus::New
                | OrderStatus::Paid
                | OrderStatus::Expired
                | OrderStatus::Cancelled => terms.unpaid_timeout,
            }
    }

    /// A change that others hear of.
    pub(super) fn modify(
        &mut self,
        before: &Order,
        news: OrderNews,
        (cause, reason): (Option<OrderCause>, Option<String>),
        change: impl FnOnce(&mut Order),
    ) -> Order {
        let mut step = OrderStep::changed(before, self.now);
        (step.cause, step.reason) = (cause, reason);
        step.news.push(news);
        change(&mut step.after);
        self.step(step)
    }
}
