//! Exact amounts of money: decimal text with a currency, never a float, never rounded.

use std::fmt;
use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode, Zero as _};
use thiserror::Error;

/// An amount may have this many digits, before and after the point together. Networks send 28 with 9 decimals.
const DIGITS_MAX: usize = 60;

/// A decimal number, with as many decimals as the network sent: `10.000000000` stays `10.000000000`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(BigDecimal);

/// Why a text is not an amount.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AmountError {
    /// It is not a decimal number without a sign.
    #[error("`{0}` is not an amount: digits with at most one point are expected")]
    Malformed(String),
    /// More digits than any currency has use for.
    #[error("an amount of more than {DIGITS_MAX} digits is not believed")]
    Absurd,
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Reads plain decimal text: digits, with at most one point between them. No sign, no exponent, no blank. It is the
    /// one reading of amounts, at every door.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let malformed = || AmountError::Malformed(text.chars().take(40).collect());
        let (whole, decimals) = parts(text).ok_or_else(malformed)?;
        if whole.len() + decimals.map_or(0, str::len) > DIGITS_MAX {
            return Err(AmountError::Absurd);
        }
        BigDecimal::from_str(text).map(Self).map_err(|_| malformed())
    }
}

/// The digits before the point of plain decimal text, and those after it.
fn parts(text: &str) -> Option<(&str, Option<&str>)> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (text, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (all_digits(whole) && decimals.is_none_or(all_digits)).then_some((whole, decimals))
}

impl Amount {
    /// Reads the token of a JSON number, which may have an exponent (`1E+3`) where plain text may not. Only for a network
    /// whose contract has amounts as numbers.
    ///
    /// # Errors
    /// [`AmountError`].
    pub fn from_json_number(token: &str) -> Result<Self, AmountError> {
        let malformed = || AmountError::Malformed(token.chars().take(40).collect());
        let Some((digits, exponent)) = token.split_once(['e', 'E']) else { return token.parse() };
        let (whole, decimals) = parts(digits).ok_or_else(malformed)?;
        let exponent: i16 = exponent.parse().map_err(|_| malformed())?;
        let moved = usize::from(exponent.unsigned_abs());
        if whole.len() + decimals.map_or(0, str::len) + moved > DIGITS_MAX {
            return Err(AmountError::Absurd);
        }
        let number = BigDecimal::from_str(token).map_err(|_| malformed())?;
        // Nothing times a thousand is written `0`, and not `0000`.
        let is_scaled_zero = number.is_zero() && number.fractional_digit_count() < 0;
        Ok(Self(if is_scaled_zero { BigDecimal::zero() } else { number }))
    }

    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self(BigDecimal::zero())
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self(&self.0 + &other.0)
    }

    /// The difference; none if `other` is more, for an amount has no sign.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Option<Self> {
        (self >= other).then(|| Self(&self.0 - &other.0))
    }

    /// So many times as much, exactly.
    #[must_use]
    pub fn times(&self, factor: &Self) -> Self {
        Self(&self.0 * &factor.0)
    }

    /// So many percent of it, exactly.
    #[must_use]
    pub fn times_percent(&self, percent: &Self) -> Self {
        // A hundredth is the same digits, two places further to the right.
        let (digits, scale) = (&self.0 * &percent.0).into_bigint_and_scale();
        Self(BigDecimal::new(digits, scale + 2))
    }

    /// With so many decimals, a half rounded up.
    #[must_use]
    pub fn rounded(&self, decimals: u32) -> Self {
        Self(self.0.with_scale_round(i64::from(decimals), RoundingMode::HalfUp))
    }

    /// With so many decimals, and what is left over cut off.
    #[must_use]
    pub fn rounded_down(&self, decimals: u32) -> Self {
        Self(self.0.with_scale_round(i64::from(decimals), RoundingMode::Down))
    }

    /// The same, written with just so many decimals. None if they are not enough.
    #[must_use]
    pub fn exactly(&self, decimals: u32) -> Option<Self> {
        self.fits(decimals).then(|| self.rounded_down(decimals))
    }

    /// Whether so many decimals are enough to write it.
    #[must_use]
    pub fn fits(&self, decimals: u32) -> bool {
        self.rounded_down(decimals) == *self
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

/// An amount in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Of what: the network's currency code, as it came.
    pub currency: String,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_as_it_came() {
        for text in [
            "0",
            "0.000000000",
            "10.000000000",
            "1234567890123456789012345678.123456789",
            "0.0000000000000000001",
            "99999999999999999999999999999999999999.123456789012345",
        ] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_exponent_is_read_in_a_json_number_only() {
        for (token, plain) in
            [("1E+3", "1000"), ("12.5e-2", "0.125"), ("0E+3", "0"), ("10.50", "10.50"), ("7", "7")]
        {
            assert_eq!(Amount::from_json_number(token).unwrap().to_string(), plain);
        }
        for text in ["1E+3", "1e1", "1e-1", "0e0"] {
            assert!(matches!(text.parse::<Amount>(), Err(AmountError::Malformed(_))), "{text}");
        }
        for token in ["-1", "+1", "1e", "e1", " 1", "1.e1", "1e1.5", "0x1"] {
            let read = Amount::from_json_number(token);
            assert!(matches!(read, Err(AmountError::Malformed(_))), "{token}");
        }
        for token in ["1e300", "1e-30000", "1.5e59"] {
            assert_eq!(Amount::from_json_number(token), Err(AmountError::Absurd), "{token}");
        }
    }

    #[test]
    fn an_amount_is_written_exactly_or_not_at_all() {
        let exactly = |text: &str, decimals| {
            text.parse::<Amount>().unwrap().exactly(decimals).map(|amount| amount.to_string())
        };
        assert_eq!(exactly("12.000000000", 2).as_deref(), Some("12.00"));
        assert_eq!(exactly("10.5", 2).as_deref(), Some("10.50"));
        assert_eq!(exactly("10", 0).as_deref(), Some("10"));
        assert_eq!(exactly("10.005", 2), None);
        assert_eq!(exactly("0.5", 0), None);
    }

    #[test]
    fn rubbish_and_absurd_amounts_are_refused() {
        for text in [
            "", "-1", "+1", "1,5", "1.2.3", ".5", "5.", "NaN", "1e", "0x10", " 1", "1 ", "1_000",
            "١",
        ] {
            assert!(matches!(text.parse::<Amount>(), Err(AmountError::Malformed(_))), "{text}");
        }
        let absurd = ["9".repeat(61), format!("0.{}", "0".repeat(60))];
        for text in absurd {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::Absurd), "{text}");
        }
    }

    #[test]
    fn equality_is_of_the_value() {
        assert_eq!("1.50".parse::<Amount>().unwrap(), "1.5".parse::<Amount>().unwrap());
    }

    #[test]
    fn arithmetic_is_exact() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(amount("0.1").plus(&amount("0.2")).to_string(), "0.3");
        assert_eq!(amount("10.00").minus(&amount("0.0000001")).unwrap().to_string(), "9.9999999");
        assert_eq!(amount("1").minus(&amount("1.0")).unwrap().to_string(), "0.0");
        assert_eq!(amount("1").minus(&amount("1.01")), None);
        let big = amount("99999999999999999999999999999999999999.9999999");
        assert_eq!(big.minus(&amount("1")).unwrap().plus(&amount("1")), big);
        assert_eq!(amount("33.33").times_percent(&amount("0.15")), amount("0.049995"));
        assert_eq!(amount("15.90").times(&amount("0.015")), amount("0.2385"));
        assert_eq!(amount("1000").times_percent(&amount("50")), amount("500"));
    }

    #[test]
    fn a_half_is_rounded_up_and_the_rest_is_cut_off() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        for (text, up, down) in [
            ("1.005", "1.01", "1.00"),
            ("1.0049999", "1.00", "1.00"),
            ("2.5", "2.50", "2.50"),
            ("0.999", "1.00", "0.99"),
            ("7", "7.00", "7.00"),
        ] {
            assert_eq!(amount(text).rounded(2).to_string(), up);
            assert_eq!(amount(text).rounded_down(2).to_string(), down);
        }
        assert!(amount("1.500").fits(1) && !amount("1.501").fits(2));
    }
}
