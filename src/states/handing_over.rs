//! Payments whose beneficiaries are paid on a rail: an approved payment becomes a transfer, and is completed or failed by
//! what came of that.

use std::iter::once;

use super::act::{Act, Reviewed};
use super::rules::Acts;
use super::{Sweep, SweepError, shown};
use crate::engine::{
    Amount, Decision, Money, NewTransfer, Reason, ReasonType, ReviewStatus, TransferKind,
    TransferStatus, decimals_of, gap_in_user_info,
};
use crate::networks::ripplenet::sender_user_info;
use crate::store::{Due, Lease, PaidOut, Review, Shown, StoreError, ToPayOut};

/// ISO 20022: the reason is told in words.
const NARRATIVE: &str = "NARR";

impl Sweep<'_> {
    /// What is due where `rail` pays the beneficiaries.
    pub(super) async fn due_by_transfers<'w>(
        &'w self,
        lease: &'w Lease,
        acts: &'w Acts,
        rail: &'w str,
    ) -> Result<Vec<Act<'w>>, SweepError> {
        let (network, states) = (&lease.scope.network, self.rules.states);
        let (now, limit) = (self.clock.now(), self.batch_size);
        let due = self.store.due_to_pay_out(network, states, &acts.role, now, limit).await?;
        let handle = |due| -> Act<'w> { Box::pin(self.handle_by_transfer(lease, acts, rail, due)) };
        Ok(due.into_iter().map(handle).collect())
    }

    async fn handle_by_transfer(
        &self,
        lease: &Lease,
        acts: &Acts,
        rail: &str,
        to_pay: ToPayOut,
    ) -> Result<bool, SweepError> {
        if self.has_given_up() {
            return Ok(false);
        }
        match (&to_pay.paid, to_pay.due.review) {
            (Some(paid), _) => self.conclude(lease, acts, &to_pay.due, paid).await,
            (None, Some(ReviewStatus::Approved)) => {
                self.hand_over(lease, rail, &to_pay, "person").await
            }
            (None, Some(ReviewStatus::Declined)) => {
                self.decline(lease, acts, &to_pay.due, None).await
            }
            (None, Some(ReviewStatus::Pending | ReviewStatus::Held) | None) => {
                match self.review(lease, acts, &to_pay.due).await? {
                    Some(Reviewed { decision: Decision::Approve, by, .. }) => {
                        self.hand_over(lease, rail, &to_pay, by).await
                    }
                    Some(Reviewed { decision: Decision::Decline(reason), by, shown }) => {
                        self.decline(lease, acts, &to_pay.due, Some((reason, by, shown))).await
                    }
                    Some(Reviewed { decision: hold @ Decision::Hold { .. }, by, shown }) => {
                        self.decided(lease, &to_pay.due, hold, by, Some(shown)).await.map(|_| false)
                    }
                    None => Ok(false),
                }
            }
        }
    }

    /// Makes the transfer that pays a payment out. The payment waits for its end.
    async fn hand_over(
        &self,
        lease: &Lease,
        rail: &str,
        to_pay: &ToPayOut,
        by: &str,
    ) -> Result<bool, SweepError> {
        let (network, due) = (&lease.scope.network, &to_pay.due);
        let (sum, returns) = (due.payout.as_ref(), due.returns.as_deref());
        let (user_info, shown) = {
            let document = self.document(network, &due.payment_id).await?;
            let shown = shown(due.version, &due.money, sum, returns, &document.text);
            (sender_user_info(&document.text), Some(shown))
        };
        // Also where nothing is required, somebody has to be named.
        let required = once(String::new()).chain(self.settings.review.require_user_info.clone());
        if let Some(gap) = gap_in_user_info(&user_info, &required.collect::<Vec<_>>()) {
            return self.hold(lease, due, format!("nobody can be paid: {gap}")).await;
        }
        let payout = match exact(&to_pay.payout) {
            Ok(payout) => payout,
            Err(why) => return self.hold(lease, due, why).await,
        };
        let beneficiary = user_info.told().map(|told| told.get().to_owned());
        let new = transfer_of(network, rail, to_pay, payout, beneficiary);
        let transfer_id = new.transfer_id.clone();
        let approval = Review { decision: Decision::Approve, decided_by: by.to_owned(), shown };
        let now = self.clock.now();
        match self.store.hand_over(lease, due, &approval, new, now).await {
            Ok(faults) if faults.is_empty() => {
                if due.review != Some(ReviewStatus::Approved) {
                    self.tell_review(due, "approved", String::new());
                }
                tracing::info!(payment_id = due.payment_id, transfer_id, rail, "to be paid out");
                Ok(true)
            }
            Ok(faults) => {
                let why = format!("it cannot be paid out on {rail}: {}", faults.join("; "));
                self.hold(lease, due, why).await
            }
            Err(StoreError::Refused(why)) => {
                tracing::info!(payment_id = due.payment_id, why, "not handed over");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn hold(&self, lease: &Lease, due: &Due, why: String) -> Result<bool, SweepError> {
        let hold = Decision::Hold { until: None, why };
        self.decided(lease, due, hold, "rule", None).await.map(|_| false)
    }

    /// Carries a decline out: one that was made before, or this one, which is written down first.
    async fn decline(
        &self,
        lease: &Lease,
        acts: &Acts,
        due: &Due,
        new: Option<(Reason, &str, Shown)>,
    ) -> Result<bool, SweepError> {
        let decision = match new {
            Some((reason, by, shown)) => {
                self.decided(lease, due, Decision::Decline(reason), by, Some(shown)).await?
            }
            None => self.decision(lease, acts, due).await?,
        };
        let Some(Decision::Decline(reason)) = decision else { return Ok(false) };
        let operation = (acts.decline)(reason, self.settings.review.on_decline);
        self.begin(lease, due, operation).await
    }

    /// Tells the network what came of a payment's transfer.
    async fn conclude(
        &self,
        lease: &Lease,
        acts: &Acts,
        due: &Due,
        paid: &PaidOut,
    ) -> Result<bool, SweepError> {
        let Some(reason) = failure(paid) else {
            return self.begin(lease, due, acts.approve.clone()).await;
        };
        if due.review == Some(ReviewStatus::Declined) {
            return self.decline(lease, acts, due, None).await;
        }
        let decline = Review {
            decision: Decision::Decline(reason.clone()),
            decided_by: format!("transfer {}", paid.transfer_id),
            shown: None,
        };
        match self.store.decline_unpaid(lease, due, &decline, self.clock.now()).await {
            Ok(()) => {}
            Err(StoreError::Refused(why)) => {
                tracing::info!(payment_id = due.payment_id, why, "not declined");
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        self.tell_review(due, "declined", format!("{} {}", reason.code, reason.reason));
        let operation = (acts.decline)(reason, self.settings.review.on_decline);
        self.begin(lease, due, operation).await
    }
}

/// Why a transfer that is over has not paid the beneficiary; none if it has.
fn failure(paid: &PaidOut) -> Option<Reason> {
    let why = match paid.status {
        TransferStatus::Completed => return None,
        TransferStatus::Incomplete
        | TransferStatus::PendingUserTransferStart
        | TransferStatus::PendingUserTransferComplete
        | TransferStatus::PendingExternal
        | TransferStatus::PendingAnchor
        | TransferStatus::PendingStellar
        | TransferStatus::PendingTrust
        | TransferStatus::PendingUser
        | TransferStatus::PendingSender
        | TransferStatus::PendingReceiver
        | TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate
        | TransferStatus::OnHold
        | TransferStatus::Refunded
        | TransferStatus::Expired
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge
        | TransferStatus::Error => {
            paid.message.clone().unwrap_or_else(|| format!("the payout ended as {}", paid.status))
        }
    };
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
fn exact(payout: &Money) -> Result<Money, String> {
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
fn transfer_of(
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
