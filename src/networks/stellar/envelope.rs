//! Envelopes: a transaction, its hash, and the signatures that it has.

use chrono::{DateTime, Utc};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha256};
use stellar_xdr::{
    ClaimableBalanceId, DecoratedSignature, Hash, HashIdPreimage, HashIdPreimageOperationId,
    Limits, OperationBody, Preconditions, ReadXdr as _, TransactionEnvelope, TransactionV1Envelope,
    VecM, WriteXdr as _,
};
use thiserror::Error;

use super::address::Address;
use super::keys::{Keys, hint};
use super::plan::{BuildError, EnvelopePlan};
use super::signers::{Authority, Missing};

/// No envelope of ours is larger: a hundred operations of 200 bytes, and twenty signatures.
const XDR_MAX: Limits = Limits { depth: 100, len: 256 * 1024 };

/// Which ledger a signature is for: the hash of the network's passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkId([u8; 32]);

impl NetworkId {
    /// The network whose passphrase this is, such as `Test SDF Network ; September 2015`.
    #[must_use]
    pub fn new(passphrase: &str) -> Self {
        Self(Sha256::digest(passphrase).into())
    }

    pub(super) const fn bytes(self) -> [u8; 32] {
        self.0
    }
}

/// A transaction of ours with its signatures, or some of them. Its hash is fixed; signatures are not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    hash: [u8; 32],
    pub(super) inner: TransactionV1Envelope,
    pub(super) network: NetworkId,
}

/// Why a text is not an envelope that we can use, or its signatures are not.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Not the ledger's form of an envelope, in base64.
    #[error("this is not an envelope: {0}")]
    Unreadable(String),
    /// A fee bump, or a transaction of an old form.
    #[error("this is an envelope of another kind: a transaction of version 1 is expected")]
    Kind,
    /// Somebody signed something else.
    #[error("this is transaction {found}, and not {wanted}")]
    Other {
        /// The hash of what was given.
        found: String,
        /// The hash of what is to be signed.
        wanted: String,
    },
}

impl Envelope {
    /// The envelope of `plan`, still without signatures.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(plan: &EnvelopePlan, network: NetworkId) -> Result<Self, BuildError> {
        let tx = plan.transaction()?;
        let inner = TransactionV1Envelope { tx, signatures: VecM::default() };
        Self::of(inner, network).map_err(|error| BuildError::Form(error.to_string()))
    }

    /// Reads an envelope as it was stored, or as somebody signed it.
    ///
    /// # Errors
    /// It is none, or of another kind.
    pub fn parse(xdr_base64: &str, network: NetworkId) -> Result<Self, EnvelopeError> {
        let unreadable = |error: stellar_xdr::Error| EnvelopeError::Unreadable(error.to_string());
        let envelope =
            TransactionEnvelope::from_xdr_base64(xdr_base64.trim(), XDR_MAX).map_err(unreadable)?;
        match envelope {
            TransactionEnvelope::Tx(inner) => Self::of(inner, network).map_err(unreadable),
            TransactionEnvelope::TxV0(_) | TransactionEnvelope::TxFeeBump(_) => {
                Err(EnvelopeError::Kind)
            }
        }
    }

    fn of(inner: TransactionV1Envelope, network: NetworkId) -> Result<Self, stellar_xdr::Error> {
        Ok(Self { hash: inner.hash(network.bytes())?, inner, network })
    }

    /// What the network takes, and we store: the ledger's form in base64, with the signatures.
    ///
    /// # Errors
    /// [`BuildError::Form`], never for an envelope that was built or read.
    pub fn to_xdr_base64(&self) -> Result<String, BuildError> {
        TransactionEnvelope::Tx(self.inner.clone())
            .to_xdr_base64(Limits::none())
            .map_err(|error| BuildError::Form(error.to_string()))
    }

    /// The hash by which the network knows the transaction, in hexadecimal.
    #[must_use]
    pub fn hash_hex(&self) -> String {
        hex(&self.hash)
    }

    /// The account whose sequence number is used, `G…`.
    #[must_use]
    pub fn source(&self) -> String {
        Address::from_xdr(self.inner.tx.source_account.clone()).account()
    }

    /// The sequence number that is used up.
    #[must_use]
    pub const fn sequence(&self) -> i64 {
        self.inner.tx.seq_num.0
    }

    /// How many operations there are.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.inner.tx.operations.len()
    }

    /// Stroops, for all operations together: the most that it costs.
    #[must_use]
    pub const fn fee(&self) -> u32 {
        self.inner.tx.fee
    }

    /// When the ledger begins to refuse it. None if it never does; an envelope of ours always has such a time.
    #[must_use]
    pub fn max_time(&self) -> Option<DateTime<Utc>> {
        let bounds = match &self.inner.tx.cond {
            Preconditions::None => None,
            Preconditions::Time(bounds) => Some(bounds),
            Preconditions::V2(conditions) => conditions.time_bounds.as_ref(),
        };
        let max_time = bounds.map(|bounds| bounds.max_time.0).filter(|max_time| *max_time > 0)?;
        DateTime::from_timestamp(i64::try_from(max_time).ok()?, 0)
    }

    /// The id of the claimable balance that each operation creates, in hexadecimal as Horizon writes it. None for an
    /// operation that creates none.
    ///
    /// # Errors
    /// [`BuildError::Form`], never for an envelope that was built or read.
    pub fn balance_ids(&self) -> Result<Vec<Option<String>>, BuildError> {
        let operations = (0..).zip(self.inner.tx.operations.iter());
        let ids = operations.map(|(op_num, operation)| {
            let creates = matches!(operation.body, OperationBody::CreateClaimableBalance(_));
            creates.then(|| self.balance_id(op_num)).transpose()
        });
        ids.collect::<Result<_, _>>()
            .map_err(|error: stellar_xdr::Error| BuildError::Form(error.to_string()))
    }

    fn balance_id(&self, op_num: u32) -> Result<String, stellar_xdr::Error> {
        let source = Address::from_xdr(self.inner.tx.source_account.clone());
        let preimage = HashIdPreimage::OpId(HashIdPreimageOperationId {
            source_account: source.account_id(),
            seq_num: self.inner.tx.seq_num.clone(),
            op_num,
        });
        let hash = Sha256::digest(preimage.to_xdr(Limits::none())?);
        let id = ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash(hash.into()));
        Ok(hex(&id.to_xdr(Limits::none())?))
    }

    /// Signs with the keys that we hold, as far as signatures are wanted.
    ///
    /// # Errors
    /// [`BuildError::Form`] if there is no room for one more.
    pub fn sign(&mut self, keys: &Keys, authorities: &[Authority]) -> Result<(), BuildError> {
        for authority in authorities {
            self.fill(authority, |signer, hash| keys.sign(signer, hash))?;
        }
        Ok(())
    }

    /// Takes over the signatures of `signed`, the same transaction signed by somebody else, as far as they are wanted.
    /// Tells how many were.
    ///
    /// # Errors
    /// It is not the same transaction, or there is no room for one more.
    pub fn take_signatures(
        &mut self,
        signed: &Self,
        authorities: &[Authority],
    ) -> Result<usize, EnvelopeError> {
        if signed.hash != self.hash {
            return Err(EnvelopeError::Other { found: signed.hash_hex(), wanted: self.hash_hex() });
        }
        let before = self.inner.signatures.len();
        for authority in authorities {
            self.fill(authority, |signer, hash| signed.signature_of(signer, hash).cloned())
                .map_err(|error| EnvelopeError::Unreadable(error.to_string()))?;
        }
        Ok(self.inner.signatures.len().saturating_sub(before))
    }

    /// What is still missing before the ledger takes it. Nothing if it can be sent.
    #[must_use]
    pub fn missing(&self, authorities: &[Authority]) -> Vec<Missing> {
        authorities
            .iter()
            .filter_map(|authority| authority.missing(|key| self.is_signed_by(key)))
            .collect()
    }

    /// Adds signatures of an account's signers until their weight is enough. The ledger refuses more than are needed.
    fn fill(
        &mut self,
        authority: &Authority,
        sign: impl Fn(&str, &[u8; 32]) -> Option<DecoratedSignature>,
    ) -> Result<(), BuildError> {
        let Some(missing) = self.missing(std::slice::from_ref(authority)).pop() else {
            return Ok(());
        };
        let mut weight = missing.weight;
        for signer in &missing.signers {
            if weight == 0 {
                break;
            }
            if let Some(signature) = sign(&signer.key, &self.hash) {
                self.push(signature)?;
                weight = weight.saturating_sub(signer.weight);
            }
        }
        Ok(())
    }

    fn push(&mut self, signature: DecoratedSignature) -> Result<(), BuildError> {
        let mut signatures = self.inner.signatures.to_vec();
        signatures.push(signature);
        self.inner.signatures = signatures
            .try_into()
            .map_err(|error: stellar_xdr::Error| BuildError::Form(error.to_string()))?;
        Ok(())
    }

    fn is_signed_by(&self, signer: &str) -> bool {
        self.signature_of(signer, &self.hash).is_some()
    }

    /// The signature of `signer` under `hash`, if it is here and is right.
    fn signature_of(&self, signer: &str, hash: &[u8; 32]) -> Option<&DecoratedSignature> {
        let address: Address = signer.parse().ok()?;
        let public = VerifyingKey::from_bytes(address.key()).ok()?;
        self.inner.signatures.iter().find(|signed| {
            signed.hint == hint(address.key())
                && ed25519_dalek::Signature::from_slice(&signed.signature.0)
                    .is_ok_and(|signature| public.verify_strict(hash, &signature).is_ok())
        })
    }
}

/// Bytes in hexadecimal, small letters.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
