//! Facts about orders: judged one after the other by what is known, and written with all that follows, in one transaction.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::answers::{OrderAnswer, OrderDone, OrderTeller, OrderWorld, Together};
use super::judge::{Judge, Judged};
use super::known::Known;
use super::load::{Loaded, load};
use super::money::NewMoney;
use super::once::{self, Asked};
use super::write::Writing;
use crate::engine::books::BookAccount;
use crate::engine::decide::returns::refund_of_incoming;
use crate::engine::order::{
    Effect, IncomingMoney, Order, OrderFact, OrderKey, OrderRefusal, order_events, review_event,
};
use crate::engine::{Action, Alert, AlertName, Incoming, IncomingKey, IncomingKind, NewRefund};
use crate::store::db::Tx;
use crate::store::db::values::stored_time;
use crate::store::memory::alerts;
use crate::store::outbox::audit;
use crate::store::transfers::incoming::{event_of_money, owner};
use crate::store::{Deed, Store, StoreError};

impl Store {
    /// Takes facts about orders, in this order, and answers each. All that follows is one transaction.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if a key of the asker was used for something else, or a wallet's nonce does not rise;
    /// [`StoreError::LeaseLost`].
    pub async fn orders_happen(
        &self,
        teller: OrderTeller<'_>,
        facts: &[OrderFact],
        together: Together,
        world: &OrderWorld,
        now: DateTime<Utc>,
    ) -> Result<Vec<OrderAnswer>, StoreError> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let now = stored_time(now);
        let mut tx = self.begin(teller.lease()).await?;
        let asked = Asked::of(teller, facts);
        if let Some(asked) = &asked
            && once::is_answered(&mut tx.conn(), asked).await?
        {
            return Ok(vec![OrderAnswer::Already; facts.len()]);
        }
        if let Some((network, address, nonce)) = teller.wallet() {
            super::wallets::heard(&mut tx.conn(), network, address, nonce).await?;
        }
        let answers = happen_in(&mut tx, teller, facts, world, now).await?;
        let is_done = |answer: &OrderAnswer| match answer {
            OrderAnswer::Done(_) | OrderAnswer::Already => true,
            OrderAnswer::Refused(_) | OrderAnswer::Unknown => false,
        };
        let (all, any) = (answers.iter().all(is_done), answers.iter().any(is_done));
        let is_kept = match together {
            Together::Apart => any,
            Together::AllOrNone => all,
            Together::Tried => false,
        };
        if !is_kept {
            return Ok(answers);
        }
        if let Some(asked) = asked.filter(|_| all) {
            once::answered(&mut tx.conn(), &asked, now).await?;
        }
        tx.commit().await?;
        Ok(answers)
    }
}

/// The same in a transaction that somebody else commits, and that has its turn.
pub(in crate::store) async fn happen_in(
    tx: &mut Tx,
    teller: OrderTeller<'_>,
    facts: &[OrderFact],
    world: &OrderWorld,
    now: DateTime<Utc>,
) -> Result<Vec<OrderAnswer>, StoreError> {
    let loaded = load(&mut tx.conn(), facts, &world.terms).await?;
    let mut course = Happening { loaded, writing: Writing::default(), world, now };
    course.writing.by = teller.name().map(ToOwned::to_owned);
    let answers = facts.iter().map(|fact| course.take(fact)).collect::<Result<Vec<_>, _>>()?;
    course.writing.write(&mut tx.conn(), &course.loaded.known, now).await?;
    for (fact, answer) in facts.iter().zip(&answers) {
        if let (OrderFact::TakenBack { money, why }, OrderAnswer::Done(_)) = (fact, answer) {
            let detail = format!("{why}; what it has paid stays paid, and its payer owes it");
            let alert = Alert::of(AlertName::IncomingReversed, detail).about(&money.subject());
            alerts::keep(&mut tx.conn(), &owner(teller.lease(), &money.source), &alert, now)
                .await?;
        }
    }
    if let Some((action, deed)) = teller.deed() {
        for (fact, answer) in facts.iter().zip(&answers) {
            write_deed(tx, action, deed, fact, answer, now).await?;
        }
    }
    Ok(answers)
}

/// What an operator did, before and after it.
async fn write_deed(
    tx: &mut Tx,
    action: Action,
    deed: &Deed,
    fact: &OrderFact,
    answer: &OrderAnswer,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let OrderAnswer::Done(done) = answer else { return Ok(()) };
    let subject = match (fact.order(), fact) {
        (Some(order), _) => order.subject(),
        (None, OrderFact::Noted(note)) => {
            format!("customer/{}/{}", note.customer.shop, note.customer.customer_id)
        }
        (None, OrderFact::SettledCustomer(customer)) => {
            format!("customer/{}/{}", customer.shop, customer.customer_id)
        }
        (None, OrderFact::SettledWallet(wallet)) => format!("wallet/{wallet}"),
        (None, other) => other.money().map_or_else(String::new, |money| money.subject()),
    };
    let order = |order: &Order| {
        json!({
            "order": order.key.to_string(), "status": order.status.as_str(), "version": order.version,
            "price": order.price.to_string(), "customer_id": order.customer_id, "memo": order.memo,
        })
    };
    let details = json!({
        "fact": told(fact),
        "orders": done.orders.iter().map(order).collect::<Vec<_>>(),
        "settlements": done.settlements.iter().map(|one| json!({
            "order": one.order.to_string(), "wallet": one.wallet, "amount": one.amount.to_string(),
        })).collect::<Vec<_>>(),
    });
    audit::write(&mut tx.conn(), deed, action, &subject, &details, now).await
}

/// A fact in a few words, for the record and for comparison.
pub(super) fn told(fact: &OrderFact) -> String {
    let mut text = format!("{fact:?}");
    let end = text.char_indices().nth(2_000).map_or(text.len(), |(at, _)| at);
    text.truncate(end);
    text
}

/// Facts on their way.
struct Happening<'a> {
    loaded: Loaded,
    writing: Writing,
    world: &'a OrderWorld,
    now: DateTime<Utc>,
}

impl Happening<'_> {
    fn take(&mut self, fact: &OrderFact) -> Result<OrderAnswer, StoreError> {
        if let Some(answer) = self.told_before(fact) {
            return Ok(answer);
        }
        let known = &self.loaded.known;
        let judge = Judge { known, terms: &self.world.terms, now: self.now };
        let effects = match judge.judge(fact) {
            Judged::Follows(effects) if effects.is_empty() => return Ok(OrderAnswer::Already),
            Judged::Follows(effects) => effects,
            Judged::Refused(refusal) => return Ok(OrderAnswer::Refused(refusal)),
            Judged::Unknown => return Ok(OrderAnswer::Unknown),
        };
        let mut done = OrderDone::default();
        let mut changed: Vec<OrderKey> = Vec::new();
        for effect in effects {
            self.note_before(&effect);
            self.loaded.known.take(std::slice::from_ref(&effect));
            if let Effect::Order(step) = &effect
                && !changed.contains(&step.after.key)
            {
                changed.push(step.after.key.clone());
            }
            if let Effect::Settle(one) = &effect {
                done.settlements.push(one.clone());
            }
            self.write_down(fact, effect)?;
        }
        let orders = changed.iter().filter_map(|key| self.loaded.known.orders.get(key));
        done.orders = orders.cloned().collect();
        Ok(OrderAnswer::Done(done))
    }

    /// Money that is told of again: it counts once, whosoever it was; and as other money than before not at all.
    fn told_before(&self, fact: &OrderFact) -> Option<OrderAnswer> {
        let OrderFact::Received(seen) = fact else { return None };
        let key = seen.incoming.key();
        let is_new_here = self.writing.new_money.iter().find(|one| one.incoming.key() == key);
        let row = self.loaded.rows.get(&key);
        let known = is_new_here.map(|one| &one.incoming).or(row.map(|row| &row.incoming))?;
        let differs = known.contradicted_by(&seen.incoming).is_some();
        let refused = OrderAnswer::Refused(OrderRefusal::OtherMoney(key));
        Some(if differs { refused } else { OrderAnswer::Already })
    }

    /// Where an order stood before all of this.
    fn note_before(&mut self, effect: &Effect) {
        if let Effect::Order(step) = effect {
            let key = &step.after.key;
            let known = self.loaded.known.orders.get(key);
            let before = known.map(|order| (order.status, order.version));
            self.writing.before.entry(key.clone()).or_insert(before);
        }
    }

    fn write_down(&mut self, fact: &OrderFact, effect: Effect) -> Result<(), StoreError> {
        let known = &self.loaded.known;
        let writing = &mut self.writing;
        match effect {
            Effect::Customer(customer) => writing.customers.push(customer),
            Effect::Order(step) => {
                writing.events.extend(order_events(&step, &known.named_all(&step.after.key)));
                // What is reserved follows from where the order stands.
                writing.named.insert(step.after.key.clone());
                writing.steps.push(*step);
            }
            Effect::Link(link) => writing.links.push(link),
            Effect::Incoming(step) => {
                let event_type = step.event_type();
                self.write_money(fact, step.from.is_none(), &step.after);
                if let Some(event_type) = event_type {
                    let why = self.writing.ended.get(&step.after.key).map(String::as_str);
                    let incoming = self.incoming(&step.after.key);
                    let event = event_of_money(event_type, &incoming, &step.after, why, self.now);
                    self.writing.events.push(event);
                }
            }
            Effect::Settle(one) => writing.settlements.push(one),
            Effect::Post(entry) => {
                for line in entry.lines() {
                    if let BookAccount::Wallet(wallet) = &line.account {
                        writing.purses.insert((wallet.clone(), line.asset.clone()));
                    }
                }
                writing.entries.push(entry);
            }
            Effect::Refund(refund) => {
                let named = known.money.get(&refund.money).and_then(|money| money.order.clone());
                let refund = self.refund(&refund.money, refund.amount);
                self.writing.named.extend(named);
                self.writing.refunds.push(refund);
            }
            Effect::Review(review) => {
                let order = known.orders.get(&review.order);
                writing.reviewed.insert(review.order.shop.clone());
                writing.events.push(review_event(&review, order, self.now));
            }
        }
        Ok(())
    }

    fn write_money(&mut self, fact: &OrderFact, is_new: bool, money: &IncomingMoney) {
        let key = &money.key;
        if is_new {
            let seen = match fact {
                OrderFact::Received(seen) => Some((seen.incoming.clone(), seen.names.clone())),
                OrderFact::Came { .. }
                | OrderFact::ShopCancelled(_)
                | OrderFact::Claimed { .. }
                | OrderFact::Confirmed(_)
                | OrderFact::Vanished { .. }
                | OrderFact::TakenBack { .. }
                | OrderFact::Noted(_)
                | OrderFact::Wished { .. }
                | OrderFact::SettledCustomer(_)
                | OrderFact::SettledWallet(_)
                | OrderFact::Due(_) => None,
            };
            // What no place has told of is a credit note.
            let (incoming, names) = seen.unwrap_or_else(|| (noted(money), Vec::new()));
            let new = NewMoney { incoming, names };
            if money.order.is_none() {
                for (shop, names) in &new.names {
                    for text in names.texts.iter().chain(&names.address) {
                        let name = (shop.clone(), text.clone());
                        let waiting = self.loaded.known.awaited.entry(name).or_default();
                        waiting.push(key.clone());
                    }
                }
            }
            self.writing.new_money.push(new);
        } else if !self.writing.new_money.iter().any(|one| one.incoming.key() == *key) {
            self.writing.changed_money.insert(key.clone());
        }
        if let OrderFact::Vanished { why, .. } | OrderFact::TakenBack { why, .. } = fact {
            self.writing.ended.insert(key.clone(), why.clone());
        }
        let is_final = money.status == crate::engine::IncomingStatus::Confirmed;
        let paid = self.loaded.known.credits.get(&(money.wallet.clone(), money.asset.clone()));
        if is_final && paid.is_some_and(|credit| credit.paid_entry > Some(Known::NOW_FINAL)) {
            let finals = self.loaded.known.finals();
            while self.writing.finals.len() < finals {
                self.writing.finals.push(self.writing.entries.len());
            }
            self.writing.purses.insert((money.wallet.clone(), money.asset.clone()));
        }
        self.writing.named.extend(money.order.clone());
    }

    fn incoming(&self, key: &IncomingKey) -> Incoming {
        let new = self.writing.new_money.iter().rev().find(|one| one.incoming.key() == *key);
        let row = || self.loaded.rows.get(key).map(|row| row.incoming.clone());
        let money = || self.loaded.known.money.get(key).map(noted);
        new.map(|one| one.incoming.clone()).or_else(row).or_else(money).unwrap_or_else(|| {
            // What has an event is on record.
            unknown(key, self.now)
        })
    }

    /// What came too much goes back to where it came from.
    fn refund(&self, money: &IncomingKey, amount: crate::engine::Amount) -> NewRefund {
        let incoming = Incoming { amount, ..self.incoming(money) };
        let is_on_rail = self.world.rails.contains(&money.source);
        let reason = "more was paid than the order's price".to_owned();
        let refund = refund_of_incoming(&incoming, is_on_rail, 0, reason);
        NewRefund { incoming: Some((money.source.clone(), money.incoming_id.clone())), ..refund }
    }
}

/// A credit note as a place would tell it.
fn noted(money: &IncomingMoney) -> Incoming {
    Incoming {
        incoming_id: money.key.incoming_id.clone(),
        source: money.key.source.clone(),
        account: "operator".to_owned(),
        from: None,
        amount: money.amount.size().clone(),
        fee: None,
        asset: money.asset.clone(),
        memo: None,
        subject: None,
        muxed_id: None,
        reference: money.key.incoming_id.clone(),
        at: money.received_at,
        raw: json!({ "kind": IncomingKind::Manual.as_str() }).to_string(),
    }
}

fn unknown(key: &IncomingKey, now: DateTime<Utc>) -> Incoming {
    Incoming {
        incoming_id: key.incoming_id.clone(),
        source: key.source.clone(),
        account: String::new(),
        from: None,
        amount: crate::engine::Amount::zero(),
        fee: None,
        asset: String::new(),
        memo: None,
        subject: None,
        muxed_id: None,
        reference: String::new(),
        at: now,
        raw: "{}".to_owned(),
    }
}
