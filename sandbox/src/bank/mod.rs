//! A bank for tests, demos and trials: it speaks railpoll's http contract for rails, version 1.
//!
//! It is written from the contract and shares nothing with the rails or the engine, so that a mistake of ours is not
//! repeated by the judge of it: signatures, amounts and bodies are checked with code of its own. Whatever is not as the
//! contract has it is answered with 4xx and noted in [`Bank::violations`](Simulated::violations). Its books say what
//! customers paid in, and each payout by its key: the truth that others are compared with.

mod admin;
mod books;
mod control;
mod customers;
mod deposits;
mod endpoint;
mod money;
mod options;
mod payout;
mod payouts;
mod reading;
mod signature;
#[cfg(test)]
mod tests;

pub use books::BankBooks;
pub use deposits::{Deposit, Receipt};
pub use endpoint::BankEndpoint;
pub use options::{About, BankOptions, BankQuirks, Course, Customers};
pub use payout::{PayoutRecord, PayoutStatus};

use super::service::Simulated;

/// A running bank, and the handle to it. Clones share it; it stops when the last one is dropped.
pub type Bank = Simulated<BankBooks>;
