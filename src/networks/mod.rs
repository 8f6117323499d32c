//! The networks: one folder per kind, with its client, its wire types and its quirks.
//!
//! Nothing outside this module knows a JSON shape or a status code. What every kind shares stands beside the folders:
//! what to do with an answer ([`answer`]), one bounded exchange ([`http`]), the token bucket and the error bodies.

mod answer;
mod bucket;
mod error;
mod http;
mod problem;
pub mod ripplenet;

pub use error::NetworkError;
pub use http::RequestSeen;
