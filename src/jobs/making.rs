//! What jobs are made from.

use std::sync::Arc;

use clap::ValueEnum;

use crate::config::Settings;
use crate::engine::Clock;
use crate::networks::RequestSeen;
use crate::store::Store;

/// A part of the poller `outgoing`'s work that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Paying out what is due.
    Execute,
    /// Following what is on its way.
    Poll,
}

/// Who is told of each request, and of the network or rail that it went to.
pub type Seen = Arc<dyn Fn(&str, &RequestSeen) + Send + Sync>;

/// What jobs are made from.
#[derive(Clone)]
pub struct Making<'a> {
    /// All settings.
    pub settings: &'a Settings,
    /// The database.
    pub store: &'a Store,
    /// The time.
    pub clock: &'a Clock,
    /// The one stage of `outgoing` that is wanted; none is both.
    pub stage: Option<Stage>,
    /// Whether sweeps follow one another for ever: then there is time to wait for what comes.
    pub lasts: bool,
    /// Who is told of requests.
    pub seen: Seen,
}
