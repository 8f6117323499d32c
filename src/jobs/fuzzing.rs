//! What must hold for whatever a reviewer answers.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::payments::answer::decision;
use crate::engine::{Decision, ReasonType};
use crate::fuzzing::assert_told;

/// Only who says so approves, and a decline has a code of the network's.
pub fn review(data: &[u8]) {
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let word = serde_json::from_slice::<Value>(data);
    let word = word.ok().and_then(|answer| answer.get("decision")?.as_str().map(str::to_owned));
    let told = match decision(data, ReasonType::ReceiverDataValidation, now) {
        Ok(decision) => decision,
        Err(why) => return assert_told(&why),
    };
    match told {
        Decision::Approve => assert_eq!(word.as_deref(), Some("approve")),
        Decision::Decline(reason) => {
            assert_eq!(word.as_deref(), Some("decline"));
            assert_eq!(reason.code.len(), 4);
            assert_told(&reason.reason);
        }
        Decision::Hold { until, why } => {
            assert_eq!(word.as_deref(), Some("hold"));
            assert!(until.is_some());
            assert_told(&why);
        }
    }
}
