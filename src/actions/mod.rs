//! What a person or a program may ask of us: decisions on payments, moves of transfers, what becomes of money that belongs
//! to nobody.
//!
//! An action finds what is meant, refuses what does not fit, and has the store do the rest in one transaction, with whoever
//! asked on record. It prints nothing and knows no arguments: the command line tells what was done, and so does whoever
//! else asks.
//!
//! | file | the noun |
//! |---|---|
//! | `payments` | find one; approve, complete, decline, fail, hold, release |
//! | `transfers` | find one; create, hold, release, refund, move, correct, resolve |
//! | `incoming` | find one; give it to a transfer, send it back |
//! | `orders` | find one; create, import, claim, fulfil, cancel, credit, settle |
//! | `customers` | find one |
//! | `wallets` | who may report, and what they tell |
//! | `envelopes` | find one; who must sign, and what is signed |
//! | `quarantine` | find a row; it has been seen to |
//! | `reading` | what a file or a command line says of something new |
//! | `ids` | the beginning of an id is enough, if it is one thing's |
//! | `error` | why something was not done |

pub(crate) mod customers;
pub(crate) mod envelopes;
mod error;
pub(crate) mod ids;
pub(crate) mod incoming;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod quarantine;
pub(crate) mod reading;
pub(crate) mod transfers;
pub(crate) mod wallets;

use chrono::{DateTime, Utc};

pub(crate) use self::error::ActionError;
use crate::config::Settings;
use crate::store::Store;

/// What an action works with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actions<'a> {
    /// The database, opened for work.
    pub(crate) store: &'a Store,
    /// The settings; no secret is needed.
    pub(crate) settings: &'a Settings,
    /// When it is asked for.
    pub(crate) now: DateTime<Utc>,
}
