//! A transaction in its envelope, as it was submitted.

use stellar_xdr::{
    DecoratedSignature, FeeBumpTransactionInnerTx, Limits, Memo, Operation, Preconditions,
    ReadXdr as _, TimeBounds, Transaction, TransactionEnvelope, TransactionV1Envelope,
    WriteXdr as _,
};

use super::keys::Key;

/// Deeper or longer XDR is no transaction.
const LIMITS: Limits = Limits { depth: 500, len: 1 << 20 };

/// A fee bump around a transaction.
#[derive(Debug, Clone)]
pub(super) struct Bump {
    pub(super) source: Key,
    pub(super) fee: i64,
    pub(super) hash: [u8; 32],
    pub(super) signatures: Vec<DecoratedSignature>,
}

/// A signed transaction, with or without a fee bump.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    /// Base64, to the byte what was submitted.
    pub(super) xdr: String,
    pub(super) transaction: Transaction,
    /// The hash of the transaction without the fee bump.
    pub(super) inner_hash: [u8; 32],
    pub(super) signatures: Vec<DecoratedSignature>,
    pub(super) bump: Option<Bump>,
}

impl Envelope {
    /// Reads an envelope. Nothing, if it is none.
    pub(super) fn read(xdr: &str, network_id: [u8; 32]) -> Option<Self> {
        let envelope = TransactionEnvelope::from_xdr_base64(xdr, LIMITS).ok()?;
        let hash = envelope.hash(network_id).ok()?;
        let (inner, bump) = match envelope {
            TransactionEnvelope::TxV0(old) => {
                let tx = Transaction::from(old.tx);
                (TransactionV1Envelope { tx, signatures: old.signatures }, None)
            }
            TransactionEnvelope::Tx(envelope) => (envelope, None),
            TransactionEnvelope::TxFeeBump(bump) => {
                let FeeBumpTransactionInnerTx::Tx(inner) = bump.tx.inner_tx;
                let source = Key::from(&bump.tx.fee_source);
                let signatures = bump.signatures.into();
                (inner, Some(Bump { source, fee: bump.tx.fee, hash, signatures }))
            }
        };
        let inner_hash = inner.tx.hash(network_id).ok()?;
        Some(Self {
            xdr: xdr.to_owned(),
            transaction: inner.tx,
            inner_hash,
            signatures: inner.signatures.into(),
            bump,
        })
    }

    /// An envelope made here.
    pub(super) fn signed(
        transaction: Transaction,
        inner_hash: [u8; 32],
        signature: DecoratedSignature,
    ) -> Option<Self> {
        let signatures = vec![signature];
        let envelope = TransactionV1Envelope {
            tx: transaction.clone(),
            signatures: signatures.clone().try_into().ok()?,
        };
        let xdr = TransactionEnvelope::Tx(envelope).to_xdr_base64(Limits::none()).ok()?;
        Some(Self { xdr, transaction, inner_hash, signatures, bump: None })
    }

    /// The hash that the network knows it by.
    pub(super) fn hash(&self) -> [u8; 32] {
        self.bump.as_ref().map_or(self.inner_hash, |bump| bump.hash)
    }

    /// The account whose sequence it uses.
    pub(super) fn source(&self) -> Key {
        Key::from(&self.transaction.source_account)
    }

    /// The account that pays the fee.
    pub(super) fn fee_source(&self) -> Key {
        self.bump.as_ref().map_or_else(|| self.source(), |bump| bump.source)
    }

    pub(super) fn sequence(&self) -> i64 {
        self.transaction.seq_num.0
    }

    pub(super) fn memo(&self) -> &Memo {
        &self.transaction.memo
    }

    /// The most that it pays, in stroops.
    pub(super) fn bid(&self) -> i64 {
        self.bump.as_ref().map_or(i64::from(self.transaction.fee), |bump| bump.fee)
    }

    /// How many operations the fee is for: a fee bump counts as one more.
    pub(super) fn priced_operations(&self) -> i64 {
        let own = i64::try_from(self.transaction.operations.len()).unwrap_or(i64::MAX);
        own.saturating_add(i64::from(self.bump.is_some()))
    }

    /// The bid for one operation, as far as it is whole: for ordering.
    pub(super) fn rate(&self) -> i64 {
        self.bid() / self.priced_operations().max(1)
    }

    pub(super) fn time_bounds(&self) -> Option<&TimeBounds> {
        match &self.transaction.cond {
            Preconditions::None => None,
            Preconditions::Time(bounds) => Some(bounds),
            Preconditions::V2(conditions) => conditions.time_bounds.as_ref(),
        }
    }

    /// Whether it can be applied for ever.
    pub(super) fn is_unbounded(&self) -> bool {
        self.time_bounds().is_none_or(|bounds| bounds.max_time.0 == 0)
    }
}

/// The account that an operation acts for.
pub(super) fn operation_source(source: Key, operation: &Operation) -> Key {
    operation.source_account.as_ref().map_or(source, Key::from)
}
