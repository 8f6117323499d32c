//! What others are told of orders: one form for events, commands and interfaces.

use chrono::{DateTime, Utc};

use super::{Order, OrderNews, OrderReview, OrderStatus, OrderStep, ReviewWhy};
use crate::engine::{Amount, Event, EventType, IncomingKey, Keyed, iso, keyed};

/// How much of an order is here: all that it was paid, or the final money that names it.
#[must_use]
pub fn received(order: &Order, named: &Amount) -> Amount {
    match order.status {
        OrderStatus::Paid => {
            let short_by = order.short_by.clone().unwrap_or_else(Amount::zero);
            order.price.minus(&short_by).unwrap_or_else(Amount::zero)
        }
        OrderStatus::Unclaimed
        | OrderStatus::New
        | OrderStatus::Expired
        | OrderStatus::Cancelled => named.clone(),
    }
}

/// How much it still waits for.
#[must_use]
pub fn missing(order: &Order, named: &Amount) -> Amount {
    if !order.status.is_open() {
        return Amount::zero();
    }
    order.price.minus(named).unwrap_or_else(Amount::zero)
}

/// An order as JSON. `named` is the final money that names it.
#[must_use]
pub fn order_json(order: &Order, named: &Amount) -> Keyed {
    let text = |amount: &Option<Amount>| amount.as_ref().map(ToString::to_string);
    keyed! {
        "shop": order.key.shop,
        "order_id": order.key.order_id,
        "alt_id": order.alt_id,
        "customer_id": order.customer_id,
        "status": order.status.as_str(),
        "price": order.price.to_string(),
        "asset": order.asset,
        "original_price": order.original_price,
        "currency": order.currency,
        "pay_to": order.pay_to.as_str(),
        "address": order.address,
        "memo": order.memo,
        "claimant": order.claimant,
        "received": received(order, named).to_string(),
        "missing": missing(order, named).to_string(),
        "short_by": text(&order.short_by),
        "created_at": iso(order.created_at),
        "expires_at": iso(order.expires_at),
        "paid_at": order.paid_at.map(iso),
        "version": order.version,
    }
}

/// The events of a step, in their order.
#[must_use]
pub fn order_events(step: &OrderStep, named: &Amount) -> Vec<Event> {
    let event = |news: &OrderNews| Event {
        event_type: news.event_type(),
        subject: step.after.key.subject(),
        version: step.after.version,
        data: order_json(&step.after, named).and(told(news)).to_string(),
        occurred_at: step.after.updated_at,
    };
    step.news.iter().map(event).collect()
}

/// What one kind of news tells beside the order.
fn told(news: &OrderNews) -> Keyed {
    match news {
        OrderNews::Created | OrderNews::Paid | OrderNews::Annulled => Keyed::default(),
        OrderNews::Claimed(how) => keyed! { "how": how.as_str() },
        OrderNews::Modified { field, before, after } => keyed! {
            "field": field.as_str(),
            "before": before,
            "after": after,
        },
    }
}

/// That somebody should look at an order.
#[must_use]
pub fn review_event(review: &OrderReview, order: Option<&Order>, now: DateTime<Utc>) -> Event {
    let OrderReview { order: key, money, why } = review;
    let data = keyed! {
        "shop": key.shop,
        "order_id": key.order_id,
        "why": why.as_str(),
        "incoming": money.as_ref().map(IncomingKey::subject),
        "status": order.map(|order| order.status.as_str()),
        "text": in_words(*why),
    };
    Event {
        event_type: EventType::OrderReview,
        subject: key.subject(),
        version: order.map_or(0, |order| order.version),
        data: data.to_string(),
        occurred_at: now,
    }
}

/// Why somebody should look, as a sentence.
#[must_use]
pub const fn in_words(why: ReviewWhy) -> &'static str {
    match why {
        ReviewWhy::Second => "more money came for an order that is paid",
        ReviewWhy::TooLate => "money came for an order that has ended",
        ReviewWhy::WrongAsset => "money came for an order that takes another asset",
        ReviewWhy::MoneyWaits => "an order has ended, and money had come for it",
        ReviewWhy::Reversed => "money that named an order was taken back",
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::order;
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_here_and_what_is_missing_follow_from_the_status() {
        let new = order("1", "alice", "100", OrderStatus::New);
        assert_eq!(
            (received(&new, &amount("60")), missing(&new, &amount("60"))),
            (amount("60"), amount("40"))
        );
        assert_eq!(missing(&new, &amount("160")), Amount::zero(), "more is not less than nothing");
        let paid = Order { status: OrderStatus::Paid, short_by: Some(amount("1")), ..new.clone() };
        assert_eq!(
            (received(&paid, &amount("0")), missing(&paid, &amount("0"))),
            (amount("99"), amount("0"))
        );
        let over = Order { status: OrderStatus::Expired, ..new };
        assert_eq!(
            (received(&over, &amount("60")), missing(&over, &amount("60"))),
            (amount("60"), amount("0"))
        );
    }

    #[test]
    fn an_event_is_the_order_and_what_is_new() {
        let before = order("1", "alice", "100", OrderStatus::New);
        let mut step = OrderStep::changed(&before, before.updated_at);
        step.news.push(OrderNews::Modified {
            field: super::super::OrderField::Memo,
            before: None,
            after: Some("gift".to_owned()),
        });
        let events = order_events(&step, &amount("0"));
        let data: serde_json::Value = serde_json::from_str(&events[0].data).unwrap();
        assert_eq!(
            (&data["field"], &data["after"], &data["order_id"]),
            (&"memo".into(), &"gift".into(), &"1".into())
        );
        assert_eq!((events[0].version, events[0].event_type), (2, EventType::OrderModified));
    }
}
