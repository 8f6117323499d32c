//! What pollers remember from one sweep to the next, and from one process to the next.

pub(super) mod ahead;
pub(super) mod alerts;
pub(super) mod cursors;
pub(super) mod leases;
pub(super) mod looks;
pub(super) mod pauses;
pub(super) mod put_off;
pub(super) mod quarantine;
pub(super) mod restorations;
pub(super) mod set_aside;
pub(super) mod sweeps;
