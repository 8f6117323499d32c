//! The rail's last word: money has left, or none will by this payout, or a person has to find out.

use chrono::{DateTime, Utc};

use super::again::LOOK_MAX;
use super::{PayoutFacts, Ruling};
use crate::engine::{Amount, Cause, InformationAbout, PayoutEnd, Purpose, TransferStatus, later};

impl PayoutFacts<'_> {
    pub(super) fn delivered(
        self,
        reference: Option<String>,
        fee: Option<Amount>,
        amount: Option<&Amount>,
    ) -> Ruling {
        let other = amount.filter(|amount| *amount != self.amount);
        let other = other.map(|amount| format!("the beneficiary got {amount}"));
        let took = fee.as_ref().filter(|fee| !fee.is_zero());
        let took = took.map(|fee| format!("the rail took {fee}"));
        let notes: Vec<String> = other.into_iter().chain(took).collect();
        let message = (!notes.is_empty()).then(|| notes.join(", "));
        let step = match self.purpose {
            Purpose::Payout => (TransferStatus::Completed, Cause::Delivered),
            Purpose::Refund => (TransferStatus::Refunded, Cause::RefundDone),
        };
        let end = PayoutEnd::Done { reference, answer: message.clone(), rail_fee: fee };
        Ruling { end, step: Some(step), message, code: None }
    }

    /// No money has left, and none will by this payout.
    pub(crate) fn failed(self, code: Option<String>, why: String) -> Ruling {
        if self.has_forgotten && self.purpose == Purpose::Payout {
            let why = format!(
                "{why}; the database was restored, and the rail cannot be asked whether another payout was made since: \
                 see its statement before you let it go on"
            );
            return refused((TransferStatus::OnHold, Cause::PayoutUnclear), code, why);
        }
        let step = match self.purpose {
            Purpose::Payout => (TransferStatus::Error, Cause::PayoutFailed),
            Purpose::Refund => (TransferStatus::OnHold, Cause::RefundFailed),
        };
        refused(step, code, why)
    }

    /// The same, but there is somebody to ask. With the answer it is paid by a new payout.
    pub(super) fn needs(self, about: InformationAbout, message: String) -> Ruling {
        let step = match (self.purpose, about) {
            (Purpose::Payout, InformationAbout::Transaction) => {
                (TransferStatus::PendingTransactionInfoUpdate, Cause::InformationAsked)
            }
            (Purpose::Payout, InformationAbout::Customer) => {
                (TransferStatus::PendingCustomerInfoUpdate, Cause::InformationAsked)
            }
            (Purpose::Refund, InformationAbout::Transaction | InformationAbout::Customer) => {
                (TransferStatus::OnHold, Cause::RefundFailed)
            }
        };
        refused(step, None, message)
    }

    /// The rail does not know, so only a person can find out. It is never paid again by itself.
    pub(super) fn cannot_tell(self, why: String, now: DateTime<Utc>) -> Ruling {
        let message = format!("the rail cannot tell whether it was paid: {why}");
        let step = (TransferStatus::OnHold, Cause::PayoutUnclear);
        let end = PayoutEnd::Unknown { why, not_before: later(now, LOOK_MAX) };
        Ruling { end, step: Some(step), message: Some(message), code: None }
    }
}

/// It is over, and nothing was paid by it.
pub(super) fn refused(
    step: (TransferStatus, Cause),
    code: Option<String>,
    reason: String,
) -> Ruling {
    let (message, step) = (Some(reason.clone()), Some(step));
    Ruling { end: PayoutEnd::Refused { code: code.clone(), reason }, step, message, code }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{cannot_tell, delivered, failed, looked, needs, paid, refunded};
    use super::super::{PayoutEnd as End, PayoutState, Verdict};
    use super::*;
    use crate::engine::PayoutStatus::{Initiated, Intended, Unknown};
    use TransferStatus as S;

    #[test]
    fn what_is_delivered_is_done() {
        let ruling = paid(delivered());
        assert_eq!(ruling.step, Some((S::Completed, Cause::Delivered)));
        let done = End::Done { reference: Some("r".to_owned()), answer: None, rail_fee: None };
        assert_eq!(ruling.end, done);
        assert_eq!(ruling.message, None);
        assert_eq!(refunded(delivered()).step, Some((S::Refunded, Cause::RefundDone)));
    }

    #[test]
    fn what_the_rail_took_is_told() {
        let state = |fee: &str, amount: &str| PayoutState::Delivered {
            reference: None,
            fee: Some(fee.parse().unwrap()),
            amount: Some(amount.parse().unwrap()),
        };
        let message = paid(state("0.5", "9.50")).message;
        assert_eq!(message.as_deref(), Some("the beneficiary got 9.50, the rail took 0.5"));
        assert_eq!(paid(state("0.00", "10.00")).message, None, "that is the same amount");
    }

    #[test]
    fn what_failed_is_an_error_and_a_failed_refund_waits_for_a_person() {
        let ruling = paid(failed());
        assert_eq!(ruling.step, Some((S::Error, Cause::PayoutFailed)));
        assert_eq!(ruling.message.as_deref(), Some("no such account"));
        let code = Some("AC01".to_owned());
        assert_eq!(ruling.code, code);
        assert_eq!(ruling.end, End::Refused { code, reason: "no such account".to_owned() });
        let refund = refunded(failed());
        assert_eq!(refund.step, Some((S::OnHold, Cause::RefundFailed)));
        assert!(matches!(refund.end, End::Refused { .. }));
    }

    #[test]
    fn who_can_tell_more_is_asked() {
        for (about, to) in [
            (InformationAbout::Transaction, S::PendingTransactionInfoUpdate),
            (InformationAbout::Customer, S::PendingCustomerInfoUpdate),
        ] {
            let ruling = paid(needs(about));
            assert_eq!(ruling.step, Some((to, Cause::InformationAsked)));
            assert!(matches!(ruling.end, End::Refused { .. }), "paid by a new payout");
            assert_eq!(ruling.message.as_deref(), Some(r#"who?: {"name":"as in the passport"}"#));
            assert_eq!(refunded(needs(about)).step, Some((S::OnHold, Cause::RefundFailed)));
        }
    }

    #[test]
    fn what_nobody_can_tell_waits_for_a_person() {
        for status in [Intended, Unknown, Initiated] {
            let Verdict::Record(ruling) = looked(status, cannot_tell()) else { panic!() };
            assert_eq!(ruling.step, Some((S::OnHold, Cause::PayoutUnclear)));
            assert!(matches!(ruling.end, End::Unknown { .. }));
        }
    }
}
