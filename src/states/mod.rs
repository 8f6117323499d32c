//! What to do with a thing in one state: the jobs that workers run.
//!
//! Payments: a sweep is first collect, then act. A state has a file of [`Rules`]; [`rules()`] names them all. The rest
//! is the same for every state: [`Sweep::run`] walks the network's list into the database, compares the counts, and acts
//! on what is due, each operation as an intent first.
//!
//! Transfers: `asking` and `sending` are the two sides of a deposit, `watching` and `paying` those of a withdrawal or a
//! send. What came is judged (`judging`) and booked (`booking`) in one way, whichever side it came in on. Money that goes
//! out is written down before it is sent, and looked up before it is sent again.

mod accepted;
mod act;
mod answer;
mod asking;
mod assets;
mod booking;
mod budget;
mod carrying;
mod checked;
mod closing;
mod collecting;
mod comparing;
mod completed;
mod deciding;
mod desk;
mod dry_run;
mod executed;
mod failed;
#[cfg(test)]
mod fixtures;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod handing_over;
mod handling;
mod job;
mod judging;
mod left_alone;
mod locked;
mod looking;
mod note;
mod patience;
mod paying;
mod rail;
mod returned;
mod returns;
mod reviewer;
mod reviewing;
mod round;
mod rules;
mod sending;
mod shown;
mod sick;
mod stellar;
mod sweep;
mod watching;

pub use asking::Asker;
pub(crate) use assets::Assets;
pub use job::{Job, Making, Seen, Stage, job, jobs};
pub use note::{Note, Observer};
pub use paying::{Paying, PayingOptions};
pub(crate) use returns::{CameIn, refund_for, refund_of_incoming};
pub use rules::{Acts, Rules, rules};
pub use sending::Sender;
pub(crate) use shown::shown;
pub(crate) use stellar::{client as horizon_client, settings_of as stellar_settings_of};
pub use sweep::{Sweep, SweepError, SweepReport, Sweeper, Swept};
pub use watching::Watcher;
