//! Bytes as hexadecimal text.

/// Reads just so many bytes.
pub(crate) fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    bytes(text)?.try_into().ok()
}

/// Reads bytes; digits may be of either case.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// Writes bytes.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pairs_of_digits_are_bytes() {
        assert_eq!(bytes("00fFa0"), Some(vec![0, 255, 160]));
        assert_eq!(text(&[0, 255, 160]), "00ffa0");
        for wrong in ["0", "0g", "+1", "0x", "ä"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
        assert_eq!(array::<2>("000102"), None);
    }
}
