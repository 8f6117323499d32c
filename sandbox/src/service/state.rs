//! Everything behind the lock: the service, its faults, its log.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::log::Log;
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

impl<E: Copy> Arrival<E> {
    pub(super) fn hook_cuts(&self, phase: Phase) -> bool {
        let info = CallInfo { phase, ..self.info };
        self.hook.as_ref().is_some_and(|hook| hook(&info) == HookAnswer::Cut)
    }
}

/// Replies to come, each for so many requests.
type Script = VecDeque<(u32, Reply)>;

/// The service and all that is not of its trade.
pub(super) struct State<S: Simulation> {
    pub(super) simulation: S,
    pub(super) faults: Faults<S::Endpoint>,
    /// Faults for requests about one id.
    aimed: HashMap<(S::Endpoint, String), Script>,
    pub(super) log: Log<S::Endpoint>,
    hook: Option<Hook<S::Endpoint>>,
    /// Requests since the hook was set.
    hooked: u64,
    pub(super) latency: Duration,
}

impl<S: Simulation> fmt::Debug for State<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("log", &self.log).finish_non_exhaustive()
    }
}

impl<S: Simulation> State<S> {
    pub(super) fn new(simulation: S, rates: FaultRates, seed: u64, latency: Duration) -> Self {
        Self {
            simulation,
            faults: Faults::new(rates, seed),
            aimed: HashMap::new(),
            log: Log::default(),
            hook: None,
            hooked: 0,
            latency,
        }
    }

    /// Notes a request, and decides what will happen to it.
    pub(super) fn arrive(&mut self, asked: &Asked<'_, S::Endpoint>) -> Arrival<S::Endpoint> {
        let endpoint = asked.endpoint;
        self.log.request(endpoint);
        if self.simulation.spared(endpoint) {
            let info = CallInfo { n: 0, endpoint, phase: Phase::BeforeApply };
            return Arrival { info, hook: None, reply: None, delay: Duration::ZERO };
        }
        self.hooked += 1;
        let reply = self.aimed_at(asked).or_else(|| self.faults.reply(&endpoint, None));
        let slow = match reply {
            Some(Reply::Slow(delay)) => delay,
            Some(_) | None => Duration::ZERO,
        };
        Arrival {
            info: CallInfo { n: self.hooked, endpoint, phase: Phase::BeforeApply },
            hook: self.hook.clone(),
            reply,
            delay: self.latency.saturating_add(slow),
        }
    }

    fn aimed_at(&mut self, asked: &Asked<'_, S::Endpoint>) -> Option<Reply> {
        if self.aimed.is_empty() {
            return None;
        }
        for subject in self.simulation.subjects(asked) {
            let about = (asked.endpoint, subject);
            let Some(script) = self.aimed.get_mut(&about) else { continue };
            let reply = script.front_mut().map(|(times, reply)| {
                *times = times.saturating_sub(1);
                (*times, reply.clone())
            });
            if reply.as_ref().is_none_or(|(times, _)| *times == 0) {
                script.pop_front();
            }
            if script.is_empty() {
                self.aimed.remove(&about);
            }
            if let Some((_, reply)) = reply {
                self.faults.note(&reply);
                return Some(reply);
            }
        }
        None
    }

    /// The next `times` requests to the endpoint about this id get this reply.
    pub(super) fn aim(&mut self, endpoint: S::Endpoint, id: String, times: u32, reply: Reply) {
        if times > 0 {
            self.aimed.entry((endpoint, id)).or_default().push_back((times, reply));
        }
    }

    /// Forgets all scripts.
    pub(super) fn clear_scripts(&mut self) {
        self.aimed.clear();
        self.faults.clear_script();
    }

    pub(super) fn set_hook(&mut self, hook: Option<Hook<S::Endpoint>>) {
        self.hook = hook;
        self.hooked = 0;
    }
}
