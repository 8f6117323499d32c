//! Words that are known: a shell completes them, and `--help` names them.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Command};

use crate::engine::order::{OrderStatus, PayTo};
use crate::engine::{IncomingStatus, PaymentState, Poller, TransferKind, TransferStatus};

/// Reads a word as `read` does, which says itself what is wrong with it.
#[derive(Clone)]
pub(super) struct Known<T> {
    words: Vec<&'static str>,
    read: fn(&str) -> Result<T, String>,
}

/// A parser for a flag whose usual words are known. `read` may take others too.
fn known<T>(
    words: impl IntoIterator<Item = &'static str>,
    read: fn(&str) -> Result<T, String>,
) -> Known<T> {
    Known { words: words.into_iter().collect(), read }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Known<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, Error> {
        let read = self.read;
        StringValueParser::new().try_map(move |word| read(&word)).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.words.iter().map(|word| PossibleValue::new(*word))))
    }
}

/// A poller, by its name.
pub(super) fn poller() -> Known<Poller> {
    known(Poller::ALL.map(Poller::name), str::parse)
}

/// The states that we know. A network may have others.
static STATES: [PaymentState; 11] = PaymentState::KNOWN;

/// A payment's state, as `read` takes it.
pub(super) fn state(read: fn(&str) -> Result<PaymentState, String>) -> Known<PaymentState> {
    known(STATES.iter().map(PaymentState::as_str), read)
}

/// The status of incoming money.
pub(super) fn incoming_status() -> Known<IncomingStatus> {
    known(IncomingStatus::ALL.map(IncomingStatus::as_str), str::parse)
}

/// An order's status.
pub(super) fn order_status() -> Known<OrderStatus> {
    known(OrderStatus::ALL.map(OrderStatus::as_str), str::parse)
}

/// How an order is paid.
pub(super) fn pay_to() -> Known<PayTo> {
    known(PayTo::ALL.map(PayTo::as_str), str::parse)
}

/// A transfer's status.
pub(super) fn status() -> Known<TransferStatus> {
    known(TransferStatus::ALL.map(TransferStatus::as_str), str::parse)
}

/// A transfer's kind.
pub(super) fn kind() -> Known<TransferKind> {
    known(TransferKind::ALL.map(TransferKind::as_str), str::parse)
}
