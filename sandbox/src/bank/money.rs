//! Amounts as the contract writes them: decimal text, with no more decimals than the currency has.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;

/// More digits than any real amount has.
const LONGEST: usize = 40;

/// The currencies of a bank, with their decimals.
#[derive(Debug, Clone)]
pub(super) struct Currencies(BTreeMap<String, u32>);

impl Currencies {
    pub(super) fn new(known: Vec<(String, u32)>) -> Self {
        Self(known.into_iter().collect())
    }

    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The currency that is meant where none is named.
    pub(super) fn usual(&self) -> &str {
        self.0
            .get_key_value("USD")
            .or_else(|| self.0.first_key_value())
            .map_or("", |(code, _)| code)
    }

    /// How many decimals a currency has.
    ///
    /// # Errors
    ///
    /// When the bank does not know it.
    pub(super) fn decimals(&self, currency: &str) -> Result<u32, String> {
        self.0
            .get(currency)
            .copied()
            .ok_or_else(|| format!("the bank has no currency [{currency}]"))
    }

    /// Reads an amount of more than nothing.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or with the currency.
    pub(super) fn amount(&self, text: &str, currency: &str) -> Result<BigDecimal, String> {
        let decimals = self.decimals(currency)?;
        let bad = |what: &str| Err(format!("amount [{text}] {what}"));
        let (whole, part) = match text.split_once('.') {
            Some((_, "")) => return bad("ends with its point"),
            Some((whole, part)) => (whole, part),
            None => (text, ""),
        };
        if text.len() > LONGEST {
            return bad("is too long");
        }
        if whole.is_empty()
            || !whole.bytes().chain(part.bytes()).all(|digit| digit.is_ascii_digit())
        {
            return bad("is not a plain decimal number");
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return bad("begins with a zero");
        }
        if part.len() > decimals as usize {
            return bad(&format!("has more than the {decimals} decimals of {currency}"));
        }
        match text.parse::<BigDecimal>() {
            Ok(amount) if amount > 0 => Ok(amount),
            Ok(_) => bad("is nothing"),
            Err(_) => bad("is not a number"),
        }
    }

    /// Reads the amount of an order, which has just the decimals of its currency.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or with the currency.
    pub(super) fn ordered(&self, text: &str, currency: &str) -> Result<BigDecimal, String> {
        let amount = self.amount(text, currency)?;
        if self.text(&amount, currency) == text {
            Ok(amount)
        } else {
            Err(format!("amount [{text}] is not written with just the decimals of {currency}"))
        }
    }

    /// The smallest unit of a currency.
    pub(super) fn unit(&self, currency: &str) -> BigDecimal {
        BigDecimal::new(1.into(), self.decimals(currency).unwrap_or(0).into())
    }

    /// An amount as answers have it: with all decimals of the currency.
    pub(super) fn text(&self, amount: &BigDecimal, currency: &str) -> String {
        let decimals = self.decimals(currency).unwrap_or(0);
        amount.with_scale(decimals.into()).to_plain_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currencies() -> Currencies {
        Currencies::new(vec![("USD".to_owned(), 2), ("JPY".to_owned(), 0)])
    }

    #[test]
    fn amounts_are_exact_and_have_the_currency_s_decimals() {
        for (text, currency, told) in [
            ("10", "USD", "10.00"),
            ("10.5", "USD", "10.50"),
            ("0.01", "USD", "0.01"),
            ("99999999999999999999.99", "USD", "99999999999999999999.99"),
            ("7", "JPY", "7"),
        ] {
            let amount = currencies().amount(text, currency).unwrap();
            assert_eq!(currencies().text(&amount, currency), told);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "0",
            "0.00",
            "-1",
            "+1",
            "1e3",
            "1.001",
            "1.",
            ".5",
            "01",
            "1,5",
            " 1",
            "1 ",
            "NaN",
            "١",
            "1.2.3",
            "100000000000000000000000000000000000000000",
        ] {
            assert!(currencies().amount(text, "USD").is_err(), "{text}");
        }
        assert!(currencies().amount("7.0", "JPY").is_err());
        assert!(currencies().amount("7", "usd").is_err());
    }

    #[test]
    fn an_order_has_just_the_decimals_of_its_currency() {
        for (text, currency) in [("10.00", "USD"), ("0.01", "USD"), ("7", "JPY")] {
            assert!(currencies().ordered(text, currency).is_ok(), "{text}");
        }
        for (text, currency) in [("10", "USD"), ("10.5", "USD"), ("10.000", "USD"), ("7.0", "JPY")]
        {
            assert!(currencies().ordered(text, currency).is_err(), "{text}");
        }
    }

    #[test]
    fn the_smallest_unit() {
        assert_eq!(currencies().text(&currencies().unit("USD"), "USD"), "0.01");
        assert_eq!(currencies().text(&currencies().unit("JPY"), "JPY"), "1");
    }
}
