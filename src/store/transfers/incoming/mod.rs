//! Money that came in: where it stands, whose it is, and lists of it.
//!
//! | file | what it does |
//! |---|---|
//! | `record` | writes down what came, received or confirmed, with what it does |
//! | `for_orders` | what no transfer waits for is told to orders |
//! | `advance` | what was received is confirmed or cancelled, what was confirmed is reversed |
//! | `resolved` | what a person makes of what was not matched |
//! | `candidates` | finds what it may be for |
//! | `streams` | up to where it was read |
//! | `row`, `list`, `told` | as it is on record; lists; events |

pub(super) mod advance;
mod candidates;
mod for_orders;
pub(super) mod list;
pub(super) mod record;
mod resolved;
pub(super) mod row;
pub(super) mod streams;
mod told;

pub(in crate::store) use record::owner;
pub(in crate::store) use row::{IncomingRow, incoming_from};
pub(in crate::store) use told::event_of_money;
