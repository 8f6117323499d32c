//! What comes in on the ledger: each payment becomes a row, and those that are waited for move their transfers.

mod deadlines;
mod matching;
mod odd;
mod reading;
