//! Every call of the store, on both databases.

mod alerts;
mod append_only;
mod audit;
mod bound;
mod concurrency;
mod cursors;
mod decisions;
mod events;
mod history;
mod leases;
mod lists;
mod loss;
mod migrate;
mod operations;
mod order;
mod payments;
mod pooler;
mod promises;
mod put_off;
mod quarantine;
mod record;
mod restorations;
mod reviews;
mod seals;
mod strange_text;
mod transfers;
pub(crate) mod upgrade;
