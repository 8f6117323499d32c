//! FAILED: over, without success.
//!
//! Recorded only. A payment that was held is let go, and an operation that was still under way is closed.

use super::rules::Rules;
use crate::engine::PaymentState;

pub(super) const RULES: Rules =
    Rules { asked: PaymentState::Failed, states: &[PaymentState::Failed], acts: None };
