//! Amounts as Taler writes them: `CUR:int.frac`, exact, in units of 10⁻⁸.

use std::fmt;

use crate::engine::Amount;

/// The fractional digits of an amount.
const DECIMALS: usize = 8;
/// A whole one in units.
const ONE: u128 = 100_000_000;
/// The largest whole part.
const WHOLE_MAX: u128 = 1 << 52;
/// The letters of a currency.
const CURRENCY_MAX: usize = 11;

/// An amount of Taler's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TalerAmount {
    currency: String,
    units: u128,
}

impl TalerAmount {
    /// Our amount in Taler's form. Says why, if it has none: it is not rounded.
    pub(super) fn new(currency: &str, amount: &Amount) -> Result<Self, String> {
        let text = amount.to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let decimals = decimals.trim_end_matches('0');
        let plain = if decimals.is_empty() {
            format!("{currency}:{whole}")
        } else {
            format!("{currency}:{whole}.{decimals}")
        };
        Self::parse(&plain)
    }

    /// Reads `CUR:int` or `CUR:int.frac`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            let text: String = text.chars().take(80).collect();
            format!("`{text}` is not an amount of Taler's: {why}")
        };
        let (currency, number) = text.split_once(':').ok_or_else(|| wrong("no currency"))?;
        let is_currency = (1..=CURRENCY_MAX).contains(&currency.len())
            && currency.bytes().all(|b| b.is_ascii_uppercase());
        if !is_currency {
            return Err(wrong("a currency is 1 to 11 capital letters"));
        }
        let (whole, decimals) = match number.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (number, None),
        };
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !decimals.is_none_or(is_digits) {
            return Err(wrong("digits are expected"));
        }
        let decimals = decimals.unwrap_or_default();
        if decimals.len() > DECIMALS {
            return Err(wrong("more than 8 decimals"));
        }
        let whole: u128 = whole.parse().map_err(|_| wrong("it is too large"))?;
        if whole > WHOLE_MAX {
            return Err(wrong("it is too large"));
        }
        // At most 8 digits, none of them anything else.
        let fraction: u128 = format!("{decimals:0<DECIMALS$}").parse().unwrap_or_default();
        Ok(Self { currency: currency.to_owned(), units: whole * ONE + fraction })
    }

    /// What is left without `fee`; none if there is less, or it is another currency.
    pub(super) fn without(&self, fee: &Self) -> Option<Self> {
        let units = self.units.checked_sub(fee.units).filter(|_| self.currency == fee.currency)?;
        Some(Self { currency: self.currency.clone(), units })
    }

    pub(super) fn currency(&self) -> &str {
        &self.currency
    }

    /// The number as an amount of ours.
    pub(super) fn amount(&self) -> Result<Amount, String> {
        self.number().parse().map_err(|error| format!("the amount: {error}"))
    }

    /// The number, without zeros at its end.
    fn number(&self) -> String {
        let (whole, fraction) = (self.units / ONE, self.units % ONE);
        if fraction == 0 {
            return whole.to_string();
        }
        let fraction = format!("{fraction:0DECIMALS$}");
        format!("{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl fmt::Display for TalerAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.currency, self.number())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &str) -> Result<String, String> {
        TalerAmount::new("KUDOS", &text.parse().unwrap()).map(|amount| amount.to_string())
    }

    #[test]
    fn our_amounts_are_written_without_zeros_at_the_end() {
        for (text, taler) in [
            ("0", "KUDOS:0"),
            ("10.000000000", "KUDOS:10"),
            ("10.50", "KUDOS:10.5"),
            ("0.00000001", "KUDOS:0.00000001"),
            ("4503599627370496.99999999", "KUDOS:4503599627370496.99999999"),
        ] {
            assert_eq!(ours(text), Ok(taler.to_owned()));
        }
    }

    #[test]
    fn nothing_is_rounded_or_cut() {
        for text in ["0.000000001", "4503599627370497", "99999999999999999999999999999999999999999"]
        {
            assert!(ours(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rubbish_is_refused() {
        for text in [
            "",
            "1",
            "EUR",
            "EUR:",
            ":1",
            "eur:1",
            "EUR1:1",
            "ABCDEFGHIJKL:1",
            "EUR:.5",
            "EUR:1.",
            "EUR:-1",
            "EUR:+1",
            "EUR:1.2.3",
            "EUR:1,5",
            "EUR: 1",
            "EUR:1e3",
            "EUR:1.123456789",
            "EUR:1:2",
            "EUR:4503599627370497",
        ] {
            assert!(TalerAmount::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fee_is_taken_off_exactly() {
        let parse = |text| TalerAmount::parse(text).unwrap();
        let left = |amount, fee| parse(amount).without(&parse(fee)).map(|left| left.to_string());
        assert_eq!(left("EUR:1", "EUR:0.00000001").as_deref(), Some("EUR:0.99999999"));
        assert_eq!(left("EUR:0.1", "EUR:0.10000000").as_deref(), Some("EUR:0"));
        assert_eq!(left("EUR:0.1", "EUR:0.2"), None);
        assert_eq!(left("EUR:1", "USD:0.1"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(whole in 0..=1u64 << 52, fraction in 0..100_000_000u32) {
            let text = format!("{whole}.{fraction:08}");
            let amount: Amount = text.parse().unwrap();
            let taler = TalerAmount::new("EUR", &amount).unwrap();
            prop_assert_eq!(&TalerAmount::parse(&taler.to_string()).unwrap(), &taler);
            prop_assert_eq!(taler.amount().unwrap(), amount);
        }
    }
}
