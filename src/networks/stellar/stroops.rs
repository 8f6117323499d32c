//! Amounts as the ledger counts them: whole stroops, ten million of which are one.

use thiserror::Error;

use crate::engine::Amount;

/// The ledger keeps so many decimals of every asset.
pub const DECIMALS: usize = 7;

/// Why an amount cannot be paid on the ledger as it is. It is never rounded.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum StroopsError {
    /// Something is behind the last decimal that the ledger keeps.
    #[error("{0} has more than {DECIMALS} decimals")]
    TooFine(String),
    /// More than 922,337,203,685.4775807.
    #[error("{0} is more than the ledger can count")]
    TooMuch(String),
}

/// The stroops of `amount`, exactly. Zeros behind the seventh decimal are nothing, and are no obstacle.
///
/// # Errors
/// See [`StroopsError`].
pub fn stroops(amount: &Amount) -> Result<i64, StroopsError> {
    let text = amount.to_string();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > DECIMALS {
        return Err(StroopsError::TooFine(text));
    }
    format!("{whole}{decimals:0<DECIMALS$}").parse().map_err(|_| StroopsError::TooMuch(text))
}

/// The amount that so many stroops are, with all seven decimals. None if they are less than none.
#[must_use]
pub fn amount(stroops: i64) -> Option<Amount> {
    let one = 10_i64.pow(7);
    let text = format!("{}.{:0DECIMALS$}", stroops.div_euclid(one), stroops.rem_euclid(one));
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<i64, StroopsError> {
        stroops(&text.parse().unwrap())
    }

    #[test]
    fn every_stroop_counts() {
        assert_eq!(of("0.0000001"), Ok(1));
        assert_eq!(of("2.01"), Ok(20_100_000));
        assert_eq!(of("10.000000000"), Ok(100_000_000), "zeros are nothing");
        assert_eq!(of("922337203685.4775807"), Ok(i64::MAX));
        assert_eq!(of("0"), Ok(0));
    }

    #[test]
    fn nothing_is_rounded_and_nothing_overflows() {
        assert_eq!(of("0.00000001"), Err(StroopsError::TooFine("0.00000001".to_owned())));
        assert_eq!(of("1.00000019"), Err(StroopsError::TooFine("1.00000019".to_owned())));
        for text in ["922337203685.4775808", "99999999999999999999999999999"] {
            assert_eq!(of(text), Err(StroopsError::TooMuch(text.to_owned())));
        }
    }

    #[test]
    fn stroops_come_back_as_they_went() {
        for stroops in [0, 1, 9_999_999, 10_000_000, 20_100_000, i64::MAX] {
            assert_eq!(super::stroops(&amount(stroops).unwrap()), Ok(stroops));
        }
        assert_eq!(amount(20_100_000).unwrap().to_string(), "2.0100000");
        assert_eq!(amount(-1), None);
        assert_eq!(amount(i64::MIN), None);
    }
}
