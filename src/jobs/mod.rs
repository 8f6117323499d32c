//! What workers run: a job for each poller and each place that it works at.
//!
//! | folder | what it does | poller |
//! |---|---|---|
//! | `payments` | the payments in one state of a listing network: collected, then acted on | one for each state |
//! | `deposits` | asks a rail which deposits have come | pending-deposits, at rails |
//! | `outbound` | pays on a network: deposits out, refunds back | pending-deposits, at networks |
//! | `inbound` | reads what comes in on a network | watch |
//! | `payouts` | pays out on a rail, and follows payouts to their end | outgoing |
//! | `orders` | a shop's open orders: pays them from credit, ends those whose time is over | orders |
//! | `booking` | writing down what came, whichever side it came in on | |
//! | `frame` | what all have: a round, its report, what is put off, who is to be left alone | |
//! | `clients` | a network's or a rail's client, as it is configured | |
//!
//! Money that goes out is written down before it is sent, and looked up before it is sent again.

mod booking;
mod clients;
pub mod deposits;
mod expected;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod inbound;
mod job;
mod making;
pub mod orders;
pub mod outbound;
pub mod payments;
pub mod payouts;

pub use deposits::Asker;
pub use frame::left_alone::{heed, keep_wishes};
pub use frame::note::{Note, Observer};
pub use frame::report::{SweepError, SweepReport, Swept};
pub use inbound::Watcher;
pub use job::{AnyJob, Job, Make, Stopping, jobs, make_of, pending_deposits};
pub use making::{Making, Seen, Stage};
pub use outbound::Sender;
pub use payments::sweep::{Sweep, Sweeper};
pub use payouts::{Paying, PayingOptions};
