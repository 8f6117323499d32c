//! LOCKED: all partners have promised to take the payment, and the sender is to move the money.
//!
//! As the sender: review, then settle, or fail. As the receiver: recorded only.

use super::rules::{Acts, Rules};
use crate::engine::{ConnectorRole, Operation, PaymentState, ReasonType};

pub(super) const RULES: Rules = Rules {
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
