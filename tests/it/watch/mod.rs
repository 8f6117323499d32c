//! What comes in on the ledger: each payment becomes a row, and those that are waited for move their transfers.

mod matching;
mod reading;
