//! A network's or a rail's client, as it is configured.

pub(super) mod rail;
pub(super) mod stellar;
