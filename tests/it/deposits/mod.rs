//! Deposits: money that comes in on a rail goes out on the ledger, once.

mod asked;
mod destinations;
mod dry_run;
mod feed;
mod foreign;
mod funds;
mod signatures;
mod submissions;
