//! Fee bumps: the same transaction, with a higher fee around it.

use stellar_xdr::{
    FeeBumpTransaction, FeeBumpTransactionEnvelope, FeeBumpTransactionExt,
    FeeBumpTransactionInnerTx, Limits, TransactionEnvelope, WriteXdr as _,
};
use thiserror::Error;

use super::address::{Address, NoAddress};
use super::envelope::{Envelope, hex};
use super::keys::Keys;
use super::signers::{Authority, Missing};

/// An envelope around another one. Only one of the two can ever be applied, for they use the same sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeBump {
    /// What the network takes in place of the envelope.
    pub xdr_base64: String,
    /// Its own hash. The network finds the transaction by the inner one's hash, too.
    pub hash_hex: String,
    /// Stroops, for all operations and one more.
    pub fee: i64,
}

/// Why there is no fee bump.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum BumpError {
    /// Who shall pay is no account.
    #[error(transparent)]
    Address(#[from] NoAddress),
    /// The ledger wants at least what the inner envelope offers for an operation.
    #[error(
        "{offered} stroops for each operation are less than the {inner} that are offered already"
    )]
    TooLittle {
        /// What was to be offered.
        offered: u32,
        /// What the inner envelope offers.
        inner: u32,
    },
    /// We do not hold enough keys of who shall pay.
    #[error("signatures of weight {} are missing for {}", .0.weight, .0.account)]
    Unsigned(Missing),
    /// It could not be written in the ledger's form.
    #[error("the fee bump cannot be written: {0}")]
    Form(String),
}

impl Envelope {
    /// Puts a fee of `fee_per_operation` stroops around this envelope, which must be signed already.
    ///
    /// `payer` pays it, and `keys` sign for them.
    ///
    /// # Errors
    /// See [`BumpError`].
    pub fn fee_bump(
        &self,
        payer: &Authority,
        fee_per_operation: u32,
        keys: &Keys,
    ) -> Result<FeeBump, BumpError> {
        let form = |error: stellar_xdr::Error| BumpError::Form(error.to_string());
        let operations = u32::try_from(self.operations()).unwrap_or(u32::MAX);
        let inner = self.fee().div_ceil(std::cmp::max(operations, 1));
        if fee_per_operation < inner {
            return Err(BumpError::TooLittle { offered: fee_per_operation, inner });
        }
        let fee = i64::from(fee_per_operation) * (i64::from(operations) + 1);
        let tx = FeeBumpTransaction {
            fee_source: payer.account.parse::<Address>()?.to_xdr(),
            fee,
            inner_tx: FeeBumpTransactionInnerTx::Tx(self.inner.clone()),
            ext: FeeBumpTransactionExt::V0,
        };
        let hash = tx.hash(self.network.bytes()).map_err(form)?;
        let signatures = signatures(payer, keys, &hash)?.try_into().map_err(form)?;
        let envelope =
            TransactionEnvelope::TxFeeBump(FeeBumpTransactionEnvelope { tx, signatures });
        let xdr_base64 = envelope.to_xdr_base64(Limits::none()).map_err(form)?;
        Ok(FeeBump { xdr_base64, hash_hex: hex(&hash), fee })
    }
}

/// Signatures of enough weight, and not more: a fee bump is made when it is needed, and cannot wait for other signers.
fn signatures(
    payer: &Authority,
    keys: &Keys,
    hash: &[u8; 32],
) -> Result<Vec<stellar_xdr::DecoratedSignature>, BumpError> {
    let mut signatures = Vec::new();
    let mut signed = Vec::new();
    let Some(all) = payer.missing(|_| false) else { return Ok(signatures) };
    for signer in all.signers {
        if payer.missing(|key| signed.iter().any(|done| done == key)).is_none() {
            break;
        }
        if let Some(signature) = keys.sign(&signer.key, hash) {
            signatures.push(signature);
            signed.push(signer.key);
        }
    }
    match payer.missing(|key| signed.iter().any(|done| done == key)) {
        None => Ok(signatures),
        Some(missing) => Err(BumpError::Unsigned(missing)),
    }
}
