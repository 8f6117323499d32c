//! COMPLETED and RETURNED: over, and it went well, or the money came back.
//!
//! Recorded only. An operation that was still under way is closed, and an amount that is not what was recorded before
//! raises an alert. A returned payment is linked to the payment that took it back.

use super::rules::Rules;
use crate::engine::PaymentState;

const OVER: &[PaymentState] = &[PaymentState::Completed, PaymentState::Returned];

pub(super) const RULES: Rules = Rules { asked: OVER, states: OVER, acts: None };
