//! What a person's wish comes to on a payment: pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::decide::rules::rules;
use crate::engine::{ConnectorRole, Decision, Poller, Reason, ReasonType, Refusal, RefusalCode};
use crate::store::PaymentRow;

/// What a person wants, before it is known what the payment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PaymentWish {
    Approve,
    Complete,
    Decline { code: String, reason: String },
    Fail { code: String, reason: String },
    Hold { until: Option<DateTime<Utc>>, why: String },
    Release,
}

/// The poller that acts on the payment as it is, if any does.
pub(crate) fn reviewer(payment: &PaymentRow) -> Option<Poller> {
    let role = ConnectorRole::from_word(&payment.connector_role);
    Poller::PAYMENTS.into_iter().find(|poller| {
        rules(*poller).is_some_and(|rules| {
            rules.states.contains(&payment.state) && rules.acts_as(&role).is_some()
        })
    })
}

/// The decision that a wish comes to on a payment; none is a release.
pub(crate) fn decision(
    wish: &PaymentWish,
    payment: &PaymentRow,
) -> Result<Option<Decision>, Refusal> {
    let id = &payment.payment_id;
    let Some(poller) = reviewer(payment) else {
        let text = format!(
            "payment {id} is {} and we are {} it: nothing is decided on it here",
            payment.state,
            payment.connector_role.to_lowercase(),
        );
        let hint = format!("see `railpoll payments show {id}`");
        return Err(Refusal::new(RefusalCode::WrongState, text).hint(hint));
    };
    Ok(Some(match wish {
        PaymentWish::Approve => Decision::Approve,
        PaymentWish::Complete if poller == Poller::Executed => Decision::Approve,
        PaymentWish::Complete => {
            let text = format!(
                "payment {id} is {}, and only an executed one can be completed",
                payment.state
            );
            let hint = format!("`railpoll payments approve {id}` lets it go on from where it is");
            return Err(Refusal::new(RefusalCode::WrongState, text).hint(hint));
        }
        PaymentWish::Decline { code, reason } => {
            let fault = if poller == Poller::Accepted {
                ReasonType::ReceiverDataValidation
            } else {
                fault_of_ours(poller)
            };
            Decision::Decline(because(fault, code, reason)?)
        }
        PaymentWish::Fail { code, reason } => {
            Decision::Decline(because(fault_of_ours(poller), code, reason)?)
        }
        PaymentWish::Hold { until, why } => Decision::Hold { until: *until, why: why.clone() },
        PaymentWish::Release => return Ok(None),
    }))
}

fn because(fault: ReasonType, code: &str, reason: &str) -> Result<Reason, Refusal> {
    Reason::new(fault, code, reason).map_err(|why| Refusal::new(RefusalCode::Invalid, why))
}

/// Whose fault it is that we cannot go on.
const fn fault_of_ours(poller: Poller) -> ReasonType {
    match poller {
        Poller::Accepted => ReasonType::ReceiverLockFailure,
        Poller::Locked => ReasonType::SenderProcessingFailure,
        Poller::Executed
        | Poller::Completed
        | Poller::Returned
        | Poller::Failed
        | Poller::PendingDeposits
        | Poller::Outgoing
        | Poller::Watch
        | Poller::Orders => ReasonType::ReceiverProcessingError,
    }
}

/// The deadline that a hold outlives: nothing is begun within `margin` of it, and then the network fails the payment.
pub(crate) fn outlived(
    decision: &Decision,
    payment: &PaymentRow,
    margin: Duration,
) -> Option<DateTime<Utc>> {
    let until = match decision {
        Decision::Hold { until, .. } => *until,
        Decision::Approve | Decision::Decline(_) => return None,
    };
    let deadline = payment.expires_at.filter(|_| payment.state.can_expire())?;
    let last = TimeDelta::from_std(margin).ok().and_then(|it| deadline.checked_sub_signed(it));
    until.is_none_or(|until| last.is_none_or(|last| until >= last)).then_some(deadline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::PaymentState;

    fn payment(state: &str, role: &str) -> PaymentRow {
        PaymentRow {
            network: "acme".to_owned(),
            payment_id: "p1".to_owned(),
            state: PaymentState::from_word(state),
            sub_states: Vec::new(),
            connector_role: role.to_owned(),
            amount: "10.00".to_owned(),
            currency: "USD".to_owned(),
            payout: None,
            created_at: None,
            modified_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            first_seen_at: DateTime::UNIX_EPOCH,
            review: None,
            not_before: None,
            acted_at: None,
            returns: None,
            returned_by: None,
            end_to_end_id: None,
            version: 1,
        }
    }

    #[test]
    fn a_decision_needs_a_poller_that_carries_it_out() {
        let roles = ["SENDING", "RECEIVING", "INTERMEDIARY"];
        let decidable: Vec<(String, &str)> = PaymentState::KNOWN
            .iter()
            .flat_map(|state| roles.map(|role| (state.to_string(), role)))
            .filter(|(state, role)| decision(&PaymentWish::Approve, &payment(state, role)).is_ok())
            .collect();
        let expected = [
            ("ACCEPTED", "RECEIVING"),
            ("LOCKED", "SENDING"),
            ("EXECUTED", "RECEIVING"),
            ("FORWARDED", "RECEIVING"),
            ("AWAITING_COLLECTION", "RECEIVING"),
        ];
        assert_eq!(decidable, expected.map(|(state, role)| (state.to_owned(), role)));
    }

    #[test]
    fn a_hold_that_outlives_the_payment_is_seen() {
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0);
        let hold = |until| Decision::Hold { until, why: String::new() };
        let due = PaymentRow { expires_at: at(1_000), ..payment("ACCEPTED", "RECEIVING") };
        let margin = Duration::from_secs(100);
        let seen = |decision: &Decision| outlived(decision, &due, margin);
        assert_eq!(seen(&hold(at(899))), None);
        assert_eq!(seen(&hold(at(900))), at(1_000));
        assert_eq!(seen(&hold(None)), at(1_000));
        assert_eq!(seen(&Decision::Approve), None);
        let executed = PaymentRow { expires_at: at(1_000), ..payment("EXECUTED", "RECEIVING") };
        assert_eq!(outlived(&hold(None), &executed, margin), None, "it does not expire");
        let never = payment("ACCEPTED", "RECEIVING");
        assert_eq!(outlived(&hold(None), &never, margin), None);
    }

    #[test]
    fn only_an_executed_payment_is_completed() {
        let complete = |state, role| decision(&PaymentWish::Complete, &payment(state, role));
        assert_eq!(complete("EXECUTED", "RECEIVING"), Ok(Some(Decision::Approve)));
        assert!(complete("ACCEPTED", "RECEIVING").is_err());
        assert!(complete("LOCKED", "SENDING").is_err());
    }

    #[test]
    fn whose_fault_it_is_follows_from_the_state() {
        use ReasonType::*;
        let (code, reason) = ("AC03".to_owned(), "why".to_owned());
        let decline = PaymentWish::Decline { code: code.clone(), reason: reason.clone() };
        let fail = PaymentWish::Fail { code, reason };
        let fault = |wish, state, role| match decision(wish, &payment(state, role)) {
            Ok(Some(Decision::Decline(reason))) => reason.reason_type,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(&decline, "ACCEPTED", "RECEIVING"), ReceiverDataValidation);
        assert_eq!(fault(&fail, "ACCEPTED", "RECEIVING"), ReceiverLockFailure);
        for wish in [&decline, &fail] {
            assert_eq!(fault(wish, "EXECUTED", "RECEIVING"), ReceiverProcessingError);
            assert_eq!(fault(wish, "LOCKED", "SENDING"), SenderProcessingFailure);
        }
    }
}
