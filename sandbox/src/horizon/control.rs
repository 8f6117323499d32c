//! What can be done to a running network, beside what is public in it.

use std::sync::Arc;

use serde_json::Value;

use super::HorizonSandbox;
use super::options::{StreamFault, SubmitFault};

impl HorizonSandbox {
    /// Closes a ledger with what waits, and gives its number.
    pub fn close(&self) -> u32 {
        self.change(|network, now| {
            network.ledger.close(now);
            network.ledger.last().sequence
        })
    }

    /// Horizon tells things otherwise than they are: each record of a list, and each account and transaction that is
    /// asked for, goes through `how` before it is told. The books stay right.
    pub fn distort(&self, how: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.change(|network, _| network.distortion = Some(Arc::new(how)));
    }

    /// Horizon tells all things as they are again.
    pub fn tell_rightly(&self) {
        self.change(|network, _| network.distortion = None);
    }

    /// The next `times` submissions meet this fault.
    pub fn script_submit(&self, times: usize, fault: SubmitFault) {
        self.change(|network, _| {
            network.submit_script.extend(std::iter::repeat_n(fault, times));
        });
    }

    /// The next `times` streams that are opened meet this fault.
    pub fn script_stream(&self, times: usize, fault: StreamFault) {
        self.change(|network, _| {
            network.stream_script.extend(std::iter::repeat_n(fault, times));
        });
    }
}
