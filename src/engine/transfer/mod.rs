//! Two-legged jobs of ours: money that comes in on one side and goes out on the other.
//!
//! A deposit comes in on a rail and goes out on a network; a withdrawal or a send comes in on a network and goes out
//! on a rail. What may follow what is one table, in `moves`.

mod amounts;
mod arrival;
mod asset;
mod cause;
mod explain;
#[cfg(test)]
pub(in crate::engine) mod fixtures;
mod kind;
mod memo;
mod moves;
mod new;
mod next;
#[cfg(test)]
mod pictures;
mod refund;
mod status;
mod step;
mod told;
#[expect(clippy::module_inception, reason = "the file of the type of this name")]
mod transfer;
mod work;

pub use amounts::{Policy, Quote, Settled, Terms, settle_amounts};
pub use arrival::{Arrived, arrive};
pub use asset::{Asset, Assets, RailSide, accounts_on, asset_of, assets_on, no_rail};
pub use cause::{Actor, Cause};
pub use explain::{Explanation, Foreign, Surroundings, WayBack, explain};
pub use kind::{Protocol, TransferKind};
pub use memo::{Memo, MemoError};
pub use moves::{IllegalMove, MOVES, Move, actor, legal, released_to};
pub use new::NewTransfer;
pub use next::next_worker;
pub use refund::{NewRefund, Refund};
pub use status::{End, Phase, TransferStatus};
pub use step::{Changes, Step, created_event, moved_event, taken_back};
pub use told::{Arrival, InformationAbout, PayoutEnd, PayoutState};
pub use transfer::{Transfer, coded};
pub use work::{EnvelopeStatus, PayoutStatus, Purpose, RefundStatus};
