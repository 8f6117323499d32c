//! PostgreSQL's binary `numeric`, read to the last decimal.

/// Room for the digits of nearly every amount.
const LIKELY_DIGITS: usize = 32;

/// The decimal text of PostgreSQL's binary `numeric`: how many groups of four digits there are, where the first of them
/// stands, the sign, how many decimals there are, and the groups. None if it is no amount.
pub(super) fn numeric_text(bytes: &[u8]) -> Option<String> {
    let mut numbers = bytes.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]));
    let (_count, weight, sign, decimals) =
        (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?);
    if sign != 0 {
        return None;
    }
    let group = |place: i16| {
        let index = usize::try_from(weight.checked_sub(place)?).ok()?;
        numbers.clone().nth(index)
    };
    let mut text = String::with_capacity(LIKELY_DIGITS);
    for place in (0..=weight.max(0)).rev() {
        text.extend(digits(group(place).unwrap_or_default()));
    }
    let zeros = text.len() - text.trim_start_matches('0').len();
    text.drain(..std::cmp::min(zeros, text.len() - 1));
    let decimals = usize::try_from(decimals).ok()?;
    if decimals > 0 {
        text.push('.');
        let fraction = (1..).flat_map(|place: i16| digits(group(-place).unwrap_or_default()));
        text.extend(fraction.take(decimals));
    }
    Some(text)
}

/// The sign of a `numeric` that is less than nothing.
const NEGATIVE: [u8; 2] = [0x40, 0];

/// The same with a sign.
pub(super) fn signed_numeric_text(bytes: &[u8]) -> Option<String> {
    if bytes.get(4..6)? != NEGATIVE {
        return numeric_text(bytes);
    }
    let mut size = bytes.to_vec();
    size[4..6].fill(0);
    numeric_text(&size).map(|text| format!("-{text}"))
}

/// The four digits of a group.
fn digits(group: i16) -> [char; 4] {
    [1_000, 100, 10, 1].map(|unit| {
        let digit = u32::from((group / unit % 10).unsigned_abs());
        char::from_digit(digit, 10).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_is_read_to_the_last_decimal() {
        let numeric = |numbers: &[i16]| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
            numeric_text(&bytes)
        };
        for (numbers, text) in [
            (&[0, 0, 0, 0][..], "0"),
            (&[0, 0, 0, 7], "0.0000000"),
            (&[1, 0, 0, 2, 10], "10.00"),
            (&[2, 0, 0, 2, 10, 5000], "10.50"),
            (&[1, 1, 0, 0, 3], "30000"),
            (&[2, 1, 0, 0, 1, 1], "10001"),
            (&[1, -1, 0, 7, 1], "0.0001000"),
            (&[1, -2, 0, 7, 1000], "0.0000100"),
            (&[3, 0, 0, 9, 1234, 5678, 9000], "1234.567890000"),
        ] {
            assert_eq!(numeric(numbers).as_deref(), Some(text), "{numbers:?}");
        }
        assert_eq!(numeric(&[1, 0, 0x4000, 0, 1]), None, "less than nothing");
        let bytes: Vec<u8> =
            [1, 0, 0x4000, 1, 7].iter().flat_map(|n: &i16| n.to_be_bytes()).collect();
        assert_eq!(signed_numeric_text(&bytes).as_deref(), Some("-7.0"));
    }
}
