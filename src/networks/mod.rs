//! The networks: one folder per kind, with its client, its wire types and its quirks.
//!
//! Nothing outside this module knows a JSON shape or a status code. What every kind shares stands beside the folders:
//! what to do with an answer (`answer`), sending and trying again (`http`), one bounded exchange (`transport`),
//! the token bucket (`bucket`) and error bodies (`problem`).

mod answer;
mod bucket;
mod error;
mod http;
mod problem;
pub mod ripplenet;
mod transport;

pub use error::NetworkError;
pub use http::RequestSeen;
