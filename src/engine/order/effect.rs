//! What follows from a fact: what a store writes in one transaction.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::{
    Customer, IllegalOrderMove, IncomingMoney, Order, OrderCause, OrderKey, OrderSettlement,
    OrderStatus, WalletLink, legal,
};
use crate::engine::books::Entry;
use crate::engine::{Amount, EventType, IllegalIncomingMove, IncomingKey, IncomingStatus, words};

/// One thing that follows from a fact. All of them are written in their order, in one transaction, or none is.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A customer is on record, if it was not yet.
    Customer(Customer),
    /// An order is on record, or changed, with a row of its history and its events. It is written only if the version before
    /// it is the one that is stored.
    Order(Box<OrderStep>),
    /// A wallet pays for a customer: [`linked`](super::linked) says what is written.
    Link(WalletLink),
    /// Money is on record, or changed, with its event.
    Incoming(Box<IncomingStep>),
    /// An order is paid by a wallet.
    Settle(OrderSettlement),
    /// The books, and the stored credit of the wallets in it.
    Post(Entry),
    /// Credit is to go back by the existing refunds. The books have it already.
    Refund(CreditRefund),
    /// Somebody should look: `order.review`, and an alert.
    Review(OrderReview),
}

/// One version of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderStep {
    /// Where it stood. None: it was not on record.
    pub from: Option<OrderStatus>,
    /// The order from now on. The version before it is one less.
    pub after: Order,
    /// Why it moved. None: it did not.
    pub cause: Option<OrderCause>,
    /// Why, in the words of a person.
    pub reason: Option<String>,
    /// What others hear of it.
    pub news: Vec<OrderNews>,
}

/// What others hear of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderNews {
    /// It waits for money.
    Created,
    /// It is known who pays it.
    Claimed(OrderCause),
    /// It is paid. Heard once of each order.
    Paid,
    /// It has ended unpaid: with its status.
    Annulled,
    /// Something of it is another.
    Modified {
        /// What.
        field: OrderField,
        /// As it was.
        before: Option<String>,
        /// As it is.
        after: Option<String>,
    },
}

impl OrderNews {
    /// The event that tells it.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::Created => EventType::OrderCreated,
            Self::Claimed(_) => EventType::OrderClaimed,
            Self::Paid => EventType::OrderPaid,
            Self::Annulled => EventType::OrderAnnulled,
            Self::Modified { .. } => EventType::OrderModified,
        }
    }
}

words! {
    /// What of an order can be another than it was.
    pub enum OrderField: "field of an order" {
        /// Its price.
        TotalPrice = "total_price",
        /// Whose it is.
        CustomerId = "customer_id",
        /// Its note.
        Memo = "memo",
        /// It waits for money again.
        Status = "status",
    }
}

/// Money as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingStep {
    /// How far it was ours. None: it was not on record.
    pub from: Option<IncomingStatus>,
    /// The money from now on.
    pub after: IncomingMoney,
}

impl IncomingStep {
    /// The event that tells it. None: it has only found its order.
    #[must_use]
    pub fn event_type(&self) -> Option<EventType> {
        (self.from != Some(self.after.status)).then_some(match self.after.status {
            IncomingStatus::Received => EventType::IncomingRecorded,
            IncomingStatus::Confirmed => EventType::IncomingConfirmed,
            IncomingStatus::Cancelled => EventType::IncomingCancelled,
            IncomingStatus::Reversed => EventType::IncomingReversed,
        })
    }
}

/// Credit that goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditRefund {
    /// Of which money.
    pub money: IncomingKey,
    /// To whom.
    pub wallet: String,
    /// Of what.
    pub asset: String,
    /// How much: no more than came with that money.
    pub amount: Amount,
}

words! {
    /// Why somebody should look at an order.
    pub enum ReviewWhy: "reason for a review" {
        /// It was paid already when more came for it.
        Second = "second",
        /// It had ended when money came for it.
        TooLate = "too_late",
        /// Money came for it in another asset.
        WrongAsset = "wrong_asset",
        /// It has ended, and money had come for it.
        MoneyWaits = "money_waits",
        /// Money that named it was taken back.
        Reversed = "reversed",
    }
}

/// That somebody should look at an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReview {
    /// At which.
    pub order: OrderKey,
    /// For which money. None: for all that names it.
    pub money: Option<IncomingKey>,
    /// Why.
    pub why: ReviewWhy,
}

/// Why nothing was done. No effect, no link, no event, no clock.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum OrderRefusal {
    /// The table of moves does not have it.
    #[error(transparent)]
    Illegal(#[from] IllegalOrderMove),
    /// It stands where this cannot be done.
    #[error("order {order} is {status}")]
    WrongStatus {
        /// Which order.
        order: OrderKey,
        /// Where it stands.
        status: OrderStatus,
    },
    /// Another wallet has claimed it.
    #[error("order {0} is claimed by another wallet")]
    ClaimedByAnother(OrderKey),
    /// It is so already.
    #[error("nothing would change")]
    NoChange,
    /// What is told can never be.
    #[error("{}", .0.join("; "))]
    Unfit(Vec<String>),
    /// Money is told of that is known as something else.
    #[error("{} was told of otherwise before", .0.subject())]
    OtherMoney(IncomingKey),
    /// Money stands where this cannot be.
    #[error(transparent)]
    Money(#[from] IllegalIncomingMove),
}

impl OrderStep {
    /// A move of `before` to `to`, as far as the table has it.
    ///
    /// # Errors
    /// [`IllegalOrderMove`].
    pub(super) fn moved(
        before: &Order,
        to: OrderStatus,
        cause: OrderCause,
        now: DateTime<Utc>,
    ) -> Result<Self, IllegalOrderMove> {
        legal(Some(before.status), to, cause)?;
        let mut step = Self::changed(before, now);
        step.cause = Some(cause);
        step.after.status = to;
        step.news = match to {
            OrderStatus::Unclaimed => Vec::new(),
            OrderStatus::Paid => vec![OrderNews::Paid],
            OrderStatus::Expired | OrderStatus::Cancelled => vec![OrderNews::Annulled],
            OrderStatus::New if before.status.is_open() => vec![OrderNews::Claimed(cause)],
            OrderStatus::New => vec![OrderNews::Modified {
                field: OrderField::Status,
                before: Some(before.status.to_string()),
                after: Some(to.to_string()),
            }],
        };
        if to == OrderStatus::Paid {
            step.after.paid_at = Some(now);
        }
        Ok(step)
    }

    /// A change of `before` where it stands. Its time is later than the one before, whatever the clocks say.
    pub(super) fn changed(before: &Order, now: DateTime<Utc>) -> Self {
        let mut after = before.clone();
        after.version += 1;
        after.updated_at = now.max(before.updated_at + TimeDelta::microseconds(1));
        Self { from: Some(before.status), after, cause: None, reason: None, news: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{money, order};
    use super::*;
    use crate::engine::fixtures::at;

    #[test]
    fn a_step_makes_one_version_more_and_tells_of_it() {
        let before = order("1", "alice", "10", OrderStatus::New);
        let paid =
            OrderStep::moved(&before, OrderStatus::Paid, OrderCause::Confirmed, at(7)).unwrap();
        let expected = Order {
            status: OrderStatus::Paid,
            version: 2,
            paid_at: Some(at(7)),
            updated_at: at(7),
            ..before.clone()
        };
        assert_eq!((paid.after.clone(), paid.news), (expected, vec![OrderNews::Paid]));
        let again =
            OrderStep::moved(&paid.after, OrderStatus::Cancelled, OrderCause::Cancel, at(8));
        assert!(again.is_err(), "paid is for ever");
        let earlier = OrderStep::changed(&paid.after, at(1)).after.updated_at;
        assert!(earlier > paid.after.updated_at, "time rises");
    }

    #[test]
    fn money_that_has_only_found_its_order_is_no_news() {
        let after = money("p1", "alice", "10", "1");
        let told = |from| IncomingStep { from, after: after.clone() }.event_type();
        assert_eq!(told(None), Some(EventType::IncomingRecorded));
        assert_eq!(told(Some(IncomingStatus::Received)), None);
    }
}
