//! Payouts on rails: claimed, followed, and written down with what came of them.

pub(super) mod claims;
pub(super) mod ends;
pub(super) mod finish;
pub(super) mod follow;
pub(super) mod intend;
pub(super) mod row;
pub(super) mod spared;
