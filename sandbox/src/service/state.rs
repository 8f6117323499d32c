//! Everything behind the lock: the service, its faults, its log.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Asked, CallInfo, HookAnswer, Phase, Simulation};
use crate::faults::{FaultRates, Faults, Reply};

/// Called for each request, before and after it is carried out.
pub(super) type Hook<E> = Arc<dyn Fn(&CallInfo<E>) -> HookAnswer + Send + Sync>;

/// What is known of a request before it is carried out.
pub(super) struct Arrival<E> {
    info: CallInfo<E>,
    hook: Option<Hook<E>>,
    pub(super) reply: Option<Reply>,
    /// How long the request takes before it is carried out.
    pub(super) delay: Duration,
}

impl<E: Clone> Arrival<E> {
    pub(super) fn hook_cuts(&self, phase: Phase) -> bool {
        let Some(hook) = &self.hook else { return false };
        hook(&CallInfo { phase, ..self.info.clone() }) == HookAnswer::Cut
    }
}

/// The service and all that is not of its trade.
pub(super) struct State<S: Simulation> {
    pub(super) simulation: S,
    pub(super) faults: Faults<S::Endpoint>,
    hook: Option<Hook<S::Endpoint>>,
    /// Requests since the hook was set.
    hooked: u64,
    pub(super) latency: Duration,
}

impl<S: Simulation> fmt::Debug for State<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl<S: Simulation> State<S> {
    pub(super) fn new(simulation: S, rates: FaultRates, seed: u64, latency: Duration) -> Self {
        Self { simulation, faults: Faults::new(rates, seed), hook: None, hooked: 0, latency }
    }

    /// Notes a request, and decides what will happen to it.
    pub(super) fn arrive(&mut self, asked: &Asked<'_, S::Endpoint>) -> Arrival<S::Endpoint> {
        let endpoint = asked.endpoint;
        self.simulation.log().request(endpoint);
        let mut info = CallInfo { n: 0, endpoint, about: Vec::new(), phase: Phase::BeforeApply };
        if S::spared(endpoint) {
            return Arrival { info, hook: None, reply: None, delay: Duration::ZERO };
        }
        self.hooked += 1;
        info.n = self.hooked;
        if self.hook.is_some() || self.faults.is_aimed() {
            info.about = S::subjects(asked);
        }
        let reply = self.faults.reply(endpoint, &info.about);
        if let Some(reply) = &reply {
            self.simulation.log().fault(&reply.name());
        }
        let slow = match reply {
            Some(Reply::Slow(delay)) => delay,
            Some(_) | None => Duration::ZERO,
        };
        let delay = self.latency.saturating_add(slow);
        Arrival { info, hook: self.hook.clone(), reply, delay }
    }

    pub(super) fn set_hook(&mut self, hook: Option<Hook<S::Endpoint>>) {
        self.hook = hook;
        self.hooked = 0;
    }
}
