//! Base32 as Crockford has it and Taler uses it: the highest bits first, the last digit filled with zeros.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The text for some bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let digits = (bytes.len() * 8).div_ceil(5);
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| usize::from(byte >> (7 - at % 8)) & 1);
    let digit = |n: usize| (0..5).fold(0, |value, place| value << 1 | bit(n * 5 + place));
    (0..digits).map(|n| char::from(ALPHABET[digit(n)])).collect()
}

/// The `N` bytes of a text. Nothing, if it is of another length, or the bits that are left over are not zero.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != (N * 8).div_ceil(5) {
        return None;
    }
    for (n, digit) in text.bytes().enumerate() {
        let value = value(digit)?;
        for place in 0..5 {
            let set = value >> (4 - place) & 1;
            let at = n * 5 + place;
            match bytes.get_mut(at / 8) {
                Some(byte) => *byte |= set << (7 - at % 8),
                None if set == 1 => return None,
                None => {}
            }
        }
    }
    Some(bytes)
}

/// The value of a digit. People mistake some letters for others: that is part of the alphabet.
fn value(digit: u8) -> Option<u8> {
    let digit = match digit.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        b'U' => b'V',
        digit => digit,
    };
    ALPHABET.iter().position(|known| *known == digit).and_then(|at| u8::try_from(at).ok())
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
