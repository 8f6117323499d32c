//! Credit that a person gives or takes, and paying what can be paid.

use super::{AskedBy, Happened, wish, world};
use crate::actions::{ActionError, Actions, customers};
use crate::config::ShopKind;
use crate::engine::books::Balance;
use crate::engine::order::{
    CreditNote, Customer, NewOrder, OrderFact, OrderKey, PayTo, credit_wallet,
};
use crate::engine::{About, Action, Amount, Refusal, RefusalCode};
use crate::networks::tari::credit_address;
use crate::store::{OrderAnswer, OrderDone, OrderTeller, Together};

/// So many wallets are settled in one transaction.
const AT_ONCE: u32 = 100;

/// Credit that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CreditAsked<'a> {
    /// The configured shop.
    pub(crate) shop: &'a str,
    /// Whose it is to be.
    pub(crate) customer_id: &'a str,
    /// Of what. None: of the shop's first asset.
    pub(crate) asset: Option<&'a str>,
    /// How much. What is negative is taken.
    pub(crate) amount: &'a Balance,
    /// Why.
    pub(crate) reason: &'a str,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Credited {
    /// The note.
    pub(crate) note: CreditNote,
    /// Whether it had been given before.
    pub(crate) already: bool,
    /// What the note's wallet has now.
    pub(crate) credit: Balance,
    /// What followed.
    pub(crate) done: OrderDone,
}

/// Whose orders are to be paid as far as they can be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SettleAsked<'a> {
    /// A customer's.
    Customer {
        /// The customer's id.
        customer_id: &'a str,
        /// Their shop, where several have such a customer.
        shop: Option<&'a str>,
    },
    /// Those of a wallet's customers.
    Wallet(&'a str),
    /// Those of all wallets that have credit.
    All,
}

impl Actions<'_> {
    /// The wallet of a customer's credit notes.
    pub(super) fn credit_wallet_of(&self, customer: &Customer) -> Result<String, Refusal> {
        match self.shop(&customer.shop)?.kind {
            ShopKind::Plain => Ok(credit_wallet(customer)),
            ShopKind::Tari => {
                let id = &customer.customer_id;
                credit_address(id).map(|address| address.base58()).ok_or_else(|| {
                    let text = format!("no wallet for credit can be found for the customer {id}");
                    Refusal::new(RefusalCode::Unfit, text)
                })
            }
        }
    }

    /// Gives a customer credit, or takes it, and pays what it pays.
    ///
    /// # Errors
    /// The shop is not configured, has no such asset, or the amount is none.
    pub(crate) async fn credit(
        &self,
        asked: CreditAsked<'_>,
        by: AskedBy<'_>,
    ) -> Result<Credited, ActionError> {
        let note = self.note(asked, by.once).await?;
        let fact = OrderFact::Noted(note.clone());
        let Happened { already, done } = self.happen(Action::CustomerCredit, by, fact).await?;
        let credits = self.store.credits_of(&note.wallet).await?;
        let credit = credits.into_iter().find(|(asset, _)| *asset == note.asset);
        Ok(Credited {
            already,
            credit: credit.map_or_else(Balance::zero, |(_, credit)| credit),
            done,
            note,
        })
    }

    async fn note(
        &self,
        asked: CreditAsked<'_>,
        once: Option<&str>,
    ) -> Result<CreditNote, ActionError> {
        let CreditAsked { shop, customer_id, asset, amount, reason } = asked;
        let asset = self.asset_of_shop(shop, asset)?;
        self.expect_decimals(&asset, amount.size())?;
        let customer = Customer::new(shop, customer_id);
        // What no order could be for, nobody gets credit as.
        wish::expect_fit(NewOrder {
            key: OrderKey::new(shop, "credit"),
            alt_id: None,
            customer_id: Some(customer_id.to_owned()).filter(|id| !id.starts_with("guest:")),
            price: Amount::zero(),
            asset: asset.clone(),
            original_price: None,
            currency: None,
            rate_id: None,
            pay_to: PayTo::Wallet,
            address: None,
            memo: None,
            created_at: self.now,
        })?;
        let wallet = self.credit_wallet_of(&customer)?;
        let size = amount.to_string();
        let (about, number) = match once {
            Some(key) => (About::Asked(key), 1),
            None => {
                let notes = self.store.credit_notes_of(&wallet).await?;
                let number = u32::try_from(notes).unwrap_or(u32::MAX).saturating_add(1);
                let about =
                    About::Credit { shop, customer_id, asset: &asset, amount: &size, reason };
                (about, number)
            }
        };
        let (incoming_id, amount) = (about.note_id(number), amount.clone());
        Ok(CreditNote { customer, incoming_id, wallet, asset, amount })
    }

    /// The asset that is named, if orders of the shop can be in it; else the shop's first.
    pub(super) fn asset_of_shop(&self, shop: &str, asset: Option<&str>) -> Result<String, Refusal> {
        let settings = self.shop(shop)?;
        let known = match asset {
            Some(name) => settings.assets.iter().find(|known| *known == name),
            None => settings.assets.first(),
        };
        known.cloned().ok_or_else(|| {
            let (name, known) = (asset.unwrap_or("none"), settings.assets.join(", "));
            let text = format!("the shop {shop} has no asset {name}; there are: {known}");
            Refusal::new(RefusalCode::NotConfigured, text)
        })
    }

    /// Pays what can be paid. `by.once` is for a customer's or a wallet's orders, and not for all.
    ///
    /// # Errors
    /// There is no such customer.
    pub(crate) async fn settle(
        &self,
        asked: SettleAsked<'_>,
        by: AskedBy<'_>,
    ) -> Result<OrderDone, ActionError> {
        let fact = match asked {
            SettleAsked::Customer { customer_id, shop } => {
                let found = customers::find(self.store, customer_id, shop).await?;
                OrderFact::SettledCustomer(found.customer)
            }
            SettleAsked::Wallet(wallet) => OrderFact::SettledWallet(wallet.to_owned()),
            SettleAsked::All => return self.settle_all(by).await,
        };
        Ok(self.happen(Action::OrderSettle, by, fact).await?.done)
    }

    async fn settle_all(&self, by: AskedBy<'_>) -> Result<OrderDone, ActionError> {
        let world = world(self.settings);
        let action = Action::OrderSettle;
        let teller = OrderTeller::Operator { action, deed: by.deed, once: None };
        let (mut all, mut after) = (OrderDone::default(), String::new());
        loop {
            let wallets = self.store.wallets_with_credit(&after, AT_ONCE).await?;
            let Some(last) = wallets.last() else { return Ok(all) };
            after.clone_from(last);
            let facts: Vec<OrderFact> = wallets.into_iter().map(OrderFact::SettledWallet).collect();
            let together = Together::Apart;
            let answers =
                self.store.orders_happen(teller, &facts, together, &world, self.now).await?;
            for answer in answers {
                if let OrderAnswer::Done(done) = answer {
                    all.orders.extend(done.orders);
                    all.settlements.extend(done.settlements);
                }
            }
        }
    }
}
