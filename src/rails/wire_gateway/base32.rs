//! Crockford's base32, as Taler writes keys and hashes: most significant bit first, the last digit filled with zeros.

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `bytes` in base32.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut held, mut bits) = (0u16, 0u32);
    for byte in bytes {
        held = (held << 8) | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(digit(held << (5 - bits)));
    }
    text
}

fn digit(value: u16) -> char {
    let digit = DIGITS.get(usize::from(value & 31));
    char::from(digit.copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_hashes_have_their_length() {
        assert_eq!(encode(&[0; 32]), "0".repeat(52));
        assert_eq!(encode(&[0; 64]), "0".repeat(103));
        assert_eq!(encode(&[0xff; 32]), format!("{}G", "Z".repeat(51)));
        assert_eq!(encode(&[0xff; 64]), format!("{}R", "Z".repeat(102)));
    }

    #[test]
    fn bits_are_taken_from_the_top() {
        assert_eq!(encode(&[]), "");
        assert_eq!(encode(b"f"), "CR");
        assert_eq!(encode(b"foobar"), "CSQPYRK1E8");
        assert_eq!(encode(&[0b0000_1000, 0b0100_0011]), "111G");
    }
}
