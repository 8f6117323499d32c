//! Money that reached us: what it is, where it stands, and whose it is.
//!
//! It is for a claimant, a transfer or an order, or nobody's yet. It counts only once it is confirmed; a network that is final
//! at once tells both in one.

mod claimant;
mod matching;
mod record;
mod status;

pub use claimant::{Claimant, ClaimantKind, Match};
pub use matching::{Candidate, MemoKey, match_incoming, subject_key};
pub use record::{Incoming, IncomingKey, IncomingKind};
pub use status::{INCOMING_MOVES, IllegalIncomingMove, IncomingStatus};
