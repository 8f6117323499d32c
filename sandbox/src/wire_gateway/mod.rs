//! A GNU Taler wire gateway for tests, demos and trials.
//!
//! It is written from the specification (interface 5, and older ones on demand) and shares nothing with the rails or the
//! engine, so that a mistake of ours is not repeated by the judge of it: amounts, base32 and credentials are read with
//! code of its own. What no correct client sends is answered with 4xx, a code of GANA, and noted in
//! [`WireGateway::violations`](Simulated::violations).

mod amount;
mod auth;
mod base32;
mod books;
mod control;
mod endpoint;
mod history;
mod options;
mod problem;
mod query;
mod reading;
#[cfg(test)]
mod tests;
mod transfers;

pub use books::GatewayBooks;
pub use control::CreditRecord;
pub use endpoint::GatewayEndpoint;
pub use options::{
    GatewayAuth, GatewayOptions, GatewayQuirks, ParameterNames, Protocol, Stage, TransferStatus,
};
pub use transfers::TransferRecord;

use super::service::Simulated;

/// A running gateway, and the handle to it. Clones share it; it stops when the last one is dropped.
pub type WireGateway = Simulated<GatewayBooks>;
