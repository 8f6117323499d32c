//! What can be done to a running network.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Sandbox;
use super::moves::{PaymentState, Role};
use super::network::Network;
use super::options::{Garbage, PaymentSpec};
use super::payment::Payment;

impl Sandbox {
    /// Adds `count` payments and gives their ids.
    pub fn add_payments(&self, count: usize, spec: &PaymentSpec) -> Vec<Uuid> {
        self.change(|network, now| {
            let first = network.add_payments(count, spec, now.timestamp_millis());
            let made = &network.books.payments()[first as usize..];
            made.iter()
                .filter(|payment| payment.raw().is_none())
                .map(|payment| network.books.ids.id(payment.serial))
                .collect()
        })
    }

    /// Changes nothing of a payment but its `modified_at`. False: there is no such payment.
    pub fn touch(&self, id: Uuid) -> bool {
        self.alter(id, |_| {})
    }

    /// Moves a payment to any state, as the network or the partner would. False: there is no such payment.
    pub fn move_to(&self, id: Uuid, state: PaymentState) -> bool {
        self.with(id, |network, serial, now| network.move_to(serial, state, now))
    }

    /// Changes the amount to this text. False: there is no such payment.
    pub fn change_amount(&self, id: Uuid, amount: &str) -> bool {
        self.alter(id, |payment| payment.more().amount = Some(amount.into()))
    }

    /// Changes the creditor's account in what the sender has told. False: there is no such payment.
    pub fn change_account(&self, id: Uuid, account: &str) -> bool {
        self.alter(id, |payment| payment.more().account = Some(account.into()))
    }

    /// Makes a raw row a payment as it should be, changed now and due in a day. False: there is no such row.
    pub fn mend_row(&self, id: Uuid) -> bool {
        self.alter(id, |payment| {
            payment.more().raw = None;
            payment.expires_at = payment.modified_at + 24 * 60 * 60 * 1000;
        })
    }

    /// Returns a payment: a `RETURN` payment of the other role is complete, and both name each other.
    ///
    /// Nothing, unless it is `EXECUTED`, `COMPLETED` or `FAILED`.
    pub fn return_payment(&self, id: Uuid) -> Option<Uuid> {
        self.change(|network, now| {
            let back = network.return_payment(network.serial(id)?, now.timestamp_millis())?;
            Some(network.books.ids.id(back))
        })
    }

    /// Changes a payment, and with it its `modified_at`.
    fn alter(&self, id: Uuid, how: impl FnOnce(&mut Payment)) -> bool {
        self.with(id, |network, serial, now| {
            network.change(serial, now, |payment, at| {
                payment.modified_at = at;
                how(payment);
            });
        })
    }

    fn with(&self, id: Uuid, then: impl FnOnce(&mut Network, u32, i64)) -> bool {
        self.change(|network, now| {
            let serial = network.serial(id);
            if let Some(serial) = serial {
                then(network, serial, now.timestamp_millis());
            }
            serial.is_some()
        })
    }

    /// Adds a row to the list of a state that is served as it stands. It counts in totals and in no book.
    ///
    /// `$payment_id` and `$modified_at` in the text are filled.
    pub fn add_raw_row(
        &self,
        state: PaymentState,
        role: Role,
        modified_at: DateTime<Utc>,
        json: &str,
    ) -> Uuid {
        self.change(|network, _| {
            let at = modified_at.timestamp_millis();
            let serial = network.add_raw_row(state, role, at, json);
            network.books.ids.id(serial)
        })
    }

    /// Adds a garbage row to the list of a state, changed now.
    pub fn add_garbage(&self, kind: Garbage, state: PaymentState, role: Role) -> Uuid {
        self.change(|network, now| {
            let serial = network.add_garbage(kind, state, role, now.timestamp_millis());
            network.books.ids.id(serial)
        })
    }

    /// Makes every token bad at once.
    pub fn revoke_tokens(&self) {
        self.change(|network, _| network.tokens.revoke());
    }

    /// Refuses every request for a token with this status (401 or 403); `None` gives them out again.
    pub fn refuse_tokens(&self, status: Option<u16>) {
        self.change(|network, _| network.tokens.refuse = status);
    }

    /// Whether the partner will by itself do something more with one of these payments: a return, for one.
    pub fn partner_has_plans(&self, ids: &[Uuid]) -> bool {
        self.read(|network| {
            network.has_plans(&ids.iter().filter_map(|id| network.serial(*id)).collect())
        })
    }

    /// Lets the partner and the network do what is due at `now`.
    pub fn partner_tick(&self, now: DateTime<Utc>) {
        self.change(|network, _| network.partner_tick(now.timestamp_millis()));
    }
}
