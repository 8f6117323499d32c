//! What a payer attaches to a payment, so that we know what it is for.

use std::fmt;

use thiserror::Error;

/// A memo of the Stellar network. Two memos are the same only if their types are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Memo {
    /// At most 28 bytes.
    Text(String),
    /// A number of 64 bits. It stands for the id of a muxed address too.
    Id(u64),
    /// 32 bytes.
    Hash([u8; 32]),
    /// 32 bytes: the hash of the transaction whose money goes back.
    Return([u8; 32]),
}

/// Why a type and a text are not a memo.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum MemoError {
    /// There is no such type.
    #[error("there is no memo type `{0}`; there are: text, id, hash, return")]
    Type(String),
    /// A text of more bytes than the network takes.
    #[error("a memo of type text has at most {TEXT_MAX} bytes; this one has {0}")]
    Long(usize),
    /// Not a number of 64 bits.
    #[error("a memo of type id is a number up to 18446744073709551615, not `{0}`")]
    Id(String),
    /// Not 32 bytes.
    #[error("a memo of type {0} is 32 bytes in base64 or hexadecimal, not `{1}`")]
    Bytes(&'static str, String),
}

/// Bytes in a memo of type text.
const TEXT_MAX: usize = 28;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Memo {
    /// The words in the column `memo_type`.
    pub const TYPES: [&'static str; 4] = ["text", "id", "hash", "return"];

    /// Reads a memo as tables and files have it: a type, and a text. Hashes are in base64, or in hexadecimal.
    ///
    /// # Errors
    /// [`MemoError`] says what is wrong with it.
    pub fn parse(memo_type: &str, text: &str) -> Result<Self, MemoError> {
        match memo_type {
            "text" if text.len() > TEXT_MAX => Err(MemoError::Long(text.len())),
            "text" => Ok(Self::Text(text.to_owned())),
            "id" => number(text).map(Self::Id).ok_or_else(|| MemoError::Id(text.to_owned())),
            "hash" => bytes("hash", text).map(Self::Hash),
            "return" => bytes("return", text).map(Self::Return),
            other => Err(MemoError::Type(other.to_owned())),
        }
    }

    /// The word in the column `memo_type`.
    #[must_use]
    pub const fn memo_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Id(_) => "id",
            Self::Hash(_) => "hash",
            Self::Return(_) => "return",
        }
    }

    /// The text in the column `memo`: hashes are in base64.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Id(id) => id.to_string(),
            Self::Hash(bytes) | Self::Return(bytes) => to_base64(bytes),
        }
    }
}

impl fmt::Display for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.memo_type(), self.text())
    }
}

/// A number as the network writes it: one number has one text, so `007` and `+7` are none.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn bytes(memo_type: &'static str, text: &str) -> Result<[u8; 32], MemoError> {
    let found = if text.len() == 64 { from_hex(text) } else { from_base64(text) };
    found.ok_or_else(|| MemoError::Bytes(memo_type, text.chars().take(100).collect()))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(out)
}

fn to_base64(bytes: &[u8; 32]) -> String {
    let mut out = String::with_capacity(44);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = usize::try_from(group >> (18 - 6 * place) & 63).unwrap_or_default();
            out.push(if place <= chunk.len() { char::from(BASE64[index]) } else { '=' });
        }
    }
    out
}

/// 32 bytes are 43 digits and one `=`.
fn from_base64(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_suffix('=').filter(|digits| digits.len() == 43)?;
    let (mut out, mut filled) = ([0; 32], 0);
    let (mut group, mut bits) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = BASE64.iter().position(|known| *known == digit)?;
        group = group << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            *out.get_mut(filled)? = u8::try_from(group >> bits & 255).ok()?;
            filled += 1;
            group &= (1 << bits) - 1;
        }
    }
    // Bits that are left over are nothing: else one value had several texts.
    (filled == 32 && group == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_type_is_part_of_a_memo() {
        assert_ne!(Memo::parse("text", "7"), Memo::parse("id", "7"));
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_ne!(Memo::parse("hash", zeros), Memo::parse("return", zeros));
        assert_eq!(Memo::parse("hash", zeros), Ok(Memo::Hash([0; 32])));
        assert_eq!(Memo::parse("hash", &"00".repeat(32)), Ok(Memo::Hash([0; 32])));
    }

    #[test]
    fn what_is_no_memo_is_refused() {
        for (memo_type, text) in [
            ("id", "18446744073709551616"),
            ("id", "+7"),
            ("id", "007"),
            ("id", ""),
            ("text", "12345678901234567890123456789"),
            ("hash", "AAAA"),
            ("hash", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="),
            ("return", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ("hash", "+0000000000000000000000000000000000000000000000000000000000000000"),
            ("none", ""),
        ] {
            assert!(Memo::parse(memo_type, text).is_err(), "{memo_type} {text}");
        }
        let id = Memo::parse("id", "18446744073709551615");
        assert_eq!(id, Ok(Memo::Id(u64::MAX)));
    }

    proptest! {
        #[test]
        fn a_memo_survives_its_text(bytes in any::<[u8; 32]>(), id in any::<u64>(), text in ".{0,7}") {
            for memo in [Memo::Hash(bytes), Memo::Return(bytes), Memo::Id(id), Memo::Text(text.clone())] {
                prop_assert_eq!(Memo::parse(memo.memo_type(), &memo.text()), Ok(memo));
            }
        }

        #[test]
        fn one_hash_has_one_text(text in "[A-Za-z0-9+/]{43}=") {
            if let Ok(memo) = Memo::parse("hash", &text) {
                prop_assert_eq!(memo.text(), text);
            }
        }
    }
}
