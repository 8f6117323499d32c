//! Payments as the networks tell of them, and what was decided and done.
//!
//! A page of sightings is `plan`ned without the database and `record`ed in one transaction. An intent is written before an
//! operation is tried (`operations`), and what came of it behind it (`finished`).

pub(super) mod admit;
pub(super) mod due;
pub(super) mod finished;
pub(super) mod handing_over;
pub(super) mod known;
pub(super) mod list;
pub(super) mod operations;
pub(super) mod plan;
pub(super) mod read;
pub(super) mod record;
pub(super) mod recount;
pub(super) mod reviews;
pub(super) mod story;
pub(super) mod voids;
pub(super) mod waiting;
pub(super) mod write_postgres;
pub(super) mod write_sqlite;
