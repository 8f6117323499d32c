//! Keys of accounts, and what else names things on the ledger, as text.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use ed25519_dalek::{Signature as Signed, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use stellar_strkey::ed25519::{MuxedAccount as MuxedText, PrivateKey, PublicKey as PublicText};
use stellar_xdr::{
    AccountId, AlphaNum4, AlphaNum12, Asset, DecoratedSignature, Memo, MuxedAccount, PublicKey,
    Signature, SignatureHint, Uint256,
};

use crate::decimal::units;

/// An account's id: its public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key(pub(super) [u8; 32]);

impl Key {
    pub(super) fn account_id(self) -> AccountId {
        AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(self.0)))
    }

    pub(super) fn muxed(self) -> MuxedAccount {
        MuxedAccount::Ed25519(Uint256(self.0))
    }

    /// Whether the signature of `hash` is this key's.
    pub(super) fn verifies(self, hash: &[u8; 32], signature: &DecoratedSignature) -> bool {
        let Ok(bytes) = <[u8; 64]>::try_from(signature.signature.0.as_slice()) else {
            return false;
        };
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        key.verify_strict(hash, &Signed::from_bytes(&bytes)).is_ok()
    }

    /// The last four bytes, which a signature carries.
    pub(super) const fn hint(self) -> [u8; 4] {
        let [.., a, b, c, d] = self.0;
        [a, b, c, d]
    }
}

impl From<&AccountId> for Key {
    fn from(account: &AccountId) -> Self {
        let AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(key))) = account;
        Self(*key)
    }
}

impl From<&MuxedAccount> for Key {
    fn from(account: &MuxedAccount) -> Self {
        match account {
            MuxedAccount::Ed25519(Uint256(key)) => Self(*key),
            MuxedAccount::MuxedEd25519(muxed) => Self(muxed.ed25519.0),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&PublicText(self.0).to_string())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        PublicText::from_string(text).map(|key| Self(key.0)).map_err(drop)
    }
}

/// The key pair of an account. The same name gives the same pair, always: it is for play money only.
#[derive(Clone)]
pub struct Keys(SigningKey);

impl Keys {
    /// The pair that this name stands for.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update("railpoll sandbox account ");
        hash.update(name);
        Self(SigningKey::from_bytes(&hash.finalize().into()))
    }

    /// The account's id, `G…`.
    #[must_use]
    pub fn account(&self) -> String {
        self.key().to_string()
    }

    /// The secret seed, `S…`.
    #[must_use]
    pub fn seed(&self) -> String {
        PrivateKey(self.0.to_bytes()).as_unredacted().to_string().to_string()
    }

    /// The account with a number inside, `M…`.
    #[must_use]
    pub fn muxed(&self, id: u64) -> String {
        MuxedText { ed25519: self.key().0, id }.to_string().to_string()
    }

    pub(super) fn key(&self) -> Key {
        Key(self.0.verifying_key().to_bytes())
    }

    pub(super) fn sign(&self, hash: &[u8; 32]) -> DecoratedSignature {
        let signature = self.0.sign(hash).to_bytes();
        DecoratedSignature {
            hint: SignatureHint(self.key().hint()),
            // 64 bytes always fit.
            signature: Signature(signature.try_into().unwrap_or_default()),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.key()).finish()
    }
}

/// `G…` or `M…`.
pub(super) fn muxed_account(text: &str) -> Option<MuxedAccount> {
    text.parse().ok()
}

/// `native` or `CODE:G…`.
pub(super) fn asset(text: &str) -> Option<Asset> {
    if text == "native" {
        return Some(Asset::Native);
    }
    let (code, issuer) = text.split_once(':')?;
    let issuer = issuer.parse::<Key>().ok()?.account_id();
    if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if code.len() <= 4 {
        let asset_code = code.parse().ok()?;
        return Some(Asset::CreditAlphanum4(AlphaNum4 { asset_code, issuer }));
    }
    let asset_code = code.parse().ok()?;
    Some(Asset::CreditAlphanum12(AlphaNum12 { asset_code, issuer }))
}

/// The code and the issuer. Nothing for lumens.
pub(super) fn code_and_issuer(asset: &Asset) -> Option<(String, Key)> {
    match asset {
        Asset::Native => None,
        Asset::CreditAlphanum4(of) => Some((of.asset_code.to_string(), (&of.issuer).into())),
        Asset::CreditAlphanum12(of) => Some((of.asset_code.to_string(), (&of.issuer).into())),
    }
}

/// The account that makes and takes back the asset. Nothing for lumens.
pub(super) fn issuer(asset: &Asset) -> Option<Key> {
    code_and_issuer(asset).map(|(_, issuer)| issuer)
}

/// As [`asset`] reads it.
pub(super) fn asset_text(asset: &Asset) -> String {
    match code_and_issuer(asset) {
        None => "native".to_owned(),
        Some((code, issuer)) => format!("{code}:{issuer}"),
    }
}

/// An amount in stroops as the network writes it: always seven decimals.
#[must_use]
pub fn decimal(stroops: i64) -> String {
    let sign = if stroops < 0 { "-" } else { "" };
    let (whole, part) = (stroops.unsigned_abs() / 10_000_000, stroops.unsigned_abs() % 10_000_000);
    format!("{sign}{whole}.{part:07}")
}

/// The stroops in a decimal text with at most seven decimals. Nothing, if it is none or does not fit.
#[must_use]
pub fn stroops(decimal: &str) -> Option<i64> {
    i64::try_from(units(decimal, 7)?).ok()
}

/// The type and the value of a memo, as Horizon tells them. Bytes that are no UTF-8 are told as `\u{fffd}`.
pub(super) fn memo_text(memo: &Memo) -> (&'static str, Option<String>) {
    match memo {
        Memo::None => ("none", None),
        Memo::Text(text) => ("text", Some(String::from_utf8_lossy(text.as_slice()).into_owned())),
        Memo::Id(id) => ("id", Some(id.to_string())),
        Memo::Hash(hash) => ("hash", Some(BASE64.encode(hash.0))),
        Memo::Return(hash) => ("return", Some(BASE64.encode(hash.0))),
    }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// A hash from its 64 hex digits.
pub(super) fn hash_of(text: &str) -> Option<[u8; 32]> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_both_ways() {
        for (text, number) in
            [("0.0000001", 1), ("12.5000000", 125_000_000), ("922337203685.4775807", i64::MAX)]
        {
            assert_eq!(stroops(text), Some(number));
            assert_eq!(decimal(number), text);
        }
        assert_eq!(stroops("2.01"), Some(20_100_000));
        assert_eq!(stroops("7"), Some(70_000_000));
        for bad in ["", ".5", "1.12345678", "-1", "1e3", "922337203685.4775808"] {
            assert_eq!(stroops(bad), None, "{bad}");
        }
    }

    #[test]
    fn assets_have_a_text() {
        let issuer = Keys::of("issuer").account();
        for text in ["native".to_owned(), format!("USD:{issuer}"), format!("LONGNAME:{issuer}")] {
            assert_eq!(asset_text(&asset(&text).unwrap()), text);
        }
        for bad in ["", "USD", "USD:G", "THIRTEENCHARS:x", &format!("U D:{issuer}")] {
            assert!(asset(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn hashes_have_a_text() {
        let hash: [u8; 32] = Sha256::digest("x").into();
        assert_eq!(hash_of(&hex(&hash)), Some(hash));
        assert_eq!(hash_of("00"), None);
    }

    #[test]
    fn a_name_is_always_the_same_pair() {
        let (keys, again) = (Keys::of("kim"), Keys::of("kim"));
        assert_eq!(keys.seed(), again.seed());
        assert_ne!(keys.account(), Keys::of("lee").account());
        let hash = [7; 32];
        assert!(again.key().verifies(&hash, &keys.sign(&hash)));
        assert!(!Keys::of("lee").key().verifies(&hash, &keys.sign(&hash)));
        let muxed = muxed_account(&keys.muxed(u64::MAX)).unwrap();
        assert_eq!(Key::from(&muxed), keys.key());
    }
}
