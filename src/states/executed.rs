//! EXECUTED: the money has moved on the network, and the receiver is to pay the beneficiary.
//!
//! As the receiver: review, then complete, or fail. As the sender: recorded only. The partners' sub-states are recorded
//! with the payment. An executed payment does not expire.
//!
//! The network's documents name `FORWARDED` and `AWAITING_COLLECTION` as sub-states of EXECUTED, and as states too. In its
//! list they are EXECUTED.

use super::rules::{Acts, Rules};
use crate::engine::{ConnectorRole, Operation, PaymentState, ReasonType};

pub(super) const RULES: Rules = Rules {
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
