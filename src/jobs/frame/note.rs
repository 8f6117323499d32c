//! What a sweep tells while it runs, to whoever counts, prints or watches.

use crate::engine::{Keyed, Step, keyed};

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
    /// A transfer came to another status.
    Transfer {
        /// The transfer.
        transfer_id: String,
        /// Where it stands now.
        status: &'static str,
        /// Why it moved.
        cause: &'static str,
        /// What stands at it for a person to read.
        detail: String,
    },
    /// Money came.
    Incoming {
        /// The network's or rail's id of it.
        incoming_id: String,
        /// What it is: `matched`, `second`, `unknown_memo`, `wrong_asset` or `too_late`.
        verdict: &'static str,
        /// The transfer that it is, or seems to be, for.
        transfer_id: Option<String>,
        /// How much of what.
        detail: String,
    },
    /// So many of the accounts whose sequence numbers we use have a transaction on its way.
    ChannelsInUse(usize),
    /// A payout was handed to its rail, or came to an end.
    Payout {
        /// The transfer.
        transfer_id: String,
        /// `done`, `initiated`, `refused`, `unknown` or `busy`.
        result: &'static str,
        /// The rail's answer or reason.
        detail: String,
    },
    /// What would have been done, were this not a dry run.
    Would {
        /// The payment, or the transfer.
        payment_id: String,
        /// `record`, `quarantine`, or what the review and the operation would be.
        what: String,
        /// More of it.
        detail: String,
    },
}

impl Note {
    /// Of a step that was made.
    pub(in crate::jobs) fn of_step(step: &Step<'_>) -> Self {
        Self::Transfer {
            transfer_id: step.transfer.transfer_id.clone(),
            status: step.to.as_str(),
            cause: step.cause.as_str(),
            detail: step.changes.message.clone().unwrap_or_default(),
        }
    }

    /// The note for programs: what it is, and its keys beside that. None if it tells nothing of a payment or transfer.
    #[must_use]
    pub fn to_json(&self) -> Option<(&'static str, Keyed)> {
        Some(match self {
            Self::Progress | Self::ChannelsInUse(_) => return None,
            Self::Operation { payment_id, operation, result, detail } => (
                "operation",
                keyed! { "payment_id": payment_id, "operation": operation, "result": result, "reason": detail },
            ),
            Self::Review { payment_id, decision, detail } => (
                "review",
                keyed! { "payment_id": payment_id, "decision": decision, "reason": detail },
            ),
            Self::Transfer { transfer_id, status, cause, detail } => (
                "transfer",
                keyed! { "transfer_id": transfer_id, "status": status, "cause": cause, "reason": detail },
            ),
            Self::Incoming { incoming_id, verdict, transfer_id, detail } => (
                "incoming",
                keyed! {
                    "incoming_id": incoming_id, "verdict": verdict, "transfer_id": transfer_id,
                    "reason": detail,
                },
            ),
            Self::Payout { transfer_id, result, detail } => (
                "payout",
                keyed! { "transfer_id": transfer_id, "result": result, "reason": detail },
            ),
            Self::Would { payment_id, what, detail } => {
                ("would", keyed! { "payment_id": payment_id, "would": what, "reason": detail })
            }
        })
    }
}

/// Who is told.
pub type Observer<'a> = &'a (dyn Fn(Note) + 'a);
