//! RETURNED: over, and the money went back.
//!
//! Recorded only, and linked to the payment that took the money back. An operation that was still under way is closed.

use super::rules::Rules;
use crate::engine::PaymentState;

pub(super) const RULES: Rules =
    Rules { asked: PaymentState::Returned, states: &[PaymentState::Returned], acts: None };
