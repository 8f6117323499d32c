//! The calls of a rail.

use serde_json::value::RawValue;

use crate::engine::{Amount, Purpose};
use crate::failpoint;
use crate::rails::{AnyRail, Payout, PayoutOutcome, PayoutRef, PayoutReport, RailError};
use crate::store::Claim;

/// What was asked of a rail, and what it answered.
pub(super) enum Called {
    /// A payout that was handed to it.
    Paid(Box<Claim>, PayoutOutcome),
    /// A payout that cannot be ordered, and why, for programs and for people. The rail knows nothing of it.
    Unwritable(Box<Claim>, &'static str, String),
    /// Payouts that it was asked about, and a report for each, in the same order.
    LookedUp(Vec<Claim>, Result<Vec<PayoutReport>, RailError>),
    /// Whether it is well: a question that is nobody's own.
    Checked(Result<(), RailError>),
}

/// Asks the rail whether it is well.
pub(super) async fn check(rail: AnyRail) -> Called {
    Called::Checked(rail.check().await)
}

/// Hands a payout to the rail. `decimals` are its currency's, where they are known: an amount that cannot be written with
/// them is not ordered, and neither is a refund to nobody.
pub(super) async fn pay_out(rail: AnyRail, claim: Claim, decimals: Option<u32>) -> Called {
    let payout = match order_of(&claim, decimals) {
        Ok(payout) => payout,
        Err((code, why)) => return Called::Unwritable(Box::new(claim), code, why),
    };
    failpoint::reached("before the payout");
    let outcome = rail.pay_out(&payout).await;
    failpoint::reached("after the payout");
    Called::Paid(Box::new(claim), outcome)
}

/// Asks the rail what became of payouts.
pub(super) async fn look_up(rail: AnyRail, claims: Vec<Claim>) -> Called {
    let asked: Vec<PayoutRef> = claims
        .iter()
        .map(|claim| PayoutRef {
            key: claim.payout.payout_id.clone(),
            reference: claim.payout.reference.clone(),
        })
        .collect();
    let answer = rail.payouts(&asked).await;
    let answer = answer.and_then(|reports| in_order(&asked, reports));
    Called::LookedUp(claims, answer)
}

/// An adapter that mixes its reports up would have us book one payout's end for another's.
fn in_order(
    asked: &[PayoutRef],
    reports: Vec<PayoutReport>,
) -> Result<Vec<PayoutReport>, RailError> {
    let keys = reports.iter().map(|report| &report.key);
    if keys.eq(asked.iter().map(|payout| &payout.key)) {
        Ok(reports)
    } else {
        Err(RailError::Unreadable("its reports are not of what it was asked about".to_owned()))
    }
}

/// The amount as it is ordered, or why it cannot be.
pub(super) fn exact(
    amount: &Amount,
    currency: &str,
    decimals: Option<u32>,
) -> Result<Amount, (&'static str, String)> {
    let Some(decimals) = decimals else { return Ok(amount.clone()) };
    amount.exactly(decimals).ok_or_else(|| {
        let why =
            format!("{amount} {currency} cannot be ordered: {currency} has {decimals} decimals");
        ("decimals", why)
    })
}

/// The same on every try, but for the number of the try.
fn order_of(claim: &Claim, decimals: Option<u32>) -> Result<Payout, (&'static str, String)> {
    let payout = &claim.payout;
    if payout.purpose == Purpose::Refund && payout.beneficiary.is_none() {
        let why = "nobody knows whom to send it back to: decide on another refund, and name one";
        return Err(("beneficiary", why.to_owned()));
    }
    let amount = exact(&payout.amount, &payout.currency, decimals)?;
    // What is no JSON was never stored as a beneficiary.
    let beneficiary = payout.beneficiary.clone().and_then(|text| RawValue::from_string(text).ok());
    Ok(Payout {
        key: payout.payout_id.clone(),
        purpose: payout.purpose,
        transfer_id: payout.transfer_id.clone(),
        refund_id: payout.refund_id.clone(),
        incoming_id: claim
            .refund
            .as_ref()
            .and_then(|refund| refund.incoming.as_ref())
            .map(|(_, id)| id.clone()),
        amount,
        currency: payout.currency.clone(),
        beneficiary,
        subject: payout.subject.clone(),
        attempt: u32::try_from(payout.attempts).unwrap_or(u32::MAX),
    })
}
