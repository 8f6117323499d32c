//! EXECUTED: the money has moved on the network, and the receiver is to pay the beneficiary.
//!
//! As the receiver: review, then complete, or fail. As the sender: recorded only. The partners' sub-states are recorded
//! with the payment. An executed payment does not expire.

use super::rules::{Acts, Rules};
use crate::engine::{ConnectorRole, Operation, PaymentState, ReasonType};

pub(super) const RULES: Rules = Rules {
    states: &[PaymentState::Executed],
    acts: Some(Acts {
        role: ConnectorRole::Receiving,
        approve: Operation::Complete,
        decline: |reason, _| Operation::Fail { reason },
        decline_type: ReasonType::ReceiverProcessingError,
        needs_user_info: false,
        can_expire: false,
    }),
};
