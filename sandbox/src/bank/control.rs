//! The handle to a bank: what can be done to it, and its books.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;

use super::deposits::{Deposit, Receipt};
use super::endpoint::BASE;
use super::options::{BankOptions, Course};
use super::payout::PayoutRecord;
use super::{Bank, BankBooks};
use crate::service::{Simulated, Start};

impl Simulated<BankBooks> {
    /// Opens the port and serves a bank on a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start(options: BankOptions) -> std::io::Result<Bank> {
        let books = BankBooks::new(&options);
        let start = Start {
            port: options.port,
            clock: options.clock,
            seed: options.seed ^ 1,
            latency: options.latency,
            faults: options.faults,
        };
        Self::serve(books, start).await
    }

    /// The `url` of the rail in our config.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{BASE}", self.address())
    }

    /// The secret that requests are signed with, as the secret file has it.
    #[must_use]
    pub fn secret(&self) -> String {
        self.read(|books| books.secret.text())
    }

    /// A customer pays in, about a subject or a transfer, in the bank's usual currency.
    ///
    /// # Errors
    ///
    /// As [`Simulated::receive_as`].
    pub fn receive(&self, about: &str, amount: &str, from: &str) -> Result<(), String> {
        let currency = self.read(|books| books.currencies.usual().to_owned());
        self.receive_as(about, amount, &currency, Some(from), None)
    }

    /// The same in any currency, with or without a payer and a fee. What comes in about the same adds up.
    ///
    /// # Errors
    ///
    /// When the amount is none in this currency, or what came in before was in another.
    pub fn receive_as(
        &self,
        about: &str,
        amount: &str,
        currency: &str,
        from: Option<&str>,
        fee: Option<&str>,
    ) -> Result<(), String> {
        self.change(|books, _| {
            let receipt = Receipt {
                amount: books.currencies.amount(amount, currency)?,
                currency: currency.to_owned(),
                fee: fee.map(str::to_owned),
                from: from.map(str::to_owned),
                reference: books.deposits.reference(),
            };
            books.deposits.receive(about, receipt)
        })
    }

    /// A deposit is seen, and not there yet. False: it is there.
    pub fn announce(&self, about: &str, message: &str) -> bool {
        let deposit = Deposit::Announced { message: message.to_owned() };
        self.change(|books, _| books.deposits.note(about, deposit))
    }

    /// A deposit comes to nothing. False: it is there.
    pub fn fail_deposit(&self, about: &str, code: &str, reason: &str) -> bool {
        let deposit = Deposit::Failed { code: code.to_owned(), reason: reason.to_owned() };
        self.change(|books, _| books.deposits.note(about, deposit))
    }

    /// What becomes of payouts that are ordered from now on.
    pub fn set_course(&self, course: Course) {
        self.change(|books, _| books.payouts.course = course);
    }

    /// What becomes of payouts of one transfer that are ordered from now on.
    pub fn set_course_for(&self, transfer_id: impl Into<String>, course: Course) {
        self.change(|books, _| books.payouts.aim(transfer_id.into(), course));
    }

    /// Puts the payout of a transfer that is on its way on another course now. False: there is none.
    pub fn conclude(&self, transfer_id: &str, course: Course) -> bool {
        self.change(|books, now| books.payouts.conclude(transfer_id, course, now))
    }

    /// The bank forgets the keys of all orders until now: the same order again is another payout. What became of them it
    /// still tells.
    pub fn forget_keys(&self) {
        self.change(|books, _| books.payouts.forget_keys());
    }

    /// What came in about a subject or a transfer.
    #[must_use]
    pub fn deposit(&self, about: &str) -> Option<Deposit> {
        self.read(|books| books.deposits.known().get(about).cloned())
    }

    /// All that came in or was noted, by subject or transfer.
    #[must_use]
    pub fn deposits(&self) -> BTreeMap<String, Deposit> {
        self.read(|books| books.deposits.known().clone())
    }

    /// Every payout, in the order of their orders.
    #[must_use]
    pub fn payouts(&self) -> Vec<PayoutRecord> {
        self.read(|books| books.payouts.all().cloned().collect())
    }

    /// How many payouts were ordered.
    #[must_use]
    pub fn payout_count(&self) -> usize {
        self.read(|books| books.payouts.count())
    }

    /// The payout with this key.
    #[must_use]
    pub fn payout(&self, key: &str) -> Option<PayoutRecord> {
        self.read(|books| books.payouts.with_key(key).cloned())
    }

    /// The payouts of a transfer, in the order of their orders.
    #[must_use]
    pub fn payouts_of(&self, transfer_id: &str) -> Vec<PayoutRecord> {
        self.read(|books| books.payouts.of(transfer_id).cloned().collect())
    }

    /// The transfers for which money left more than once, and how often. A refund is money that left.
    #[must_use]
    pub fn paid_more_than_once(&self) -> Vec<(String, usize)> {
        self.read(|books| books.payouts.paid_more_than_once())
    }

    /// What has left and is not back, by currency and beneficiary (as JSON).
    #[must_use]
    pub fn paid(&self) -> BTreeMap<(String, String), BigDecimal> {
        self.read(|books| books.payouts.paid().clone())
    }

    /// All that has left and is not back, in one currency.
    #[must_use]
    pub fn paid_in(&self, currency: &str) -> BigDecimal {
        self.read(|books| {
            let paid = books.payouts.paid().iter();
            paid.filter(|((code, _), _)| code == currency).map(|(_, amount)| amount).sum()
        })
    }

    /// All that came in, in one currency.
    #[must_use]
    pub fn received_in(&self, currency: &str) -> BigDecimal {
        self.read(|books| books.deposits.received(currency))
    }
}
