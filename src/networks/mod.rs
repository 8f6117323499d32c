//! The networks: one folder per kind, with its client, its wire types and its quirks.
//!
//! Nothing outside this module knows a network's JSON shapes or status codes. What every client shares is in `http`.

pub mod ripplenet;
pub mod stellar;
pub mod tari;

pub use crate::http::{CallError as NetworkError, RequestSeen, Wish};
