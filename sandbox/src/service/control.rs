//! What can be done to any running service, and what it tells of its clients.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{CallInfo, HookAnswer, Log, Power, Simulated, Simulation};
use crate::faults::{FaultRates, Reply};

impl<S: Simulation> Simulated<S> {
    /// Stops serving, for all clones. Connections that hang are cut.
    pub fn stop(&self) {
        self.power.send_replace(Power::Stopped);
    }

    /// Goes down: connections are cut, and new ones refused, until [`Simulated::come_up`]. Returns once it is so.
    pub async fn go_down(&self) {
        self.switch(Power::Down, false).await;
    }

    /// Serves again on the same port. Returns once it does.
    pub async fn come_up(&self) {
        self.switch(Power::On, true).await;
    }

    async fn switch(&self, power: Power, open: bool) {
        self.power.send_if_modified(|told| {
            let change = *told != Power::Stopped && *told != power;
            if change {
                *told = power;
            }
            change
        });
        let mut opened = self.open.clone();
        // An error says that the service has been stopped: there is nothing to wait for.
        drop(opened.wait_for(|told| *told == open).await.map(|told| *told));
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the rates of faults.
    pub fn set_faults(&self, rates: FaultRates) {
        self.core.lock().faults.rates = rates;
    }

    /// Changes how long every request takes.
    pub fn set_latency(&self, latency: Duration) {
        self.core.lock().latency = latency;
    }

    /// The next `times` requests to the endpoint get this reply. Scripts queue up, and come before chance.
    pub fn script(&self, endpoint: S::Endpoint, times: u32, reply: Reply) {
        self.core.lock().faults.aim(endpoint, None, times, reply);
    }

    /// The same for requests about one id only; it comes before everything else.
    pub fn script_for(&self, endpoint: S::Endpoint, id: impl ToString, times: u32, reply: Reply) {
        self.core.lock().faults.aim(endpoint, Some(id.to_string()), times, reply);
    }

    /// Forgets what is left of all scripts.
    pub fn clear_scripts(&self) {
        let mut state = self.core.lock();
        state.faults.clear_scripts();
        state.simulation.clear_scripts();
    }

    /// Calls `hook` for each request before and after it is carried out; it may take its time.
    ///
    /// It runs outside the lock and may use the service. A handle inside the hook keeps the service running until
    /// [`Simulated::clear_hook`] or [`Simulated::stop`] is called.
    pub fn set_hook(
        &self,
        hook: impl Fn(&CallInfo<S::Endpoint>) -> HookAnswer + Send + Sync + 'static,
    ) {
        self.core.lock().set_hook(Some(Arc::new(hook)));
    }

    /// Calls no hook any more.
    pub fn clear_hook(&self) {
        self.core.lock().set_hook(None);
    }

    /// What clients sent that no correct client sends (the first 100,000).
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.log(|log| log.violations.clone())
    }

    /// How many violations there were.
    #[must_use]
    pub fn violation_count(&self) -> u64 {
        self.log(|log| log.violation_count)
    }

    /// Requests of every kind, cut and hanging ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.log(|log| log.requests.values().sum())
    }

    /// Requests to one endpoint.
    #[must_use]
    pub fn requests_to(&self, endpoint: S::Endpoint) -> u64 {
        self.log(|log| log.requests.get(&endpoint).copied().unwrap_or(0))
    }

    /// How many requests to the endpoint were answered with this status.
    #[must_use]
    pub fn answers(&self, endpoint: S::Endpoint, status: u16) -> u64 {
        self.log(|log| log.answers.get(&(endpoint, status)).copied().unwrap_or(0))
    }

    /// How often each fault was injected.
    #[must_use]
    pub fn injected(&self) -> BTreeMap<String, u64> {
        self.log(|log| log.faults.clone())
    }

    fn log<T>(&self, what: impl FnOnce(&Log<S::Endpoint>) -> T) -> T {
        what(self.core.lock().simulation.log())
    }

    /// Returns as soon as `holds` does, which is asked again after every request and every change.
    pub async fn wait_until(&self, holds: impl Fn(&Self) -> bool) {
        let mut changes = self.core.changes();
        while !holds(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Reads the service.
    pub fn read<T>(&self, what: impl FnOnce(&S) -> T) -> T {
        what(&self.core.lock().simulation)
    }

    /// Changes the service at its time, and wakes whoever waits for that.
    pub fn change<T>(&self, how: impl FnOnce(&mut S, DateTime<Utc>) -> T) -> T {
        self.core.change(how)
    }
}
