//! Money that came in: whose it is, and lists of it.

pub(super) mod list;
pub(super) mod record;
mod resolved;
