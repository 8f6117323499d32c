//! Claims in memos: who holds a wallet signs that it pays an order.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::{AddressError, TariAddress, TariSignature};
use crate::engine::order::ClaimTold;

const TAG: &str = "MemoSignature.v1.challenge";

/// A claim: a wallet's signature under an order's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoClaim {
    /// Whose signature it is.
    pub address: TariAddress,
    /// The order that it names.
    pub order_id: String,
    signature: TariSignature,
}

/// Why an object is no claim. That its signature is wrong is another matter.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum ClaimError {
    /// It is not `{address, order_id, signature}`.
    #[error("a claim is {{address, order_id, signature}}, three texts")]
    Malformed,
    /// The address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The signature is none.
    #[error(
        "a signature is 128 hexadecimal digits: a point and a number, each in its one encoding"
    )]
    Signature,
}

#[derive(Deserialize)]
struct ToldClaim {
    address: String,
    order_id: String,
    signature: String,
}

impl MemoClaim {
    /// Reads a claim.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn parse(json: &str) -> Result<Self, ClaimError> {
        Self::of(serde_json::from_str(json).map_err(|_| ClaimError::Malformed)?)
    }

    fn of(told: ToldClaim) -> Result<Self, ClaimError> {
        let signature = TariSignature::from_hex(&told.signature).ok_or(ClaimError::Signature)?;
        Ok(Self { address: told.address.parse()?, order_id: told.order_id, signature })
    }

    /// Whether its signature is right.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let message = format!("{}:{}", self.address.base58(), self.order_id);
        self.signature.is_by(&self.address.spend_key(), TAG, message.as_bytes())
    }
}

/// What a memo or a note is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemoRead {
    /// A text.
    Plain,
    /// A claim, and its signature is right.
    Claim(Box<MemoClaim>),
    /// An object that is meant to be a claim, and is none.
    Bad,
}

impl MemoRead {
    /// The same for the reading of references, with the address as we know wallets by.
    #[must_use]
    pub fn told<'a>(&'a self, address: &'a str) -> ClaimTold<'a> {
        match self {
            Self::Plain => ClaimTold::Absent,
            Self::Claim(claim) => ClaimTold::Signed { address, order_id: &claim.order_id },
            Self::Bad => ClaimTold::Bad,
        }
    }

    /// The claim's address as we know wallets by. Nothing, where there is no claim.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Claim(claim) => claim.address.base58(),
            Self::Plain | Self::Bad => String::new(),
        }
    }
}

/// Reads a memo: a claim stands bare in it, or under `claim`. What is no JSON object, or has no part of a claim, is a text.
#[must_use]
pub fn read_memo(memo: &str) -> MemoRead {
    let Ok(Value::Object(mut object)) = serde_json::from_str(memo) else { return MemoRead::Plain };
    let claim = match object.remove("claim") {
        Some(claim) => claim,
        None if object.contains_key("signature") => Value::Object(object),
        None => return MemoRead::Plain,
    };
    let claim = serde_json::from_value(claim).ok().and_then(|told| MemoClaim::of(told).ok());
    claim
        .filter(MemoClaim::is_valid)
        .map_or(MemoRead::Bad, |claim| MemoRead::Claim(Box::new(claim)))
}
