//! Addresses of Tari wallets: in base58, hexadecimal or emoji, all of the same bytes.

use std::fmt;
use std::str::FromStr;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::traits::IsIdentity as _;
use thiserror::Error;

use super::hex;

/// One code point for each byte.
const EMOJI: &str = include_str!("emoji.txt");
/// Network, features, spend key, checksum.
const SINGLE: usize = 35;
/// The same with a view key before the spend key.
const DUAL: usize = 67;
/// What an address can be paid by: one-sided, and interactively.
const FEATURES: u8 = 0b11;

/// The address of a wallet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TariAddress(Vec<u8>);

/// Why a text is no address of a wallet.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum AddressError {
    /// It is neither base58 nor hexadecimal nor emoji, or not of 35 or 67 bytes.
    #[error("the address is not the base58, hexadecimal or emoji text of 35 or 67 bytes")]
    Malformed,
    /// A letter of it is wrong.
    #[error("the checksum of the address is wrong")]
    Checksum,
    /// It says that it can be paid in a way that is not known.
    #[error("the address has features that are not known: {0}")]
    Features(u8),
    /// What stands for a key is none.
    #[error("the address holds a key that is none")]
    Key,
}

impl TariAddress {
    /// An address as bytes, with the checksum.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AddressError> {
        if bytes.len() != SINGLE && bytes.len() != DUAL {
            return Err(AddressError::Malformed);
        }
        if checksum(bytes) != 0 {
            return Err(AddressError::Checksum);
        }
        let address = Self(bytes.to_vec());
        if address.features() & !FEATURES != 0 {
            return Err(AddressError::Features(address.features()));
        }
        let mut keys = address.0[2..bytes.len() - 1].chunks_exact(32);
        if keys.all(|key| key.try_into().is_ok_and(|key| point(key).is_some())) {
            Ok(address)
        } else {
            Err(AddressError::Key)
        }
    }

    /// The address of these parts.
    pub(crate) fn of_key(network: u8, features: u8, key: &[u8; 32]) -> Result<Self, AddressError> {
        let mut bytes = [&[network, features], key.as_slice()].concat();
        // The last byte takes what is left of the sum.
        bytes.push(checksum(&bytes));
        Self::from_bytes(&bytes)
    }

    /// The network: 0 is the main one.
    #[must_use]
    pub fn network(&self) -> u8 {
        self.0[0]
    }

    /// How it can be paid: 1 one-sided, 2 interactively.
    #[must_use]
    pub fn features(&self) -> u8 {
        self.0[1]
    }

    /// The key that signs for it.
    #[must_use]
    pub fn spend_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(&self.0[self.0.len() - 33..self.0.len() - 1]);
        key
    }

    /// Its text: what we know a wallet by.
    #[must_use]
    pub fn base58(&self) -> String {
        // Each of the first two is a text of its own.
        let parts = [&self.0[..1], &self.0[1..2], &self.0[2..]];
        parts.map(to_base58).concat()
    }

    /// The same in emoji.
    #[must_use]
    pub fn emoji(&self) -> String {
        self.0.iter().filter_map(|byte| EMOJI.chars().nth(usize::from(*byte))).collect()
    }

    /// The same in hexadecimal.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::text(&self.0)
    }
}

/// The point that a key is, if it is its one encoding, and not that of nothing.
pub(crate) fn point(key: [u8; 32]) -> Option<RistrettoPoint> {
    CompressedRistretto(key).decompress().filter(|point| !point.is_identity())
}

/// What is left over all bytes: nothing, if the last is right.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |rest, byte| {
        let mixed = rest ^ byte;
        // Twice as much in the field of 256 elements.
        let over = if mixed & 0x80 == 0 { 0 } else { 0x1b };
        (mixed << 1) ^ over
    })
}

fn to_base58(bytes: &[u8]) -> String {
    let mut text = [0; 2 * DUAL];
    let length = bs58::encode(bytes).onto(text.as_mut_slice()).unwrap_or(0);
    String::from_utf8_lossy(&text[..length]).into_owned()
}

fn from_base58(text: &str) -> Option<Vec<u8>> {
    let mut letters = text.char_indices();
    let (_, second) = (letters.next()?, letters.next()?.0);
    let (rest, _) = letters.next()?;
    let mut bytes = Vec::with_capacity(DUAL);
    for part in [&text[..second], &text[second..rest], &text[rest..]] {
        let mut read = [0; DUAL];
        let length = bs58::decode(part).onto(read.as_mut_slice()).ok()?;
        bytes.extend_from_slice(&read[..length]);
    }
    Some(bytes)
}

fn from_emoji(text: &str) -> Option<Vec<u8>> {
    let byte = |letter: char| EMOJI.chars().position(|known| known == letter);
    text.chars().map(|letter| byte(letter).and_then(|byte| u8::try_from(byte).ok())).collect()
}

impl FromStr for TariAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        // Four bytes are an emoji, and none are that long.
        if text.len() > 4 * DUAL {
            return Err(AddressError::Malformed);
        }
        let is_hex = text.len() == 2 * SINGLE || text.len() == 2 * DUAL;
        let bytes = match text.chars().next() {
            Some(first) if !first.is_ascii() => from_emoji(text),
            Some(_) if is_hex => hex::bytes(text),
            Some(_) => from_base58(text),
            None => None,
        };
        Self::from_bytes(&bytes.ok_or(AddressError::Malformed)?)
    }
}

impl fmt::Display for TariAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base58())
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    const ADDRESS: &str = "14s9vDTwrweZvWEgQ9gNhXXPX68DPXSSAHNFWYEPi5JsBQY";

    #[test]
    fn the_table_of_emoji_is_the_known_one() {
        assert_eq!((EMOJI.len(), EMOJI.chars().count()), (1020, 256));
        let hash: [u8; 32] = Sha256::digest(EMOJI).into();
        let known = "993865fde3ad66a36b51811eca899c55f7d8ebd4070352f5d34d4a38627f2c1f";
        assert_eq!(hex::text(&hash), known);
        for (index, code) in [(0, '\u{1F422}'), (125, '\u{1F98B}'), (255, '\u{1F9F2}')] {
            assert_eq!(EMOJI.chars().nth(index), Some(code));
        }
    }

    #[test]
    fn an_address_is_the_same_in_base58_in_hexadecimal_and_in_emoji() {
        let address: TariAddress = ADDRESS.parse().unwrap();
        assert_eq!((address.network(), address.features()), (0, 3));
        assert_eq!(address.to_string(), ADDRESS);
        for text in [address.emoji(), address.hex(), address.hex().to_uppercase()] {
            assert_eq!(text.parse().as_ref(), Ok(&address), "{text}");
        }
        assert_eq!(address.emoji().chars().count(), 35);
        let other = TariAddress::of_key(0x26, 1, &address.spend_key()).unwrap();
        assert_eq!(other.base58().parse().as_ref(), Ok(&other));
        assert_ne!(other, address, "of another network");
    }

    #[test]
    fn one_with_a_view_key_signs_with_its_last_key() {
        let single: TariAddress = ADDRESS.parse().unwrap();
        let view: TariAddress = "14wqR3rjyVbjgXDyLVaL97p3CksHc84cz9hLLMMTMYDjtBt".parse().unwrap();
        let mut bytes = [&[0, 3], view.spend_key().as_slice(), &single.spend_key()].concat();
        bytes.push(checksum(&bytes));
        let dual = TariAddress::from_bytes(&bytes).unwrap();
        assert_eq!(dual.spend_key(), single.spend_key());
        for text in [dual.base58(), dual.hex(), dual.emoji()] {
            assert_eq!(text.parse().as_ref(), Ok(&dual), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let address: TariAddress = ADDRESS.parse().unwrap();
        let told = |text: &str| text.parse::<TariAddress>().unwrap_err();
        for text in ["", "1", "14", "14I", "0O", "🐢", &format!("{ADDRESS} "), &"1".repeat(500)] {
            assert_eq!(told(text), AddressError::Malformed, "{text}");
        }
        assert_eq!(told(&ADDRESS.replace("QY", "QZ")), AddressError::Checksum);
        let features = TariAddress::of_key(0, 8, &address.spend_key());
        assert_eq!(features, Err(AddressError::Features(8)));
        assert_eq!(TariAddress::of_key(0, 3, &[0; 32]), Err(AddressError::Key), "of nothing");
        assert_eq!(TariAddress::of_key(0, 3, &[0xff; 32]), Err(AddressError::Key));
    }

    #[test]
    fn every_wrong_byte_is_noticed() {
        let bytes = ADDRESS.parse::<TariAddress>().unwrap().0;
        for at in 0..bytes.len() {
            for flip in 1..=255 {
                let mut wrong = bytes.clone();
                wrong[at] ^= flip;
                assert_ne!(checksum(&wrong), 0, "byte {at}, {flip}");
            }
        }
    }
}
