//! The network's JSON, read leniently and without a copy beyond the document itself.
//!
//! The network sends numbers as strings or numbers, nulls anywhere, and fields nobody knows. A page is split into raw
//! rows first; then of each row only the fields that matter are read. So a row that makes no sense spoils no other,
//! and most bytes are only skipped.

mod page;
mod parties;
mod payment;
mod scalar;
#[cfg(test)]
mod tests;
mod user_info;

#[cfg(any(test, fuzzing))]
pub(super) use page::listing;
pub use page::too_large;
pub(super) use page::{Page, single};
pub use parties::PARTIES;
pub(super) use payment::row;
pub(super) use scalar::{count, flag};
pub use user_info::{party_names, sender_user_info};
