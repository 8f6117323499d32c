//! What can be done to a running network.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::keys::{Key, asset};
use super::network::Network;
use super::options::{Closing, HorizonRequest, StreamFault, StreamRates, SubmitFault, SubmitRates};
use super::overlap::Overlaps;
use super::path::Offer;
use super::{HorizonSandbox, Keys};
use crate::HookAnswer;
use crate::faults::{FaultRates, Reply};
use crate::service::Power;

impl HorizonSandbox {
    /// Changes something, and wakes whoever waits for a change.
    pub(super) fn change<T>(&self, how: impl FnOnce(&mut Network) -> T) -> T {
        let result = how(&mut self.shared.lock());
        self.shared.ledger_closed();
        result
    }

    /// Closes a ledger with what waits, and gives its number.
    pub fn close(&self) -> u32 {
        self.change(|network| {
            network.close();
            network.ledger.last().sequence
        })
    }

    /// Changes when ledgers close. [`Closing::Every`] has an effect only if the sandbox was started with it.
    pub fn set_closing(&self, closing: Closing) {
        self.change(|network| network.closing = closing);
    }

    /// Changes how many operations fit into one ledger.
    pub fn set_capacity(&self, operations: usize) {
        self.change(|network| network.ledger.capacity = operations.max(1));
    }

    /// Changes what the network asks for each operation, in stroops; never less than 100.
    ///
    /// Who bids less gets `tx_insufficient_fee`. `/fee_stats` shows it once ledgers have closed with it.
    pub fn set_fee_pressure(&self, stroops: i64) {
        self.change(|network| network.ledger.min_fee = stroops.max(super::check::BASE_FEE));
    }

    /// Horizon takes ledgers in this many ledgers late: what is newer it does not know.
    pub fn set_lag(&self, ledgers: u32) {
        self.change(|network| network.ledger.set_lag(ledgers));
    }

    /// Horizon's lists of payments and transactions, and the streams of them, are this many ledgers behind all else that
    /// it tells: so it is where one address has several servers, and lists come from one that is behind.
    pub fn set_list_lag(&self, ledgers: u32) {
        self.change(|network| network.list_lag = ledgers);
    }

    /// Horizon tells things otherwise than they are: each record of a list, and each account, ledger and transaction that
    /// is asked for, goes through `how` before it is told. The books stay right.
    pub fn distort(&self, how: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.change(|network| network.distortion = Some(Arc::new(how)));
    }

    /// Horizon tells all things as they are again.
    pub fn tell_rightly(&self) {
        self.change(|network| network.distortion = None);
    }

    /// Horizon finds transactions by their hash so much later, by the ledgers' time, than it tells all else of their
    /// ledger: so it is where one address has several servers, and the one that is asked is behind the others. Who
    /// waits for a submission of his own is told in time.
    pub fn set_lookup_lag(&self, lag: Duration) {
        self.change(|network| {
            network.ledger.lookup_lag = TimeDelta::from_std(lag).unwrap_or(TimeDelta::MAX);
        });
    }

    /// Horizon takes no ledger in any more, until it is told to go on.
    pub fn hold_ingestion(&self, hold: bool) {
        self.change(|network| network.ledger.hold_ingestion(hold));
    }

    /// Everything is gone, as when a test network is reset: ledgers count from 2, and cursors lie beyond the end.
    pub fn reset_ledger(&self) {
        self.change(|network| {
            let now = network.now();
            network.ledger.reset(now);
            network.overlaps = Overlaps::default();
            network.elder = 0;
        });
    }

    /// Horizon forgets what was before a ledger: an older cursor gets 410.
    pub fn forget_before(&self, ledger: u32) {
        self.change(|network| network.elder = ledger);
    }

    /// Somebody else uses the next sequence of an account (`G…`), in a ledger of its own.
    pub fn take_sequence(&self, account: &str) {
        if let Ok(key) = account.parse::<Key>() {
            self.change(|network| network.take_sequence(key));
        }
    }

    /// `maker` gives `gives` units of one asset for `takes` units of another: path payments go this way.
    ///
    /// False: an asset cannot be read. The maker pays from what it has, so it needs trustlines and a balance.
    pub fn offer(&self, maker: &Keys, taken: (&str, i64), given: (&str, i64)) -> bool {
        let (Some(taken_asset), Some(given_asset)) = (asset(taken.0), asset(given.0)) else {
            return false;
        };
        let maker = maker.key();
        let (takes, gives) = (taken.1, given.1);
        let offer = Offer { maker, taken: taken_asset, given: given_asset, takes, gives };
        self.change(|network| network.ledger.state.offers.push(offer));
        true
    }

    /// Stops serving, for all clones. Connections that hang are cut.
    pub fn stop(&self) {
        self.power.send_replace(Power::Stopped);
    }

    /// Goes down: connections are cut, and new ones refused, until [`HorizonSandbox::come_up`]. Returns once it is so.
    ///
    /// The ledger goes on behind it.
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
        // An error says that the sandbox has been stopped: there is nothing to wait for.
        drop(opened.wait_for(|told| *told == open).await.map(|told| *told));
    }

    /// Changes how long every request takes before it is carried out.
    pub fn set_latency(&self, latency: Duration) {
        self.change(|network| network.latency = latency);
    }

    /// Changes the rates of faults that meet any request.
    pub fn set_faults(&self, rates: FaultRates) {
        self.change(|network| network.faults.set_rates(rates));
    }

    /// Changes the rates of faults that meet submissions.
    pub fn set_submit_faults(&self, rates: SubmitRates) {
        self.change(|network| network.submit_rates = rates);
    }

    /// Changes the rates of faults that meet streams.
    pub fn set_stream_faults(&self, rates: StreamRates) {
        self.change(|network| network.stream_rates = rates);
    }

    /// The next `times` requests to the endpoint get this reply. Scripts queue up, and come before chance.
    ///
    /// A status without a body gets Horizon's own, and 429 its headers. [`Reply::CutAfter`] on a submission cuts once
    /// its ledger has closed.
    pub fn script(&self, endpoint: Endpoint, times: u32, reply: Reply) {
        self.change(|network| network.faults.script(endpoint, times, reply));
    }

    /// The next `times` requests to the endpoint about one thing (an account, a hash) get this reply. It comes before any
    /// other script.
    pub fn script_about(&self, endpoint: Endpoint, about: &str, times: u32, reply: Reply) {
        self.change(|network| network.aimed.push((endpoint, about.to_owned(), times, reply)));
    }

    /// The next `times` submissions meet this fault.
    pub fn script_submit(&self, times: usize, fault: SubmitFault) {
        self.change(|network| network.submit_script.extend(std::iter::repeat_n(fault, times)));
    }

    /// The next `times` streams that are opened meet this fault.
    pub fn script_stream(&self, times: usize, fault: StreamFault) {
        self.change(|network| network.stream_script.extend(std::iter::repeat_n(fault, times)));
    }

    /// Forgets what is left of all scripts.
    pub fn clear_scripts(&self) {
        self.change(|network| {
            network.faults.clear_script();
            network.aimed.clear();
            network.submit_script.clear();
            network.stream_script.clear();
        });
    }

    /// Calls `hook` for each request before and after it is carried out; it may take its time.
    ///
    /// It runs outside the lock and may use the sandbox. A handle inside the hook keeps the sandbox running until
    /// [`HorizonSandbox::clear_hook`] or [`HorizonSandbox::stop`] is called. For a stream only the first call is made.
    pub fn set_hook(&self, hook: impl Fn(&HorizonRequest) -> HookAnswer + Send + Sync + 'static) {
        self.change(|network| network.hook = Some(Arc::new(hook)));
    }

    /// Calls no hook any more.
    pub fn clear_hook(&self) {
        self.change(|network| network.hook = None);
    }

    /// Waits until something holds; it is looked at after each change. It waits for ever if it never does.
    pub async fn wait_until(&self, holds: impl Fn(&Self) -> bool) {
        let mut changes = self.shared.changes();
        while !holds(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
