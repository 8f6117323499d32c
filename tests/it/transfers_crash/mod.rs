//! No money twice, none lost: the daemons of transfers are killed anywhere, stopped and woken up, and do not hear the
//! answers to what they did. Whoever comes next finishes their work, and the books of both sides agree with ours.

mod gateway;
mod killed;
mod killing;
mod lost_answers;
mod paused;
mod program;
mod rails;

pub(crate) use gateway::Gateway;
pub(crate) use program::Program;
pub(crate) use rails::Side;
