//! What a user would try, with whole daemons, real databases and a sandbox that misbehaves.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod ahead;
mod bad_input;
mod cli;
mod crash;
mod daemon;
mod demo;
mod deposits;
mod drift;
mod envelopes;
mod examples;
mod faults;
mod files;
mod horizon;
mod life;
mod limits;
mod lost_answers;
mod nemesis;
mod open_orders;
mod order_model;
mod orders;
mod outage;
mod outcomes;
mod outgoing;
mod polaris;
mod rails_page;
mod readme;
mod refusals;
mod restored;
mod reviews;
mod role;
mod sandbox_pay;
mod sandbox_rails;
mod sick;
mod snapshots;
mod standby;
mod stellar;
mod store;
mod support;
mod tidy;
mod transfers_cli;
mod transfers_crash;
mod transfers_outage;
mod watch;
