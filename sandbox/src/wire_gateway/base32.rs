//! Base32 as Crockford has it and Taler uses it: the highest bits first, the last digit filled with zeros.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

/// People mistake some letters for others: that is part of the alphabet.
static CROCKFORD: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    specification.translate.from.push_str("abcdefghjkmnpqrstvwxyzOoIiLlUu");
    specification.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111VV");
    // There is one: the tests encode with it.
    specification.encoding().ok()
});

/// The text for some bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    CROCKFORD.as_ref().map(|crockford| crockford.encode(bytes)).unwrap_or_default()
}

/// The `N` bytes of a text. Nothing, if it is of another length, or the bits that are left over are not zero.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    CROCKFORD.as_ref()?.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_lengths_that_taler_knows() {
        assert_eq!(encode(&[0; 32]).len(), 52);
        assert_eq!(encode(&[0; 64]).len(), 103);
        assert_eq!(encode(&[0xFF; 5]), "ZZZZZZZZ");
        assert_eq!(encode(&[0b0000_1000, 0b0100_0011]), "111G");
        assert_eq!(encode(b"foobar"), "CSQPYRK1E8");
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for seed in 0..50_u8 {
            let bytes: [u8; 64] = std::array::from_fn(|at| {
                u8::try_from(at).unwrap().wrapping_mul(seed).wrapping_add(seed)
            });
            let text = encode(&bytes);
            assert_eq!(decode::<64>(&text), Some(bytes));
            assert_eq!(decode::<64>(&text.to_lowercase()), Some(bytes));
        }
    }

    #[test]
    fn mistaken_letters_are_forgiven_and_nothing_else_is() {
        assert_eq!(decode::<5>("OoIiLlUu"), decode::<5>("001111VV"));
        for text in ["0000000", "000000000", "0000000*", "0000000 "] {
            assert_eq!(decode::<5>(text), None, "{text}");
        }
        assert_eq!(decode::<1>("ZW"), Some([0xFF]));
        assert_eq!(decode::<1>("ZX"), None, "a bit is left over");
    }
}
