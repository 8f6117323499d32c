//! Horizon's JSON, read as far as it can be: what is not needed may be missing, null or of any type.

mod account;
mod fields;
mod ledger;
mod page;
mod past;
mod payment;
#[cfg(test)]
mod tests;
mod transaction;

pub(super) use account::account;
pub(super) use fields::is_place;
pub use ledger::{FeeStats, Root};
pub(super) use ledger::{fee_stats, latest_ledger, root};
pub(super) use page::{page, too_large};
pub(super) use past::{past, past_too_large};
pub use payment::{Content, ReceivedClaim, StreamRecord};
pub(super) use payment::{Watched, claimed, record};
pub(super) use transaction::{found, submitted};
