//! What can be done to a running sandbox.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::moves::{PaymentState, Role};
use super::options::{Garbage, HookAnswer, PaymentSpec, Quirks, RequestInfo};
use super::partner::Partner;
use super::{Sandbox, network};
use crate::faults::{FaultRates, Reply};

impl Sandbox {
    /// Adds `count` payments and gives their ids.
    pub fn add_payments(&self, count: usize, spec: &PaymentSpec) -> Vec<Uuid> {
        let mut network = self.shared.lock();
        let now = network.now();
        let first = network.add_payments(count, spec, now);
        let made = &network.books.payments()[first as usize..];
        made.iter()
            .filter(|payment| payment.raw().is_none())
            .map(|payment| network.books.ids.id(payment.serial))
            .collect()
    }

    /// Changes nothing of a payment but its `modified_at`. False: there is no such payment.
    pub fn touch(&self, id: Uuid) -> bool {
        self.with(id, |network, serial, now| {
            network.change(serial, now, |payment, at| payment.modified_at = at);
        })
    }

    /// Moves a payment to any state, as the network or the partner would. False: there is no such payment.
    pub fn move_to(&self, id: Uuid, state: PaymentState) -> bool {
        self.with(id, |network, serial, now| network.move_to(serial, state, now))
    }

    /// Changes the amount to this text. False: there is no such payment.
    pub fn change_amount(&self, id: Uuid, amount: &str) -> bool {
        self.with(id, |network, serial, now| {
            network.change(serial, now, |payment, at| {
                payment.more().amount = Some(amount.into());
                payment.modified_at = at;
            });
        })
    }

    /// Changes the creditor's account in what the sender has told. False: there is no such payment.
    pub fn change_account(&self, id: Uuid, account: &str) -> bool {
        self.with(id, |network, serial, now| {
            network.change(serial, now, |payment, at| {
                payment.more().account = Some(account.into());
                payment.modified_at = at;
            });
        })
    }

    /// Moves the deadline. `modified_at` changes too. False: there is no such payment.
    pub fn change_deadline(&self, id: Uuid, expires_at: DateTime<Utc>) -> bool {
        self.with(id, |network, serial, now| {
            network.change(serial, now, |payment, at| {
                payment.expires_at = expires_at.timestamp_millis();
                payment.modified_at = at;
            });
        })
    }

    /// Returns a payment: a `RETURN` payment of the other role is complete, and both name each other.
    ///
    /// Nothing, unless it is `EXECUTED`, `COMPLETED` or `FAILED`.
    pub fn return_payment(&self, id: Uuid) -> Option<Uuid> {
        let mut network = self.shared.lock();
        let (serial, now) = (network.serial(id)?, network.now());
        let back = network.return_payment(serial, now)?;
        Some(network.books.ids.id(back))
    }

    fn with(&self, id: Uuid, then: impl FnOnce(&mut network::Network, u32, i64)) -> bool {
        let mut network = self.shared.lock();
        let now = network.now();
        let serial = network.serial(id);
        if let Some(serial) = serial {
            then(&mut network, serial, now);
        }
        serial.is_some()
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
        let mut network = self.shared.lock();
        let serial = network.add_raw_row(state, role, modified_at.timestamp_millis(), json);
        network.books.ids.id(serial)
    }

    /// Adds a garbage row to the list of a state, changed now.
    pub fn add_garbage(&self, kind: Garbage, state: PaymentState, role: Role) -> Uuid {
        let mut network = self.shared.lock();
        let now = network.now();
        let serial = network.add_garbage(kind, state, role, now);
        network.books.ids.id(serial)
    }

    /// Makes a raw row a payment as it should be, changed now and due in a day. False: there is no such row.
    pub fn mend_row(&self, id: Uuid) -> bool {
        self.with(id, |network, serial, now| {
            network.change(serial, now, |payment, at| {
                payment.more().raw = None;
                payment.expires_at = at + 24 * 60 * 60 * 1000;
                payment.modified_at = at;
            });
        })
    }

    /// Makes every token bad at once.
    pub fn revoke_tokens(&self) {
        self.shared.lock().tokens.revoke();
    }

    /// Refuses every request for a token with this status (401 or 403); `None` gives them out again.
    pub fn refuse_tokens(&self, status: Option<u16>) {
        self.shared.lock().tokens.refuse = status;
    }

    /// How long the tokens are good that are given out from now on.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        let millis = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        self.shared.lock().tokens.lifetime = millis;
    }

    /// Changes the rates of faults.
    pub fn set_faults(&self, rates: FaultRates) {
        self.shared.lock().faults.set_rates(rates);
    }

    /// The next `times` requests to the endpoint get this reply. Scripts queue up, and come before chance.
    pub fn script(&self, endpoint: Endpoint, times: u32, reply: Reply) {
        self.shared.lock().faults.script(endpoint, times, reply);
    }

    /// The same for requests about one payment only.
    pub fn script_for(&self, endpoint: Endpoint, id: Uuid, times: u32, reply: Reply) {
        self.shared.lock().faults.aim(endpoint, &id.to_string(), times, reply);
    }

    /// Forgets what is left of all scripts.
    pub fn clear_script(&self) {
        self.shared.lock().faults.clear_script();
    }

    /// Changes the peculiarities.
    pub fn set_quirks(&self, quirks: Quirks) {
        self.shared.lock().quirks = quirks;
    }

    /// Whether the partner will by itself do something more with one of these payments: a return, for one.
    pub fn partner_has_plans(&self, ids: &[Uuid]) -> bool {
        let network = self.shared.lock();
        network.has_plans(&ids.iter().filter_map(|id| network.serial(*id)).collect())
    }

    /// Changes what the partner does by itself, for the payments that there are too.
    pub fn set_partner(&self, partner: Option<Partner>) {
        let mut network = self.shared.lock();
        let seed = network.books.ids.seed ^ 2;
        network.set_partner(partner, seed);
    }

    /// Lets the partner and the network do what is due at `now`.
    pub fn partner_tick(&self, now: DateTime<Utc>) {
        self.shared.lock().partner_tick(now.timestamp_millis());
    }

    /// Calls `hook` for each request before and after it is carried out; it may take its time.
    ///
    /// It runs outside the lock and may use the sandbox. A handle inside the hook keeps the sandbox running until
    /// [`Sandbox::clear_hook`] or [`Sandbox::stop`] is called.
    pub fn set_hook(&self, hook: impl Fn(&RequestInfo) -> HookAnswer + Send + Sync + 'static) {
        self.shared.lock().hook = Some(Arc::new(hook));
    }

    /// Calls no hook any more.
    pub fn clear_hook(&self) {
        self.shared.lock().hook = None;
    }

    /// Keeps the query of every list request from now on, or stops that and forgets them.
    pub fn log_queries(&self, on: bool) {
        self.shared.lock().record.queries = on.then(Vec::new);
    }
}
