//! A Tari wallet that reports what it gets: addresses, signatures, and what they are under.
//!
//! Pure: whoever calls, what a wallet's last nonce was, and what is known of an order are parameters. A wallet's address in
//! the records of ours is its base58 text, whichever way it came.

mod claim;
mod credit;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod schnorr;
#[cfg(test)]
mod tests;
mod wallet;

pub use crate::addresses::{AddressError, TariAddress};
pub use claim::{ClaimError, MemoClaim, MemoRead, read_memo};
pub use credit::credit_address;
pub use schnorr::{TariSignature, hash_of};
pub use wallet::{
    WalletAuth, WalletConfirmation, WalletPayment, WalletRefusal, WalletRegistration, admit,
};
