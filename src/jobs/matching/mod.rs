//! Whose the money is that came, and what goes back.

pub(super) mod assets;
pub(super) mod booking;
pub(super) mod judging;
pub(super) mod returns;
