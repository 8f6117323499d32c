//! Transfers, and all that is done for them.
//!
//! A transfer moves by a [`Step`](crate::engine::Step): from the version that was read, by a row of the engine's table,
//! with its history and its event in the same transaction. Money that we send is written down before it is tried, as
//! a payout or an envelope, and what came of it is written together with the step that it makes.

mod arrivals;
mod channels;
mod claims;
mod create;
mod ends;
mod envelopes;
mod finish;
mod follow;
mod found;
mod incoming;
mod incoming_list;
mod list;
mod open;
mod outlook;
mod payouts;
mod read;
mod refunds;
mod resolve;
mod rows;
mod spared;
mod steps;
mod story;
mod trail;
mod unsent;
mod write_postgres;
mod write_sqlite;

pub use channels::Channel;
pub use claims::Claim;
pub use create::BadTransfer;
pub(super) use create::create_in;
pub use envelopes::{Envelope, EnvelopeEnd, EnvelopePayment, Intention, NewEnvelope};
pub use finish::{FinishedPayout, PayoutEnd};
pub use follow::Following;
pub use found::FoundPayment;
pub use incoming::{FEED, IncomingRow, NewIncoming, Recorded};
pub use incoming_list::{IncomingFilter, IncomingPlace};
pub use list::{TransferFilter, TransferPlace};
pub use open::Waiting;
pub use outlook::Settlement;
pub use payouts::PayoutRow;
pub use read::TransferCount;
pub use refunds::{NewRefund, Refund, RefundEnd};
pub use resolve::Resolved;
pub(super) use rows::transfer_from;
pub use steps::Postponed;
pub(super) use steps::stop_void;
pub use story::TransferStory;
