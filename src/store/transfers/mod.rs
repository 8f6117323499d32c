//! Transfers, and all that is done for them.
//!
//! A transfer moves by a [`Step`](crate::engine::Step): from the version that was read, by a row of the engine's table,
//! with its history and its event in the same transaction. Money that we send is written down before it is tried, as
//! a payout or an envelope, and what came of it is written together with the step that it makes.

mod arrivals;
mod create;
pub(super) mod incoming;
mod list;
mod open;
mod outlook;
pub(super) mod payouts;
mod read;
mod refunds;
mod resolve;
mod rows;
mod steps;
mod story;
mod trail;
pub(super) mod transactions;
mod write_postgres;
mod write_sqlite;

pub use create::BadTransfer;
pub(super) use create::create_in;
pub use incoming::advance::{Advanced, Confirming};
pub use incoming::list::{IncomingFilter, IncomingPlace};
pub use incoming::record::{IncomingPage, NewIncoming, Recorded};
pub use incoming::row::{IncomingReached, IncomingRow};
pub use incoming::streams::FEED;
pub use list::{TransferFilter, TransferPlace};
pub use open::Waiting;
pub use outlook::Settlement;
pub use payouts::claims::Claim;
pub use payouts::finish::FinishedPayout;
pub use payouts::follow::Following;
pub use payouts::row::PayoutRow;
pub use read::TransferCount;
pub use refunds::ends::RefundEnd;
pub(super) use refunds::insert_refunds;
pub use resolve::Resolved;
pub(super) use rows::transfer_from;
pub use steps::Postponed;
pub(super) use steps::stop_void;
pub use story::TransferStory;
pub(super) use trail::write_events;
pub use transactions::channels::Channel;
pub use transactions::envelopes::{Envelope, EnvelopeEnd, EnvelopePayment, Intention, NewEnvelope};
pub use transactions::found::FoundPayment;
