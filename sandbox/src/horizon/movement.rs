//! What operations come to: a result, and money that was moved.

use stellar_xdr::{Asset, MuxedAccount, OperationResult};

use super::keys::Key;

/// Where an operation stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The transaction's source.
    pub(super) source: Key,
    pub(super) sequence: i64,
    /// Its place in the transaction, from 0.
    pub(super) index: u32,
    pub(super) ledger: u32,
    /// When the ledger closes: seconds since 1970.
    pub(super) now: u64,
}

/// Money that an operation has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Movement {
    pub(super) kind: Kind,
    pub(super) from: MuxedAccount,
    /// The claimant, of a claimable balance.
    pub(super) to: MuxedAccount,
    pub(super) asset: Asset,
    pub(super) amount: i64,
}

/// How money was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    CreateAccount,
    Payment,
    ClaimableBalance { id: [u8; 32] },
    Claim { id: [u8; 32] },
}

/// An operation's result, and the money that it moved.
pub(super) type Done = (OperationResult, Option<Movement>);
