//! Payouts: the daemon `railpoll-outgoing` and a bank.

mod clear;
mod executed;
mod refunds;
mod slow;
mod trouble;
mod unclear;
mod workers;
