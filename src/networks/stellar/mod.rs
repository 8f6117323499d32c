//! A Stellar network: payments built and signed here, sent and watched through Horizon.
//!
//! Pure: [`EnvelopePlan`] says what a transaction shall do, [`Envelope`] is that transaction with its hash and its
//! signatures, [`after_submit`] and [`after_look_up`] say what follows from what the network answers. [`Horizon`] asks
//! it. Who holds what, and when to do which, is the caller's: an envelope is stored before it is sent.

mod account;
mod address;
mod asset;
mod codes;
mod configured;
mod envelope;
mod events;
mod fee_bump;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod horizon;
mod keys;
mod memo;
mod parts;
mod past;
mod plan;
mod reading;
mod rules;
mod signers;
mod stream;
mod stroops;
#[cfg(test)]
mod tests;
mod wire;

pub use account::{
    AccountState, DestinationError, DestinationState, Line, RESERVE, authorities, destination_state,
};
pub use address::{Address, NoAddress};
pub use asset::{NoAsset, StellarAsset};
pub use codes::{Codes, OperationCode, TransactionCode};
pub use envelope::{Envelope, EnvelopeError, NetworkId};
pub use fee_bump::{BumpError, FeeBump};
pub use horizon::{Horizon, HorizonOptions};
pub use keys::{Keys, NoSeed};
pub use past::{PastPayment, PastRecord, PastTransaction, UnreadPast};
pub use plan::{BuildError, EnvelopePlan, OPERATIONS_MAX, Planned};
pub use rules::{
    FoundTransaction, Ledger, LookUp, Next, OperationKind, OperationNext, Sent, SourceState,
    SubmitAnswer, after_look_up, after_submit, margin, opening_fee,
};
pub use signers::{AccountSigner, Authority, Level, Missing, Thresholds};
pub use stream::PaymentStream;
pub use stroops::{DECIMALS, StroopsError, amount, stroops};
pub use wire::{Content, FeeStats, ReceivedClaim, Root, StreamRecord};
