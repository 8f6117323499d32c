//! COMPLETED: over, and it went well.
//!
//! Recorded only. An operation that was still under way is closed, and an amount that is not what was recorded before
//! raises an alert.

use super::rules::Rules;
use crate::engine::PaymentState;

pub(super) const RULES: Rules =
    Rules { asked: PaymentState::Completed, states: &[PaymentState::Completed], acts: None };
