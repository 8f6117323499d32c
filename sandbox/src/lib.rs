//! Simulated networks on loopback, with books of their own.
//!
//! A [`Sandbox`] is a RippleNet v4 network on a port of this machine: tokens that expire, lists that move while they are
//! read, a state machine, error bodies, a partner that moves payments along, and faults on demand. It checks every
//! request strictly ([`Simulated::violations`]) and keeps the truth about every payment ([`Simulated::history`],
//! [`Simulated::calls`]), so that whoever talks to it can be judged by it. `railpoll sandbox` and `railpoll demo` serve
//! it; tests hold it in the same process.
//!
//! Beside it there are a Stellar network ([`horizon`]), a bank that speaks the http contract for rails ([`bank`]) and a
//! Taler wire gateway ([`wire_gateway`]), by the same principles.
//!
//! It uses nothing of railpoll: its rules are its own, so that a mistake there is not repeated by its judge.

pub mod bank;
mod body;
mod clock;
mod decimal;
mod faults;
pub mod horizon;
mod random;
mod ripplenet;
mod service;
mod tokens;
pub mod wire_gateway;

pub use clock::Clock;
pub use faults::{FaultRates, Reply};
pub use ripplenet::{
    Amount, Call, Endpoint, Garbage, Network, Operation, Partner, PaymentSpec, PaymentState,
    Quirks, Role, Sandbox, SandboxOptions, Summary, UserInfo,
};
pub use service::{CallInfo, HookAnswer, Phase, Simulated};

/// A client for the tests of what is simulated here.
#[cfg(test)]
fn test_client() -> reqwest::Client {
    // Another test may have installed it.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(20)).build().unwrap()
}
