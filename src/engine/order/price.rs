//! What is to be paid for what a shop asks. Exact decimals: what cannot be exact is refused.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::engine::{Amount, AmountError, decimals_of};

/// What one unit of a currency is in an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The currency's code.
    pub currency: String,
    /// How much of the asset a whole unit of it is: of a dollar, and not of a cent.
    pub per_unit: Amount,
    /// As of when.
    pub at: DateTime<Utc>,
}

/// Why there is no price.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PriceError {
    /// It is no amount, or a negative one.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// It has more decimals than its currency.
    #[error("{price} {currency} has more than {decimals} decimals")]
    Decimals {
        /// What was told.
        price: Amount,
        /// In what.
        currency: String,
        /// How many it may have.
        decimals: u32,
    },
    /// The rate is of another currency.
    #[error("the rate is of {rate}, and the price in {price}")]
    OtherCurrency {
        /// The rate's.
        rate: String,
        /// The price's.
        price: String,
    },
    /// The rate is nothing.
    #[error("the rate of {0} is 0")]
    NoRate(String),
    /// The rate is too old.
    #[error("the rate of {currency} is of {at}, and too old")]
    StaleRate {
        /// Of what.
        currency: String,
        /// As of when.
        at: DateTime<Utc>,
    },
}

/// Reads what a shop asks: with the decimals of its currency, and never with more.
///
/// # Errors
/// It is no amount, or cannot be one of this currency. Of currencies that ISO 4217 does not list any decimals are taken.
pub fn price_told(text: &str, currency: &str) -> Result<Amount, PriceError> {
    let price: Amount = text.parse()?;
    match decimals_of(currency) {
        None => Ok(price),
        Some(decimals) => price.exactly(decimals).ok_or_else(|| PriceError::Decimals {
            price,
            currency: currency.to_owned(),
            decimals,
        }),
    }
}

/// What is to be paid in an asset of so many `decimals` for what is asked in a currency, a half of the last one rounded up.
///
/// # Errors
/// The rate cannot be used.
pub fn price_at(
    asked: &Amount,
    currency: &str,
    rate: &Rate,
    (decimals, max_age): (u32, TimeDelta),
    now: DateTime<Utc>,
) -> Result<Amount, PriceError> {
    if rate.currency != currency {
        let (rate, price) = (rate.currency.clone(), currency.to_owned());
        return Err(PriceError::OtherCurrency { rate, price });
    }
    if rate.per_unit.is_zero() {
        return Err(PriceError::NoRate(currency.to_owned()));
    }
    if now - rate.at > max_age {
        return Err(PriceError::StaleRate { currency: currency.to_owned(), at: rate.at });
    }
    Ok(asked.times(&rate.per_unit).rounded(decimals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixtures::at;

    fn rate(per_unit: &str) -> Rate {
        Rate { currency: "USD".to_owned(), per_unit: per_unit.parse().unwrap(), at: at(0) }
    }

    fn price(asked: &str, rate: &Rate, now: i64) -> Result<String, PriceError> {
        let asked = price_told(asked, "USD")?;
        let price = price_at(&asked, "USD", rate, (6, TimeDelta::hours(1)), at(now))?;
        Ok(price.to_string())
    }

    #[test]
    fn a_price_has_its_currencys_decimals() {
        let told = |text, currency| price_told(text, currency).map(|price| price.to_string());
        assert_eq!(told("15.9", "USD").as_deref(), Ok("15.90"));
        assert_eq!(told("15.900", "USD").as_deref(), Ok("15.90"));
        assert_eq!(told("1.5", "XTR").as_deref(), Ok("1.5"));
        assert!(matches!(told("1.999", "USD"), Err(PriceError::Decimals { decimals: 2, .. })));
        assert!(matches!(told("0.5", "JPY"), Err(PriceError::Decimals { decimals: 0, .. })));
        assert!(matches!(told("-1", "USD"), Err(PriceError::Amount(_))));
    }

    #[test]
    fn a_rate_is_per_unit_and_neither_nothing_nor_old() {
        assert_eq!(price("15.90", &rate("12.5"), 0).as_deref(), Ok("198.750000"));
        assert_eq!(price("0.01", &rate("0.00005"), 0).as_deref(), Ok("0.000001"));
        assert_eq!(price("1", &rate("0"), 0), Err(PriceError::NoRate("USD".to_owned())));
        assert!(price("1", &rate("1"), 3600).is_ok());
        assert!(matches!(price("1", &rate("1"), 3601), Err(PriceError::StaleRate { .. })));
        let other = Rate { currency: "EUR".to_owned(), ..rate("1") };
        assert!(matches!(price("1", &other, 0), Err(PriceError::OtherCurrency { .. })));
    }
}
