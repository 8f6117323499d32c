//! What is measured, and what it is measured against.

pub(crate) mod daemon;
pub(crate) mod floor;
pub(crate) mod ours;
pub(crate) mod seed;
