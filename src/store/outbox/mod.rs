//! What others are told: events, the seals over them, and who did what. All of it only grows.

pub(super) mod audit;
pub(super) mod events;
pub(super) mod seals;
