//! Amounts as Taler writes them: `CUR:int[.frac]`, in hundred millionths.

use std::fmt;

use bigdecimal::BigDecimal;

/// Hundred millionths in one.
const ONE: u128 = 100_000_000;
const DECIMALS: usize = 8;
/// The largest whole part: 2^52.
const LARGEST: u128 = 1 << 52;

/// An amount of some currency, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) currency: String,
    /// In hundred millionths.
    pub(super) units: u128,
}

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoAmount;

impl Amount {
    /// Reads an amount.
    ///
    /// # Errors
    ///
    /// When it is not exactly as Taler writes it.
    pub(super) fn read(text: &str) -> Result<Self, NoAmount> {
        let (currency, number) = text.split_once(':').ok_or(NoAmount)?;
        let good = (1..=11).contains(&currency.len())
            && currency.bytes().all(|letter| letter.is_ascii_uppercase());
        if !good {
            return Err(NoAmount);
        }
        Ok(Self { currency: currency.to_owned(), units: units(number).ok_or(NoAmount)? })
    }

    /// In whole ones.
    pub(super) fn decimal(&self) -> BigDecimal {
        decimal(self.units)
    }
}

/// Hundred millionths as a number of whole ones.
pub(super) fn decimal(units: u128) -> BigDecimal {
    let number = BigDecimal::new(units.into(), 8).normalized();
    // Normalized, ten is 1E+1.
    if number.fractional_digit_count() < 0 { number.with_scale(0) } else { number }
}

/// The hundred millionths of a plain decimal number that is not too large for Taler.
pub(super) fn units(number: &str) -> Option<u128> {
    crate::decimal::units(number, DECIMALS).filter(|units| units / ONE <= LARGEST)
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.currency, self.units / ONE)?;
        let part = format!("{:08}", self.units % ONE);
        match part.trim_end_matches('0') {
            "" => Ok(()),
            part => write!(f, ".{part}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_and_written_without_zeros_at_the_end() {
        for (text, units, told) in [
            ("EUR:1", 100_000_000, "EUR:1"),
            ("EUR:1.50", 150_000_000, "EUR:1.5"),
            ("EUR:0.00000001", 1, "EUR:0.00000001"),
            ("KUDOS:0", 0, "KUDOS:0"),
            ("A:4503599627370496", 450_359_962_737_049_600_000_000, "A:4503599627370496"),
        ] {
            let amount = Amount::read(text).unwrap();
            assert_eq!((amount.units, amount.to_string().as_str()), (units, told));
        }
        assert_eq!(Amount::read("EUR:1.50").unwrap().decimal().to_string(), "1.5");
    }

    #[test]
    fn numbers_are_plain() {
        for (units, told) in
            [(1_000_000_000, "10"), (0, "0"), (10, "0.0000001"), (150_000_000, "1.5")]
        {
            assert_eq!(decimal(units).to_plain_string(), told);
        }
        assert_eq!(decimal(1_000_000_000).to_string(), "10");
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "1",
            "EUR",
            "EUR:",
            "EUR:-1",
            "EUR:+1",
            "EUR:.5",
            "EUR:1.",
            "EUR:1.000000001",
            "EUR:1,5",
            "EUR:1e3",
            "eur:1",
            ":1",
            "ABCDEFGHIJKL:1",
            "EUR:4503599627370497",
            "EUR:1 ",
            "EUR:1:2",
            "EU2:1",
        ] {
            assert_eq!(Amount::read(text), Err(NoAmount), "{text}");
        }
    }
}
