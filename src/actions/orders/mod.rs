//! Orders: finding one, and what a person may ask for them.

mod claim;
mod credit;
pub(crate) mod new;
mod wish;

pub(crate) use self::credit::{CreditAsked, Credited, SettleAsked};
pub(crate) use self::wish::OrderAsked;
use super::{ActionError, Actions, ids};
use crate::config::{Settings, ShopSettings};
use crate::engine::order::{OrderFact, OrderKey, OrderRefusal, OrderSettlement, OrderStatus};
use crate::engine::{Action, Refusal, RefusalCode};
use crate::store::{
    Deed, OrderAnswer, OrderDone, OrderRow, OrderStory, OrderTeller, OrderWorld, Store, Together,
};

/// Which order is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrderNamed<'a> {
    /// Its id, or the beginning of it; or its other name.
    pub(crate) id: &'a str,
    /// Its shop, where several have such an order.
    pub(crate) shop: Option<&'a str>,
}

/// Who asks, and under which key of theirs: what is asked under one is done once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedBy<'a> {
    pub(crate) deed: &'a Deed,
    pub(crate) once: Option<&'a str>,
}

/// What became of an order by an action.
#[derive(Debug)]
pub(crate) struct OrderChanged {
    /// The order from now on.
    pub(crate) row: OrderRow,
    /// Where it stood. None: it is new.
    pub(crate) was: Option<OrderStatus>,
    /// Whether all of it had been done before.
    pub(crate) already: bool,
    /// What was paid, of this order and of others.
    pub(crate) settlements: Vec<OrderSettlement>,
}

/// What followed from a fact, or that it had happened before.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) already: bool,
    pub(super) done: OrderDone,
}

/// What orders are judged by.
pub(crate) fn world(settings: &Settings) -> OrderWorld {
    OrderWorld { terms: settings.terms_of_shops(), rails: settings.rails.keys().cloned().collect() }
}

/// The order that is meant: the one with this id, or with this other name, or whose id alone begins so.
///
/// # Errors
/// There is none, or there are several.
pub(crate) async fn find(store: &Store, named: OrderNamed<'_>) -> Result<OrderRow, ActionError> {
    let OrderNamed { id, shop } = named;
    let mut found = store.orders_beginning(id, shop, ids::CANDIDATES).await?;
    let is_it = |row: &OrderRow| row.order.key.order_id == *id;
    if found.iter().any(is_it) {
        found.retain(is_it);
    } else {
        let called = store.orders_called(id, shop).await?;
        if !called.is_empty() || !ids::may_begin(id) {
            found = called;
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        (None, _) => Err(missing(id).into()),
        (Some(last), false) => {
            found.push(last);
            Err(several(id, &found).into())
        }
    }
}

fn several(id: &str, found: &[OrderRow]) -> Refusal {
    let first = &found[0].order.key;
    if found.iter().all(|row| row.order.key.order_id == first.order_id) {
        let text = format!("order {} is in several shops: say which with --shop", first.order_id);
        return Refusal::new(RefusalCode::Ambiguous, text);
    }
    let all: Vec<String> = found.iter().map(|row| row.order.key.order_id.clone()).collect();
    ids::ambiguous("orders", id, &all)
}

/// Everything that is on record of the order that is meant.
///
/// # Errors
/// As [`find`].
pub(crate) async fn story(store: &Store, named: OrderNamed<'_>) -> Result<OrderStory, ActionError> {
    let key = find(store, named).await?.order.key;
    store.order_story(&key).await?.ok_or_else(|| missing(&key.order_id).into())
}

fn missing(id: &str) -> Refusal {
    let text = format!("there is no order {id}{}", ids::too_short(id));
    Refusal::new(RefusalCode::NotFound, text).hint("`railpoll orders list` shows what there is")
}

/// Why a fact about orders was refused, for whoever asked.
pub(super) fn refusal(refusal: &OrderRefusal) -> Refusal {
    let explained = |order: &OrderKey| {
        format!("`railpoll orders explain {}` tells what can be done", order.order_id)
    };
    let text = refusal.to_string();
    match refusal {
        OrderRefusal::Illegal(_) | OrderRefusal::Money(_) => {
            Refusal::new(RefusalCode::WrongState, text)
        }
        OrderRefusal::WrongStatus { order, .. } | OrderRefusal::ClaimedByAnother(order) => {
            Refusal::new(RefusalCode::WrongState, text).hint(explained(order))
        }
        OrderRefusal::NoChange | OrderRefusal::OtherMoney(_) => {
            Refusal::new(RefusalCode::Unfit, text)
        }
        OrderRefusal::Unfit(_) => Refusal::new(RefusalCode::Invalid, text),
    }
}

impl Actions<'_> {
    /// The configured shop of this name.
    pub(super) fn shop(&self, name: &str) -> Result<&ShopSettings, Refusal> {
        self.settings.shops.get(name).ok_or_else(|| {
            let text = format!("the shop {name} is not in the configuration");
            let hint = format!("it needs a section [shops.{name}]");
            Refusal::new(RefusalCode::NotConfigured, text).hint(hint)
        })
    }

    /// Has a fact happen that an operator tells.
    pub(super) async fn happen(
        &self,
        action: Action,
        by: AskedBy<'_>,
        fact: OrderFact,
    ) -> Result<Happened, ActionError> {
        let AskedBy { deed, once } = by;
        let teller = OrderTeller::Operator { action, deed, once };
        let order = fact.order().map(|order| missing(&order.order_id));
        match self.happens(teller, fact).await? {
            Some(answered) => Ok(answered),
            None => Err(order
                .unwrap_or_else(|| {
                    Refusal::new(RefusalCode::NotFound, "nobody knows what this is about")
                })
                .into()),
        }
    }

    /// Has one fact happen. None: nobody knows what it speaks of.
    pub(super) async fn happens(
        &self,
        teller: OrderTeller<'_>,
        fact: OrderFact,
    ) -> Result<Option<Happened>, ActionError> {
        let world = world(self.settings);
        let facts = [fact];
        let answers =
            self.store.orders_happen(teller, &facts, Together::Apart, &world, self.now).await?;
        match answers.into_iter().next() {
            Some(OrderAnswer::Done(done)) => Ok(Some(Happened { already: false, done })),
            Some(OrderAnswer::Already) => {
                Ok(Some(Happened { already: true, done: OrderDone::default() }))
            }
            Some(OrderAnswer::Refused(why)) => Err(refusal(&why).into()),
            Some(OrderAnswer::Unknown) => Ok(None),
            None => Err(ActionError::Defect("a fact was not answered".to_owned())),
        }
    }

    /// What became of an order.
    async fn changed(
        &self,
        key: &OrderKey,
        was: Option<OrderStatus>,
        happened: Happened,
    ) -> Result<OrderChanged, ActionError> {
        let row = self.store.order(key).await?.ok_or_else(|| missing(&key.order_id))?;
        let Happened { already, done } = happened;
        Ok(OrderChanged { row, was, already, settlements: done.settlements })
    }
}
