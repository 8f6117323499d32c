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

impl Terms {
    /// The same terms with a fee that somebody else has told, in place of our own.
    #[must_use]
    pub fn with_fee(&self, fee: Amount) -> Self {
        Self { fee_fixed: fee, fee_percent: Amount::zero(), ..self.clone() }
    }
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
