//! The seeds that sign: read once, never printed, wiped when they are dropped.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use stellar_strkey::ed25519::{PrivateKey, PublicKey};
use stellar_xdr::{DecoratedSignature, Signature, SignatureHint};
use thiserror::Error;

/// Keys of accounts. Nothing that can be done with them tells a seed.
#[derive(Default)]
pub struct Keys(Vec<SigningKey>);

/// A line of a file of seeds that is none. What stands in it is not told.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
#[error("line {line} is no seed: S… is expected, one in a line")]
pub struct NoSeed {
    /// Counted from 1.
    pub line: usize,
}

impl Keys {
    /// Reads seeds `S…`, one in a line. Empty lines, and lines that begin with `#`, are passed over.
    ///
    /// # Errors
    /// A line is something else.
    pub fn parse(text: &str) -> Result<Self, NoSeed> {
        let mut keys = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let seed = PrivateKey::from_string(text).map_err(|_| NoSeed { line })?;
            keys.push(SigningKey::from_bytes(&seed.0));
        }
        Ok(Self(keys))
    }

    /// The accounts whose master keys these are, `G…`, in the order of the seeds.
    #[must_use]
    pub fn accounts(&self) -> Vec<String> {
        self.0.iter().map(address).collect()
    }

    /// The signature of `account`'s key under `hash`. None if we do not hold that key.
    pub(super) fn sign(&self, account: &str, hash: &[u8; 32]) -> Option<DecoratedSignature> {
        let PublicKey(public) = PublicKey::from_string(account).ok()?;
        let key = self.0.iter().find(|key| key.verifying_key().as_bytes() == &public)?;
        let signature = Signature(key.sign(hash).to_bytes().try_into().ok()?);
        Some(DecoratedSignature { hint: hint(&public), signature })
    }
}

/// How the ledger finds the key of a signature: its last four bytes.
pub(super) const fn hint(public: &[u8; 32]) -> SignatureHint {
    let [.., a, b, c, d] = *public;
    SignatureHint([a, b, c, d])
}

fn address(key: &SigningKey) -> String {
    PublicKey(key.verifying_key().to_bytes()).to_string().as_str().to_owned()
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.accounts()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for tests, and of no account anywhere.
    const SEED: &str = "SAAACAQDAQCQMBYIBEFAWDANBYHRAEISCMKBKFQXDAMRUGY4DUPB6NKI";
    const ACCOUNT: &str = "GB43KVROR7TFJ6KAPCYRF2FJROTZAH4FHLTJLPWX4DRZCC5NASLGITR6";

    #[test]
    fn a_file_of_seeds_is_read_and_not_printed() {
        let keys = Keys::parse(&format!("# distribution\n\n  {SEED}\r\n")).unwrap();
        assert_eq!(keys.accounts().len(), 1);
        let account = keys.accounts().remove(0);
        assert!(account.starts_with('G') && account.len() == 56, "{account}");
        let printed = format!("{keys:?} {keys:#?}");
        assert!(printed.contains(&account), "{printed}");
        assert!(!printed.contains(SEED) && !printed.contains("0, 1, 2, 3"), "{printed}");
    }

    #[test]
    fn a_bad_line_is_named_and_not_quoted() {
        let broken = SEED.replace("ACAQ", "ACAA");
        for wrong in [broken.as_str(), ACCOUNT, "seed", "S"] {
            let error = Keys::parse(&format!("{SEED}\n{wrong}\n")).unwrap_err();
            assert_eq!(error, NoSeed { line: 2 }, "{wrong}");
            assert!(!error.to_string().contains(wrong) || wrong == "seed" || wrong == "S");
        }
    }

    #[test]
    fn only_its_own_account_is_signed_for() {
        let keys = Keys::parse(SEED).unwrap();
        let account = keys.accounts().remove(0);
        let signed = keys.sign(&account, &[7; 32]).unwrap();
        assert_eq!(signed.signature.0.len(), 64);
        assert_eq!(keys.sign(&account, &[7; 32]), Some(signed), "the same each time");
        assert_eq!(keys.sign(ACCOUNT, &[7; 32]), None);
    }
}
