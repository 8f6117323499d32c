//! Payments whose beneficiaries are paid on a rail: an approved payment becomes a transfer, and is completed or failed by
//! what came of that.

use super::deciding::{Case, cannot, shown_of};
use crate::engine::decide::rules::Acts;
use crate::engine::{
    Amount, Decision, Money, NewTransfer, Reason, ReasonType, ReviewStatus, TransferKind,
    TransferStatus, decimals_of,
};
use crate::jobs::frame::round::Round;
use crate::jobs::{Sweep, SweepError};
use crate::store::{Due, PaidOut, Review, StoreError, ToPayOut};

/// ISO 20022: the reason is told in words.
const NARRATIVE: &str = "NARR";

impl Sweep<'_> {
    /// Makes the transfer that pays a payment out. The payment waits for its end.
    pub(super) async fn hand_over(
        &self,
        round: &Round<'_>,
        rail: &str,
        to_pay: &ToPayOut,
        by: &str,
    ) -> Result<bool, SweepError> {
        let due = &to_pay.due;
        let (new, shown) = {
            let document = self.document(&round.lease.scope.network, &due.payment_id).await?;
            let shown = Some(shown_of(due, &document.text));
            (self.transfer_for(rail, to_pay, &document.text), shown)
        };
        let new = match new {
            Ok(new) => new,
            Err(why) => return self.hold(round, due, why).await,
        };
        let transfer_id = new.transfer_id.clone();
        let approval = Review { decision: Decision::Approve, decided_by: by.to_owned(), shown };
        let now = self.desk.clock.now();
        match self.desk.store.hand_over(round.lease, due, &approval, new, now).await {
            Ok(faults) if faults.is_empty() => {
                if due.review != Some(ReviewStatus::Approved) {
                    self.tell_review(due, "approved", String::new());
                }
                tracing::info!(payment_id = due.payment_id, transfer_id, rail, "to be paid out");
                Ok(true)
            }
            Ok(faults) => self.hold(round, due, cannot(rail, &faults)).await,
            Err(StoreError::Refused(why)) => {
                tracing::info!(payment_id = due.payment_id, why, "not handed over");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn hold(&self, round: &Round<'_>, due: &Due, why: String) -> Result<bool, SweepError> {
        let hold = Decision::Hold { until: None, why };
        self.decided(round, due, hold, "rule", None).await.map(|_| false)
    }

    /// Tells the network what came of a payment's transfer.
    pub(super) async fn conclude(
        &self,
        round: &Round<'_>,
        acts: &Acts,
        case: &Case,
        failure: Option<Reason>,
    ) -> Result<bool, SweepError> {
        let due = case.due();
        let Some(reason) = failure else {
            return self.begin(round, due, acts.approve.clone()).await;
        };
        if due.review == Some(ReviewStatus::Declined) {
            return self.decline_as_before(round, acts, due).await;
        }
        let transfer = match case {
            Case::OnRail(to_pay) => to_pay.paid.as_ref().map(|paid| paid.transfer_id.as_str()),
            Case::AtNetwork(_) => None,
        };
        let decline = Review {
            decision: Decision::Decline(reason.clone()),
            decided_by: format!("transfer {}", transfer.unwrap_or_default()),
            shown: None,
        };
        match self
            .desk
            .store
            .decline_unpaid(round.lease, due, &decline, self.desk.clock.now())
            .await
        {
            Ok(()) => {}
            Err(StoreError::Refused(why)) => {
                tracing::info!(payment_id = due.payment_id, why, "not declined");
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        self.tell_review(due, "declined", format!("{} {}", reason.code, reason.reason));
        let operation = (acts.decline)(reason, self.job.settings.review.on_decline);
        self.begin(round, due, operation).await
    }
}

/// Why a transfer that is over has not paid the beneficiary; none if it has.
pub(super) fn failure(paid: &PaidOut) -> Option<Reason> {
    if paid.status == TransferStatus::Completed {
        return None;
    }
    let ended = || format!("the payout ended as {}", paid.status);
    let why = paid.message.clone().unwrap_or_else(ended);
    let reason_type = ReasonType::ReceiverProcessingError;
    // The code of a rail that speaks ISO 20022 is passed on; any other is told in words.
    let Some(code) = &paid.code else {
        return Some(Reason { reason_type, code: NARRATIVE.to_owned(), reason: why });
    };
    Some(Reason::new(reason_type, code, &why).unwrap_or_else(|_| Reason {
        reason_type,
        code: NARRATIVE.to_owned(),
        reason: format!("{code}: {why}"),
    }))
}

/// The amount as a rail takes it, with just the decimals of its currency, or why it has none.
pub(super) fn exact(payout: &Money) -> Result<Money, String> {
    let Money { amount, currency } = payout;
    let decimals = decimals_of(currency).ok_or_else(|| {
        format!(
            "{payout} cannot be paid out: {currency} is not in ISO 4217, so nobody knows how many \
             decimals an order has"
        )
    })?;
    let amount = amount.exactly(decimals).ok_or_else(|| {
        format!("{amount} {currency} cannot be paid out: {currency} has {decimals} decimals")
    })?;
    Ok(Money { amount, currency: currency.clone() })
}

/// The transfer that pays a payment out, whole: what the network has moved to us is the beneficiary's. Its id follows
/// from the payment's, and its asset is called as the network is.
pub(super) fn transfer_of(
    network: &str,
    rail: &str,
    to_pay: &ToPayOut,
    payout: Money,
    beneficiary: Option<String>,
) -> NewTransfer {
    let id = &to_pay.due.payment_id;
    NewTransfer {
        transfer_id: format!("{network}:{id}"),
        kind: TransferKind::Send,
        protocol: None,
        status: TransferStatus::PendingReceiver,
        asset: network.to_owned(),
        rail: rail.to_owned(),
        currency: payout.currency,
        network: network.to_owned(),
        amount_expected: None,
        amount_in: Some(payout.amount.clone()),
        amount_out: Some(payout.amount),
        amount_fee: Some(Amount::zero()),
        from_address: None,
        to_address: None,
        memo: None,
        account: None,
        beneficiary,
        subject: to_pay.end_to_end_id.clone(),
        rail_reference: None,
        deadline: None,
        payment: Some((network.to_owned(), id.clone())),
        created_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(
        status: TransferStatus,
        code: Option<&str>,
        message: Option<&str>,
    ) -> Option<(String, String)> {
        let (code, message) = (code.map(str::to_owned), message.map(str::to_owned));
        let paid = PaidOut { transfer_id: "t".to_owned(), status, message, code };
        failure(&paid).map(|reason| (reason.code, reason.reason))
    }

    #[test]
    fn an_order_has_the_decimals_of_its_currency_or_there_is_none() {
        let exact = |amount: &str, currency: &str| {
            let payout = Money { amount: amount.parse().unwrap(), currency: currency.to_owned() };
            exact(&payout).map(|payout| payout.amount.to_string())
        };
        assert_eq!(exact("12.000000000", "GBP").as_deref(), Ok("12.00"));
        assert_eq!(exact("12.5", "KWD").as_deref(), Ok("12.500"));
        assert_eq!(exact("1200.000", "JPY").as_deref(), Ok("1200"));
        for (amount, currency, why) in [
            ("12.345000000", "GBP", "12.345000000 GBP cannot be paid out: GBP has 2 decimals"),
            ("1200.5", "JPY", "JPY has 0 decimals"),
            ("12", "XRP", "XRP is not in ISO 4217"),
        ] {
            assert!(exact(amount, currency).is_err_and(|told| told.contains(why)), "{amount}");
        }
    }

    #[test]
    fn what_is_paid_has_not_failed() {
        assert_eq!(ended(TransferStatus::Completed, None, Some("the rail took 0.10")), None);
    }

    #[test]
    fn the_rails_reason_is_passed_on() {
        let told = |code: &str, reason: &str| Some((code.to_owned(), reason.to_owned()));
        let error = |code, message| ended(TransferStatus::Error, code, message);
        assert_eq!(error(Some("AC01"), Some("no such account")), told("AC01", "no such account"));
        assert_eq!(error(Some("AC01"), Some("no: such")), told("AC01", "no: such"));
        assert_eq!(error(Some("closed"), Some("gone")), told("NARR", "closed: gone"));
        assert_eq!(error(None, Some("nobody there")), told("NARR", "nobody there"));
        assert_eq!(error(None, None), told("NARR", "the payout ended as error"));
        // What a person or another program has written is no code, whatever it looks like.
        assert_eq!(error(None, Some("RR04: said Kim")), told("NARR", "RR04: said Kim"));
        assert_eq!(
            ended(TransferStatus::Refunded, None, None),
            told("NARR", "the payout ended as refunded")
        );
    }
}
