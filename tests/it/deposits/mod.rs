//! Deposits: money that comes in on a rail goes out on the ledger, once.

mod asked;
mod destinations;
mod feed;
mod foreign;
mod funds;
mod signatures;
mod submissions;
