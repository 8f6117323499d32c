//! ACCEPTED: the sender has accepted a quote, and the receiver is to promise that it will pay out.
//!
//! As the receiver: review, then lock; or reject, so that the sender may repair it; or fail. The sender's data must be
//! there and complete. As the sender: recorded only. A payment near its deadline is left alone: the network fails it.

use super::rules::{Acts, Rules};
use crate::config::OnDecline;
use crate::engine::{ConnectorRole, Operation, PaymentState, ReasonType};

pub(super) const RULES: Rules = Rules {
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
