//! Which rule judges which fact, and what it is shown of what is known.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::known::Known;
use crate::engine::order::{
    Counter, Customer, Effect, IncomingMoney, MoneyVerdict, NewOrder, Order, OrderFact, OrderKey,
    OrderRefusal, OrderWish, Reference, SeenMoney, TermsOfShops, cancelled_by_shop, credit_noted,
    guest, money_cancelled, money_confirmed, money_received, money_reversed, order_came,
    order_claimed, order_expired, order_wished, orders_settled, payer_wallet,
};
use crate::engine::{IncomingKey, IncomingKind, IncomingStatus};

/// What a fact comes to, before it is written.
pub(super) enum Judged {
    /// These follow from it; none: it changes nothing.
    Follows(Vec<Effect>),
    /// It is refused, and has no effect.
    Refused(OrderRefusal),
    /// It speaks of something that nobody knows.
    Unknown,
}

/// Judges facts by what is known.
pub(super) struct Judge<'a> {
    pub(super) known: &'a Known,
    pub(super) terms: &'a TermsOfShops,
    pub(super) now: DateTime<Utc>,
}

impl Judge<'_> {
    pub(super) fn judge(&self, fact: &OrderFact) -> Judged {
        let judged = match fact {
            OrderFact::Came { told, claim } => Some(self.came(told, claim.as_deref())),
            OrderFact::ShopCancelled(order) => {
                self.of_order(order, |order| cancelled_by_shop(self.counter(&[order], &[]), order))
            }
            OrderFact::Claimed { order, wallet } => self.of_order(order, |order| {
                let wallets = [(wallet.as_str(), order.asset.as_str())];
                order_claimed(self.counter(&[order], &wallets), order, wallet)
            }),
            OrderFact::Received(seen) => Some(self.received(seen)),
            OrderFact::Confirmed(money) => self.of_money(money, |money| self.confirmed(money)),
            OrderFact::Vanished { money, .. } => {
                self.of_money(money, |money| money_cancelled(self.counter(&[], &[]), money))
            }
            OrderFact::TakenBack { money, .. } => self.of_money(money, |money| {
                let order = money.order.as_ref().and_then(|order| self.known.orders.get(order));
                money_reversed(self.counter(&[], &[]), money, order)
            }),
            // Its id answers a repetition.
            OrderFact::Noted(note) if self.known.money.contains_key(&note.key()) => {
                Some(Ok(Vec::new()))
            }
            OrderFact::Noted(note) => {
                let open = self.known.open_of(&BTreeSet::from([note.customer.clone()]));
                let wallets = [(note.wallet.as_str(), note.asset.as_str())];
                let counter = self.counter(&Vec::from_iter(&open), &wallets);
                Some(credit_noted(counter, note, &open))
            }
            OrderFact::Wished { order, wish, reason } => {
                self.of_order(order, |order| self.wished(order, wish, reason))
            }
            OrderFact::SettledCustomer(customer) => {
                Some(self.settled(&BTreeSet::from([customer.clone()])))
            }
            OrderFact::SettledWallet(wallet) => {
                Some(self.settled(&self.known.customers_of(wallet)))
            }
            OrderFact::Due(order) => self.of_order(order, |order| {
                let unconfirmed = self.known.unconfirmed.get(&order.key).copied();
                order_expired(self.counter(&[order], &[]), order, unconfirmed)
            }),
        };
        match judged {
            Some(Ok(effects)) => Judged::Follows(effects),
            Some(Err(refusal)) => Judged::Refused(refusal),
            None => Judged::Unknown,
        }
    }

    fn counter(&self, orders: &[&Order], wallets: &[(&str, &str)]) -> Counter<'_> {
        self.known.counter(orders, wallets, self.terms, self.now)
    }

    fn of_order<T>(&self, key: &OrderKey, judge: impl FnOnce(&Order) -> T) -> Option<T> {
        self.known.orders.get(key).map(judge)
    }

    fn of_money<T>(&self, key: &IncomingKey, judge: impl FnOnce(&IncomingMoney) -> T) -> Option<T> {
        self.known.money.get(key).map(judge)
    }

    fn came(&self, told: &NewOrder, claim: Option<&str>) -> Result<Vec<Effect>, OrderRefusal> {
        let known = self.known.orders.get(&told.key);
        let customer = customer_of(told);
        let awaiting = self.known.awaiting(told, &customer, claim, self.terms);
        if let Some(known) = known {
            return order_came(self.counter(&[known], &[]), told, Some(known), awaiting);
        }
        let (shop, taken) = (&told.key.shop, told.alt_id.as_ref());
        let other =
            taken.and_then(|alt_id| self.known.alt_ids.get(&(shop.clone(), alt_id.clone())));
        let with_address = told.address.as_ref().and_then(|one| self.known.addresses.get(one));
        for (what, other) in [("alt_id", other), ("address", with_address)] {
            if let Some(other) = other {
                return Err(OrderRefusal::Unfit(vec![format!(
                    "{what} is order {other}'s already"
                )]));
            }
        }
        let money = awaiting.money.iter().map(|money| money.wallet.as_str());
        let wallets: Vec<&str> = money.chain(claim).collect();
        let counter = self.known.counter_for_new(told, &customer, &wallets, self.terms, self.now);
        order_came(counter, told, None, awaiting)
    }

    fn received(&self, seen: &SeenMoney) -> Result<Vec<Effect>, OrderRefusal> {
        let key = seen.incoming.key();
        // Whether it is the same was asked by what its place tells, and not by how it was read then.
        if self.known.money.contains_key(&key) {
            return Ok(Vec::new());
        }
        let meant = seen.names.iter().find_map(|(shop, names)| {
            let order = self.known.meant(shop, names, self.terms)?;
            Some((names.clone(), order))
        });
        let (reference, order) = match meant {
            Some((reference, order)) => (reference, Some(order)),
            None => (all_names(seen), None),
        };
        let sender = seen.incoming.from.as_deref().filter(|sender| is_wallet(sender));
        // Money of nobody waits in a purse of its own for the order that it names.
        let wallet = payer_wallet(order, sender).unwrap_or_else(|| key.subject());
        let money = IncomingMoney {
            key,
            kind: IncomingKind::OnChain,
            status: IncomingStatus::Received,
            wallet,
            asset: seen.asset.clone(),
            amount: crate::engine::books::Balance::of(seen.incoming.amount.clone()),
            reference,
            order: None,
            verdict: MoneyVerdict::Credit,
            received_at: seen.incoming.at,
        };
        money_received(self.counter(&[], &[]), money, None, order)
    }

    fn confirmed(&self, money: &IncomingMoney) -> Result<Vec<Effect>, OrderRefusal> {
        let order = money.order.as_ref().and_then(|order| self.known.orders.get(order));
        let open = self.known.open_of(&self.known.customers_of(&money.wallet));
        let looked_at: Vec<&Order> = open.iter().chain(order).collect();
        let wallets = [(money.wallet.as_str(), money.asset.as_str())];
        money_confirmed(self.counter(&looked_at, &wallets), money, order, &open)
    }

    fn settled(&self, customers: &BTreeSet<Customer>) -> Result<Vec<Effect>, OrderRefusal> {
        let open = self.known.open_of(customers);
        orders_settled(self.counter(&Vec::from_iter(&open), &[]), &open)
    }

    fn wished(
        &self,
        order: &Order,
        wish: &OrderWish,
        reason: &str,
    ) -> Result<Vec<Effect>, OrderRefusal> {
        let counter = match wish {
            OrderWish::Reassign(customer_id) => {
                let others = Order { customer_id: customer_id.clone(), ..order.clone() };
                self.counter(&[&others], &[])
            }
            OrderWish::Fulfil { wallet, .. } => {
                self.counter(&[order], &[(wallet.as_str(), order.asset.as_str())])
            }
            OrderWish::Cancel | OrderWish::Memo(_) | OrderWish::Price(_) | OrderWish::Reset => {
                self.counter(&[order], &[])
            }
        };
        order_wished(counter, order, wish, reason)
    }
}

/// Whose order it is that is told of.
pub(super) fn customer_of(told: &NewOrder) -> Customer {
    let customer_id = told.customer_id.clone().unwrap_or_else(|| guest(&told.key));
    Customer::new(&told.key.shop, customer_id)
}

/// Bytes of an address. What is longer is no key that a database takes.
const WALLET_MAX: usize = 200;

/// Whether credit can be kept under what a place tells of who paid, and found again.
fn is_wallet(sender: &str) -> bool {
    !sender.trim().is_empty() && sender.len() <= WALLET_MAX && !sender.contains(char::is_control)
}

/// What money names that no shop knows: whatever any of them would read.
fn all_names(seen: &SeenMoney) -> Reference {
    let mut all = Reference::default();
    for (_, names) in &seen.names {
        all.address = all.address.or_else(|| names.address.clone());
        for text in &names.texts {
            if !all.texts.contains(text) {
                all.texts.push(text.clone());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::is_wallet;

    #[test]
    fn what_cannot_be_kept_as_it_was_told_is_no_wallet() {
        assert!(is_wallet("GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SG"));
        for sender in ["", " ", "a\0", "a\nb", &"x".repeat(201)] {
            assert!(!is_wallet(sender), "{sender:?}");
        }
    }
}
