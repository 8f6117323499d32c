//! What all jobs have.

pub(super) mod checked;
pub(super) mod desk;
pub(super) mod left_alone;
pub(super) mod looking;
pub(super) mod note;
pub(super) mod patience;
pub(super) mod report;
pub(super) mod round;
pub(super) mod sick;
