//! Schnorr's signatures over ristretto255, as Tari's wallets make them.

use blake2::{Blake2b512, Digest as _};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;

use crate::addresses::hex;
use crate::addresses::tari::point;

/// A signature: a point R and a number s. Both have one encoding only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TariSignature {
    nonce: [u8; 32],
    nonce_point: RistrettoPoint,
    answer: Scalar,
}

impl TariSignature {
    /// Reads 64 bytes. None if either half is not the one encoding of what it is.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Option<Self> {
        let (mut nonce, mut answer) = ([0; 32], [0; 32]);
        nonce.copy_from_slice(&bytes[..32]);
        answer.copy_from_slice(&bytes[32..]);
        let nonce_point = CompressedRistretto(nonce).decompress()?;
        let answer = Option::from(Scalar::from_canonical_bytes(answer))?;
        Some(Self { nonce, nonce_point, answer })
    }

    /// Reads 128 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(&hex::array(text)?)
    }

    /// Whether it is `key`'s signature under `message`, for the purpose that `tag` names.
    ///
    /// All that is here is public. The points are compared in constant time all the same.
    #[must_use]
    pub fn is_by(&self, key: &[u8; 32], tag: &str, message: &[u8]) -> bool {
        let Some(public) = point(*key) else { return false };
        let hash = hash_of([tag.as_bytes(), &self.nonce, key, message]);
        let challenge = Scalar::from_bytes_mod_order_wide(&hash);
        // sG = R + eP, with all of it on one side but R.
        let found =
            RistrettoPoint::vartime_double_scalar_mul_basepoint(&-challenge, &public, &self.answer);
        found == self.nonce_point
    }
}

/// Blake2b-512 of parts, each after its length: no two lists of parts are the same bytes.
#[must_use]
pub fn hash_of<const N: usize>(parts: [&[u8]; N]) -> [u8; 64] {
    let mut hash = Blake2b512::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Signs, for tests: `secret` and `nonce` are any numbers.
#[cfg(test)]
pub(super) fn sign(secret: u64, nonce: u64, tag: &str, message: &[u8]) -> ([u8; 32], String) {
    let (secret, nonce) = (Scalar::from(secret), Scalar::from(nonce));
    let of = |scalar: &Scalar| RistrettoPoint::mul_base(scalar).compress().to_bytes();
    let (key, public_nonce) = (of(&secret), of(&nonce));
    let hash = hash_of([tag.as_bytes(), &public_nonce, &key, message]);
    let answer = nonce + Scalar::from_bytes_mod_order_wide(&hash) * secret;
    (key, hex::text(&public_nonce) + &hex::text(answer.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_key_one_purpose_and_one_message() {
        let (key, text) = sign(7, 11, "tag", b"message");
        let signature = TariSignature::from_hex(&text).unwrap();
        assert!(signature.is_by(&key, "tag", b"message"));
        assert!(!signature.is_by(&key, "tagm", b"essage"), "lengths are part of it");
        assert!(!signature.is_by(&key, "tag", b"Message"));
        let (other, _) = sign(8, 11, "tag", b"message");
        assert!(!signature.is_by(&other, "tag", b"message"));
        assert!(!signature.is_by(&[0; 32], "tag", b"message"));
        assert!(!signature.is_by(&[0xff; 32], "tag", b"message"));
    }

    #[test]
    fn nobody_signs_for_the_key_of_nothing() {
        // With P = 0 the equation is sG = R, which anybody can meet.
        let (r, s) =
            (RistrettoPoint::mul_base(&Scalar::from(5_u64)).compress(), Scalar::from(5_u64));
        let text = hex::text(r.as_bytes()) + &hex::text(s.as_bytes());
        let forged = TariSignature::from_hex(&text).unwrap();
        assert!(!forged.is_by(&[0; 32], "tag", b"message"));
    }

    #[test]
    fn what_has_another_encoding_is_no_signature() {
        let (_, text) = sign(7, 11, "tag", b"message");
        assert!(TariSignature::from_hex(&text).is_some());
        // The order of the group: 0 once more.
        let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        assert!(TariSignature::from_hex(&format!("{}{order}", &text[..64])).is_none());
        let p = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
        assert!(TariSignature::from_hex(&format!("{p}{}", &text[64..])).is_none());
        for wrong in ["", &text[1..], &format!("{text}00"), &text.replace(&text[..2], "zz")] {
            assert!(TariSignature::from_hex(wrong).is_none(), "{wrong}");
        }
    }
}
