//! What a wallet tells: payments that it has got, and that they are final. Each with its signature and a rising nonce.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use super::{TariAddress, TariSignature};

const TAG: &str = "WalletSignature.v1.challenge";

/// A wallet that may tell us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletRegistration {
    /// Its address.
    pub address: TariAddress,
    /// Where it calls from.
    pub ip_address: IpAddr,
    /// The nonce of what it told last.
    pub last_nonce: i64,
}

/// Who tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletAuth {
    /// The wallet.
    pub address: TariAddress,
    /// Above that of all that it told before.
    pub nonce: i64,
    /// Under the address, the nonce, and what is told.
    pub signature: TariSignature,
}

/// A payment that a wallet has got. Its JSON is ours: these keys in this order, and no blanks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletPayment {
    /// Who paid.
    pub sender: TariAddress,
    /// In millionths.
    pub amount: u64,
    /// The network's id of it.
    pub txid: String,
    /// The memo that it carries.
    pub memo: Option<String>,
    /// The order that it names.
    pub order_id: Option<String>,
}

/// That a payment is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletConfirmation {
    /// The network's id of it.
    pub txid: String,
}

/// Why a wallet is not heard. Which of them it is is for the log, and not for the caller.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum WalletRefusal {
    /// It is not registered.
    #[error("the wallet is not registered")]
    Unknown,
    /// The signature is not of what is told.
    #[error("the wallet's signature is not under this")]
    Signature,
    /// It calls from elsewhere.
    #[error("the wallet calls from another address")]
    Caller,
    /// The nonce is not above the last.
    #[error("the nonce {told} is not above {last}")]
    Nonce {
        /// The nonce told.
        told: i64,
        /// The last one.
        last: i64,
    },
}

/// Whether a wallet is heard: it is registered, has signed just this, calls from where it is, and its nonce rises.
///
/// What it answers is the nonce to be stored with the fact, in its transaction: a try that failed can be made again.
/// `told` is a [`WalletPayment`] or a [`WalletConfirmation`].
///
/// # Errors
/// [`WalletRefusal`].
pub fn admit<T: Serialize>(
    registration: Option<&WalletRegistration>,
    auth: &WalletAuth,
    told: &T,
    caller: IpAddr,
) -> Result<i64, WalletRefusal> {
    let known = registration
        .filter(|registration| registration.address == auth.address)
        .ok_or(WalletRefusal::Unknown)?;
    let json = serde_json::to_string(told).map_err(|_| WalletRefusal::Signature)?;
    let message = format!("{}:{}:{json}", auth.address.emoji(), auth.nonce);
    if !auth.signature.is_by(&auth.address.spend_key(), TAG, message.as_bytes()) {
        return Err(WalletRefusal::Signature);
    }
    if caller.to_canonical() != known.ip_address.to_canonical() {
        return Err(WalletRefusal::Caller);
    }
    if auth.nonce <= known.last_nonce {
        return Err(WalletRefusal::Nonce { told: auth.nonce, last: known.last_nonce });
    }
    Ok(auth.nonce)
}

impl Serialize for TariAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.base58())
    }
}

impl<'de> Deserialize<'de> for TariAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for WalletAuth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct ToldAuth {
            address: TariAddress,
            nonce: i64,
            signature: String,
        }
        let told = ToldAuth::deserialize(deserializer)?;
        let signature = TariSignature::from_hex(&told.signature).ok_or_else(|| {
            serde::de::Error::custom("signature: 128 hexadecimal digits are expected")
        })?;
        Ok(Self { address: told.address, nonce: told.nonce, signature })
    }
}
