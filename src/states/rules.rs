//! What each poller does with the payments in its state.

use super::{accepted, completed, executed, failed, locked, returned};
use crate::config::OnDecline;
use crate::engine::{ConnectorRole, Operation, PaymentState, Poller, Reason, ReasonType};

/// What a poller owns, and what it does there.
#[derive(Debug)]
pub struct Rules {
    /// The state whose list it reads: one, as the network's guides ask of its pollers.
    pub asked: PaymentState,
    /// The states that it owns: those, and what the network may call them.
    pub states: &'static [PaymentState],
    /// How it acts; none if it only records.
    pub acts: Option<Acts>,
}

/// How a poller acts on a payment.
#[derive(Debug)]
pub struct Acts {
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

/// The rules of `poller`; none if it is not one of payments.
#[must_use]
pub const fn rules(poller: Poller) -> Option<&'static Rules> {
    match poller {
        Poller::Accepted => Some(&accepted::RULES),
        Poller::Locked => Some(&locked::RULES),
        Poller::Executed => Some(&executed::RULES),
        Poller::Completed => Some(&completed::RULES),
        Poller::Returned => Some(&returned::RULES),
        Poller::Failed => Some(&failed::RULES),
        Poller::PendingDeposits | Poller::Outgoing | Poller::Watch => None,
    }
}

impl Rules {
    /// How the poller acts where our node is `role`; none if it only records there.
    #[must_use]
    pub fn acts_as(&self, role: &ConnectorRole) -> Option<&Acts> {
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
