//! The core: what a payment is, which moves are legal, what to decide.
//!
//! Everything here is a pure function of what is known, what came, and `now`. No HTTP, no SQL, no clock.

mod alert;
mod amount;
mod basis;
pub mod books;
mod chain;
mod change;
mod clock;
mod currency;
pub(crate) mod decide;
mod event;
#[cfg(test)]
mod fixtures;
mod history;
mod identity;
mod incoming;
mod keyed;
mod listing;
mod operation;
mod operator;
pub mod order;
mod payment;
mod poller;
mod reason;
mod refusal;
mod retry;
mod review;
mod shown;
mod sick;
mod state;
mod sweep;
mod tally;
mod transfer;
mod user_info;
mod words;

pub use alert::{Alert, AlertName, coarse, comes_near};
pub use amount::{Amount, AmountError, Money};
pub use basis::{Basis, Difference, Parties, Shown, differences};
pub use chain::{Chain, Link};
pub use change::{Change, Known, compare};
pub use clock::{Clock, iso, later, read_time, readable, relative};
pub use currency::decimals_of;
pub use event::{Event, EventType, events_of};
pub use history::{StatusChange, Trail, statuses_of};
pub use identity::About;
pub use incoming::{
    Candidate, Claimant, ClaimantKind, INCOMING_MOVES, IllegalIncomingMove, Incoming, IncomingKey,
    IncomingKind, IncomingStatus, Match, MemoKey, match_incoming, subject_key,
};
pub use keyed::Keyed;
pub(crate) use keyed::keyed;
pub use listing::{BadRow, Listing, Row, Window};
pub use operation::{IntentStatus, Operation, Resolution, resolve};
pub use operator::{Action, Evidence, Operator};
pub use payment::{ConnectorRole, Payment};
pub use poller::{PlaceKind, Poller, PollerFacts};
pub use reason::{Reason, ReasonType};
pub(crate) use refusal::{Refusal, RefusalCode};
pub use retry::{Backoff, RetryPolicy, asked_pause, doubling};
pub use review::{Decision, MACHINES, OnDecline, ReviewStatus, time_left};
pub use shown::{escaped, printable};
pub use sick::{Blame, Failed, LIKE_AN_OUTAGE, blame, is_told, pause};
pub use state::PaymentState;
pub use sweep::SweepOutcome;
pub use tally::Tally;
pub use transfer::{
    Actor, Arrival, Arrived, Asset, Assets, Cause, Changes, End, EnvelopeStatus, Explanation,
    Foreign, IllegalMove, InformationAbout, MOVES, Memo, MemoError, Move, NewRefund, NewTransfer,
    PayoutEnd, PayoutState, PayoutStatus, Phase, Policy, Protocol, Purpose, Quote, RailSide,
    Refund, RefundStatus, Settled, Step, Surroundings, Terms, Transfer, TransferKind,
    TransferStatus, WayBack, accounts_on, actor, arrive, asset_of, assets_on, coded, created_event,
    explain, legal, moved_event, next_worker, no_rail, released_to, settle_amounts, taken_back,
};
pub use user_info::{UserInfo, UserInfoGap, gap_in_user_info, members};
pub(crate) use words::words;
