//! What a sweep tells while it runs, to whoever counts, prints or watches.

use serde_json::{Value, json};

/// Something that a sweep did.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// It got on: a page was stored, an answer came, or it waits for one that is not late yet.
    Progress,
    /// An operation came to an end, or was tried and the end is not known.
    Operation {
        /// The payment.
        payment_id: String,
        /// Which operation.
        operation: &'static str,
        /// `done`, `refused`, `unknown` or `busy`.
        result: &'static str,
        /// The network's answer or reason.
        detail: String,
    },
    /// A decision was made.
    Review {
        /// The payment.
        payment_id: String,
        /// `approved`, `declined`, `held` or `pending`.
        decision: &'static str,
        /// Why.
        detail: String,
    },
    /// What would have been done, were this not a dry run.
    Would {
        /// The payment.
        payment_id: String,
        /// `record`, `quarantine`, or what the review and the operation would be.
        what: String,
        /// More of it.
        detail: String,
    },
}

impl Note {
    /// The note for programs; none if it tells nothing of a payment.
    #[must_use]
    pub fn to_json(&self) -> Option<Value> {
        match self {
            Self::Progress => None,
            Self::Operation { payment_id, operation, result, detail } => Some(json!({
                "what": "operation", "payment_id": payment_id, "operation": operation,
                "result": result, "detail": detail,
            })),
            Self::Review { payment_id, decision, detail } => Some(json!({
                "what": "review", "payment_id": payment_id, "decision": decision, "detail": detail,
            })),
            Self::Would { payment_id, what, detail } => Some(json!({
                "what": "would", "payment_id": payment_id, "would": what, "detail": detail,
            })),
        }
    }
}

/// Who is told.
pub type Observer<'a> = &'a (dyn Fn(Note) + 'a);
