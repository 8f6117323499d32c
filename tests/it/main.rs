//! What a user would try, with whole daemons, real databases and a sandbox that misbehaves.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod bad_input;
mod drift;
mod life;
mod outcomes;
mod refusals;
mod store;
mod support;
