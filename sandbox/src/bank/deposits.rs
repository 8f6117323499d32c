//! Deposits: what customers have paid in, and what the bank was asked about.

use std::collections::{BTreeMap, HashMap};

use bigdecimal::BigDecimal;
use serde_json::{Value, json};

use super::customers::{self, Act};
use super::money::Currencies;
use super::options::Customers;
use super::reading::ExpectedDeposit;

/// A deposit as the bank knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deposit {
    /// It is seen, and not there yet.
    Announced {
        /// What the bank says about it.
        message: String,
    },
    /// It is there.
    Received(Receipt),
    /// It came to nothing.
    Failed {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        reason: String,
    },
}

impl Deposit {
    const fn status(&self) -> &'static str {
        match self {
            Self::Announced { .. } => "pending",
            Self::Received(_) => "received",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// All that has come in so far, in the currency's units.
    pub amount: BigDecimal,
    /// The currency.
    pub currency: String,
    /// What the bank says that it cost.
    pub fee: Option<String>,
    /// Who paid.
    pub from: Option<String>,
    /// The bank's reference of the first payment.
    pub reference: String,
}

/// The books of what comes in.
#[derive(Debug)]
pub(super) struct Deposits {
    /// By subject, or by transfer where there is none.
    known: BTreeMap<String, Deposit>,
    /// How often was asked about which transfer.
    asked: HashMap<String, u64>,
    received: BTreeMap<String, BigDecimal>,
    references: u64,
    pub(super) customers: Option<Customers>,
    seed: u64,
}

impl Deposits {
    pub(super) fn new(customers: Option<Customers>, seed: u64) -> Self {
        Self {
            known: BTreeMap::new(),
            asked: HashMap::new(),
            received: BTreeMap::new(),
            references: 0,
            customers,
            seed,
        }
    }

    /// Money comes in, about a subject or a transfer; it is added to what has come in about the same.
    ///
    /// # Errors
    ///
    /// When what came in about it before was in another currency.
    pub(super) fn receive(&mut self, about: &str, mut receipt: Receipt) -> Result<(), String> {
        let total = self.received.entry(receipt.currency.clone()).or_default();
        if let Some(Deposit::Received(before)) = self.known.get(about) {
            if before.currency != receipt.currency {
                return Err(format!("[{about}] has come in {} before", before.currency));
            }
            *total += &receipt.amount;
            receipt.amount += &before.amount;
            receipt.reference.clone_from(&before.reference);
        } else {
            *total += &receipt.amount;
        }
        self.known.insert(about.to_owned(), Deposit::Received(receipt));
        Ok(())
    }

    pub(super) fn reference(&mut self) -> String {
        self.references += 1;
        format!("IN-{:08}", self.references)
    }

    /// Notes what the bank says about a deposit that has not come in. False: it has.
    pub(super) fn note(&mut self, about: &str, deposit: Deposit) -> bool {
        let free = !matches!(self.known.get(about), Some(Deposit::Received(_)));
        if free {
            self.known.insert(about.to_owned(), deposit);
        }
        free
    }

    pub(super) fn known(&self) -> &BTreeMap<String, Deposit> {
        &self.known
    }

    /// All that came in, in one currency.
    pub(super) fn received(&self, currency: &str) -> BigDecimal {
        self.received.get(currency).cloned().unwrap_or_default()
    }

    /// Answers one question of a lookup.
    pub(super) fn look_up(&mut self, expected: &ExpectedDeposit, currencies: &Currencies) -> Found {
        let id = &expected.transfer_id;
        let times = self.asked.entry(id.clone()).or_default();
        *times += 1;
        let times = *times;
        self.let_customer_act(expected, times, currencies);
        let by_subject = expected.subject.as_ref().and_then(|subject| self.known.get(subject));
        let deposit = by_subject.or_else(|| self.known.get(id));
        Found { known: deposit.is_some(), answer: tell(id, deposit, currencies) }
    }

    fn let_customer_act(
        &mut self,
        expected: &ExpectedDeposit,
        times: u64,
        currencies: &Currencies,
    ) {
        let Some(customers) = &self.customers else { return };
        let about = expected.subject.as_ref().unwrap_or(&expected.transfer_id);
        match self.known.get(about) {
            Some(Deposit::Received(_) | Deposit::Failed { .. }) => return,
            Some(Deposit::Announced { .. }) | None => {}
        }
        let unit = currencies.unit(&expected.currency);
        let deposit = match customers::act(customers, self.seed, expected, times, &unit) {
            None => return,
            Some(Act::Announce) => {
                Deposit::Announced { message: "seen, to be booked soon".to_owned() }
            }
            Some(Act::Bounce) => Deposit::Failed {
                code: "returned".to_owned(),
                reason: "the bank sent it back to the payer".to_owned(),
            },
            Some(Act::Pay(amount)) => {
                *self.received.entry(expected.currency.clone()).or_default() += &amount;
                Deposit::Received(Receipt {
                    amount,
                    currency: expected.currency.clone(),
                    fee: None,
                    from: Some(format!("customer of {}", expected.transfer_id)),
                    reference: self.reference(),
                })
            }
        };
        self.known.insert(about.clone(), deposit);
    }
}

/// One answer of a lookup.
#[derive(Debug)]
pub(super) struct Found {
    /// The bank knows something about it.
    pub(super) known: bool,
    pub(super) answer: Value,
}

/// A deposit as answers have it.
pub(super) fn tell(id: &str, deposit: Option<&Deposit>, currencies: &Currencies) -> Value {
    let status = deposit.map_or("not_yet", Deposit::status);
    match deposit {
        None => json!({"transfer_id": id, "status": status}),
        Some(Deposit::Announced { message }) => {
            json!({"transfer_id": id, "status": status, "message": message})
        }
        Some(Deposit::Failed { code, reason }) => {
            json!({"transfer_id": id, "status": status, "code": code, "reason": reason})
        }
        Some(Deposit::Received(receipt)) => json!({
            "transfer_id": id,
            "status": status,
            "amount": currencies.text(&receipt.amount, &receipt.currency),
            "currency": receipt.currency,
            "fee": receipt.fee,
            "from": receipt.from,
            "reference": receipt.reference,
        }),
    }
}
