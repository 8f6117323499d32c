//! What each poller does with the payments in its state.

use crate::engine::{
    ConnectorRole, OnDecline, Operation, PaymentState, Poller, Reason, ReasonType,
};

/// What a poller owns, and what it does there.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The state whose list it reads: one, as the network's guides ask of its pollers.
    pub asked: PaymentState,
    /// The states that it owns: those, and what the network may call them.
    pub states: &'static [PaymentState],
    /// How it acts; none if it only records.
    pub acts: Option<Acts>,
}

/// How a poller acts on a payment.
#[derive(Debug)]
pub(crate) struct Acts {
    /// Only where our node plays this part.
    pub role: ConnectorRole,
    /// What an approval is carried out as.
    pub approve: Operation,
    /// What a decline is carried out as.
    pub decline: fn(Reason, OnDecline) -> Operation,
    /// The kind of reason that a reviewer's decline has, if it names none.
    pub decline_type: ReasonType,
    /// Whether the sender's data must be there before anything is approved.
    pub needs_user_info: bool,
}

/// ACCEPTED: the sender has accepted a quote, and the receiver is to promise that it will pay out.
///
/// As the receiver: review, then lock; or reject, so that the sender may repair it; or fail. The sender's data must be
/// there and complete. As the sender: recorded only. A payment near its deadline is left alone: the network fails it.
const ACCEPTED: Rules = Rules {
    asked: PaymentState::Accepted,
    states: &[PaymentState::Accepted],
    acts: Some(Acts {
        role: ConnectorRole::Receiving,
        approve: Operation::Lock,
        decline: |reason, on_decline| match (reason.reason_type, on_decline) {
            // That we cannot take it is nothing that the sender could repair.
            (ReasonType::ReceiverLockFailure, _) | (_, OnDecline::Fail) => {
                Operation::Fail { reason }
            }
            (_, OnDecline::Reject) => Operation::Reject { reason },
        },
        decline_type: ReasonType::ReceiverDataValidation,
        needs_user_info: true,
    }),
};

/// LOCKED: all partners have promised to take the payment, and the sender is to move the money.
///
/// As the sender: review, then settle, or fail. As the receiver: recorded only.
const LOCKED: Rules = Rules {
    asked: PaymentState::Locked,
    states: &[PaymentState::Locked],
    acts: Some(Acts {
        role: ConnectorRole::Sending,
        approve: Operation::Settle,
        decline: |reason, _| Operation::Fail { reason },
        decline_type: ReasonType::SenderProcessingFailure,
        needs_user_info: false,
    }),
};

/// EXECUTED: the money has moved on the network, and the receiver is to pay the beneficiary.
///
/// As the receiver: review, then complete, or fail. As the sender: recorded only. The partners' sub-states are recorded
/// with the payment. An executed payment does not expire.
///
/// The network's documents name `FORWARDED` and `AWAITING_COLLECTION` as sub-states of EXECUTED, and as states too. In its
/// list they are EXECUTED.
const EXECUTED: Rules = Rules {
    asked: PaymentState::Executed,
    states: &[PaymentState::Executed, PaymentState::Forwarded, PaymentState::AwaitingCollection],
    acts: Some(Acts {
        role: ConnectorRole::Receiving,
        approve: Operation::Complete,
        decline: |reason, _| Operation::Fail { reason },
        decline_type: ReasonType::ReceiverProcessingError,
        needs_user_info: false,
    }),
};

/// COMPLETED: over, and it went well.
///
/// Recorded only. An operation that was still under way is closed, and an amount that is not what was recorded before
/// raises an alert.
const COMPLETED: Rules =
    Rules { asked: PaymentState::Completed, states: &[PaymentState::Completed], acts: None };

/// RETURNED: over, and the money went back.
///
/// Recorded only, and linked to the payment that took the money back. An operation that was still under way is closed.
const RETURNED: Rules =
    Rules { asked: PaymentState::Returned, states: &[PaymentState::Returned], acts: None };

/// FAILED: over, without success.
///
/// Recorded only. A payment that was held is let go, and an operation that was still under way is closed.
const FAILED: Rules =
    Rules { asked: PaymentState::Failed, states: &[PaymentState::Failed], acts: None };

/// The rules of `poller`; none if it is not one of payments.
#[must_use]
pub(crate) const fn rules(poller: Poller) -> Option<&'static Rules> {
    match poller {
        Poller::Accepted => Some(&ACCEPTED),
        Poller::Locked => Some(&LOCKED),
        Poller::Executed => Some(&EXECUTED),
        Poller::Completed => Some(&COMPLETED),
        Poller::Returned => Some(&RETURNED),
        Poller::Failed => Some(&FAILED),
        Poller::PendingDeposits | Poller::Outgoing | Poller::Watch | Poller::Orders => None,
    }
}

/// The poller that owns a state of payments, if any does.
#[must_use]
pub(crate) fn owner_of(state: &PaymentState) -> Option<Poller> {
    let owns = |poller: &Poller| rules(*poller).is_some_and(|rules| rules.states.contains(state));
    Poller::PAYMENTS.into_iter().find(owns)
}

impl Rules {
    /// How the poller acts where our node is `role`; none if it only records there.
    #[must_use]
    pub(crate) fn acts_as(&self, role: &ConnectorRole) -> Option<&Acts> {
        self.acts.as_ref().filter(|acts| acts.role == *role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pollers_own_one_state() {
        let mut owned = Vec::new();
        for poller in Poller::ALL {
            assert_eq!(rules(poller).is_some(), poller.is_of_payments());
            assert!(rules(poller).is_none_or(|rules| rules.states.contains(&rules.asked)));
            for state in rules(poller).map_or(&[][..], |rules| rules.states) {
                assert!(!owned.contains(&state), "{state} is owned twice");
                owned.push(state);
            }
        }
    }

    #[test]
    fn a_poller_acts_in_its_part_only() {
        let acts = |poller, role| rules(poller).unwrap().acts_as(&role).is_some();
        assert!(acts(Poller::Accepted, ConnectorRole::Receiving));
        assert!(!acts(Poller::Accepted, ConnectorRole::Sending));
        assert!(acts(Poller::Locked, ConnectorRole::Sending));
        assert!(!acts(Poller::Locked, ConnectorRole::Receiving));
        assert!(!acts(Poller::Completed, ConnectorRole::Receiving));
    }
}
