//! What goes out for what came in, and what we keep of it.

use crate::engine::Amount;

/// What is done when another amount comes than was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Go on with what came.
    Accept,
    /// Send it back.
    Refund,
    /// Ask a person.
    Hold,
}

/// The terms of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Decimals on the side where the money comes in.
    pub decimals_in: u32,
    /// Decimals on the side where it goes out.
    pub decimals_out: u32,
    /// The part of the fee that does not depend on the amount.
    pub fee_fixed: Amount,
    /// The part that does, in percent of what came in.
    pub fee_percent: Amount,
    /// When less comes than was expected.
    pub underpayment: Policy,
    /// When more does.
    pub overpayment: Policy,
}

/// What was agreed at the creation, for exactly the expected amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What goes out; for an exchange, in the other asset.
    pub out: Amount,
    /// What we keep.
    pub fee: Amount,
}

/// What becomes of money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It goes on. But for an exchange, `out` and `fee` together are what came in, to the last decimal.
    Accept {
        /// What goes out.
        out: Amount,
        /// What we keep.
        fee: Amount,
    },
    /// It goes back, whole.
    Refund(String),
    /// A person decides.
    Hold(String),
}

/// Settles what becomes of `received`, where `expected` was announced, if anything was.
///
/// The fee is rounded half up to the decimals that both sides can write. What the side where it goes out cannot write
/// is kept with the fee: nothing is lost, and nobody is paid more than came in. An exchange has a price for the
/// expected amount only, so another amount cannot be accepted.
#[must_use]
pub fn settle_amounts(
    terms: &Terms,
    received: &Amount,
    expected: Option<&Amount>,
    quote: Option<&Quote>,
) -> Settled {
    if let Some(expected) = expected
        && received != expected
    {
        let (policy, word) = if received < expected {
            (terms.underpayment, "less")
        } else {
            (terms.overpayment, "more")
        };
        let why = format!("{received} came, which is {word} than the expected {expected}");
        match policy {
            Policy::Accept if quote.is_some() => {
                return Settled::Hold(format!("{why}, and the price was for that"));
            }
            Policy::Accept => {}
            Policy::Refund => return Settled::Refund(why),
            Policy::Hold => return Settled::Hold(why),
        }
    }
    if let Some(Quote { out, fee }) = quote {
        return Settled::Accept { out: out.clone(), fee: fee.clone() };
    }
    let decimals = terms.decimals_in.min(terms.decimals_out);
    let asked = terms.fee_fixed.plus(&received.times_percent(&terms.fee_percent)).rounded(decimals);
    let out = received.minus(&asked).map(|rest| rest.rounded_down(terms.decimals_out));
    match out.filter(|out| !out.is_zero()) {
        Some(out) => match received.minus(&out) {
            Some(fee) => Settled::Accept { out, fee },
            None => Settled::Hold(format!("{received} came, and {out} would go out")),
        },
        None => too_little(terms, received, &asked),
    }
}

/// Nothing is left to pay out: accepting it would be keeping it.
fn too_little(terms: &Terms, received: &Amount, fee: &Amount) -> Settled {
    let why = format!("{received} came, which does not cover the fee of {fee}");
    match terms.underpayment {
        Policy::Refund => Settled::Refund(why),
        Policy::Accept | Policy::Hold => Settled::Hold(why),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn terms(fixed: &str, percent: &str, decimals_in: u32, decimals_out: u32) -> Terms {
        Terms {
            decimals_in,
            decimals_out,
            fee_fixed: amount(fixed),
            fee_percent: amount(percent),
            underpayment: Policy::Hold,
            overpayment: Policy::Refund,
        }
    }

    fn accepted(terms: &Terms, received: &str) -> (String, String) {
        match settle_amounts(terms, &amount(received), None, None) {
            Settled::Accept { out, fee } => (out.to_string(), fee.to_string()),
            held @ (Settled::Refund(_) | Settled::Hold(_)) => panic!("{received}: {held:?}"),
        }
    }

    fn pair(out: &str, fee: &str) -> (String, String) {
        (out.to_owned(), fee.to_owned())
    }

    #[test]
    fn the_fee_is_rounded_half_up() {
        let half = terms("0", "0.5", 2, 7);
        assert_eq!(accepted(&half, "1.00"), pair("0.9900000", "0.0100000"));
        assert_eq!(accepted(&half, "0.99"), pair("0.9900000", "0.0000000"));
        assert_eq!(accepted(&half, "3.00"), pair("2.9800000", "0.0200000"));
        assert_eq!(accepted(&terms("1.25", "1", 2, 7), "100"), pair("97.7500000", "2.2500000"));
    }

    #[test]
    fn what_the_other_side_cannot_write_is_kept_with_the_fee() {
        assert_eq!(accepted(&terms("0", "0", 7, 2), "10.1299999"), pair("10.12", "0.0099999"));
        assert_eq!(accepted(&terms("1", "0", 7, 0), "10.5"), pair("9", "1.5"));
    }

    #[test]
    fn less_than_the_fee_is_never_accepted() {
        let terms = terms("1", "0", 2, 2);
        for received in ["0.50", "1.00", "0"] {
            let settled = settle_amounts(&terms, &amount(received), None, None);
            assert!(matches!(settled, Settled::Hold(_)), "{received}: {settled:?}");
        }
        let refunding = Terms { underpayment: Policy::Refund, ..terms };
        let settled = settle_amounts(&refunding, &amount("1"), None, None);
        assert!(matches!(settled, Settled::Refund(_)), "{settled:?}");
    }

    #[test]
    fn another_amount_than_expected_goes_by_the_policy() {
        let terms = terms("0", "0", 2, 2);
        let settle = |terms: &Terms, received: &str| {
            settle_amounts(terms, &amount(received), Some(&amount("10.00")), None)
        };
        assert!(matches!(settle(&terms, "10"), Settled::Accept { .. }), "10 is 10.00");
        assert!(matches!(settle(&terms, "9.99"), Settled::Hold(_)));
        assert!(matches!(settle(&terms, "10.01"), Settled::Refund(_)));
        let easy = Terms { underpayment: Policy::Accept, ..terms };
        assert!(matches!(settle(&easy, "9.99"), Settled::Accept { .. }));
    }

    #[test]
    fn a_price_is_for_the_expected_amount_only() {
        let easy = Terms { underpayment: Policy::Accept, ..terms("9", "9", 2, 2) };
        let quote = Quote { out: amount("8.5"), fee: amount("1") };
        let settle = |received: &str| {
            settle_amounts(&easy, &amount(received), Some(&amount("10")), Some(&quote))
        };
        assert_eq!(settle("10"), Settled::Accept { out: amount("8.5"), fee: amount("1") });
        assert!(matches!(settle("9"), Settled::Hold(_)));
    }

    prop_compose! {
        fn any_amount()(digits in 0_u64..1_000_000_000_000_000, decimals in 0_usize..10) -> Amount {
            let text = format!("{digits:0>width$}", width = decimals + 1);
            let (whole, fraction) = text.split_at(text.len() - decimals);
            let point = if decimals == 0 { "" } else { "." };
            format!("{whole}{point}{fraction}").parse().unwrap()
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_made(
            received in any_amount(),
            fixed in any_amount(),
            percent in 0_u32..10_000,
            decimals_in in 0_u32..10,
            decimals_out in 0_u32..10,
        ) {
            let percent: Amount = format!("{}.{:02}", percent / 100, percent % 100).parse().unwrap();
            let terms = Terms {
                decimals_in,
                decimals_out,
                fee_fixed: fixed,
                fee_percent: percent,
                underpayment: Policy::Accept,
                overpayment: Policy::Accept,
            };
            if let Settled::Accept { out, fee } = settle_amounts(&terms, &received, None, None) {
                prop_assert_eq!(out.plus(&fee), received);
                prop_assert!(out.fits(decimals_out));
                prop_assert!(!out.is_zero());
            }
        }
    }
}
