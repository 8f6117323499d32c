//! Addresses that settings name and a network's client reads: one reading of them for both. Pure.

pub(crate) mod hex;
pub(crate) mod tari;

pub use tari::{AddressError, TariAddress};
