//! Many envelopes on their way at once: one for each account whose sequence numbers we use.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::Instant;

use super::Sender;
use super::compare::Compared;
use super::drive::Driven;
use super::envelopes::{Made, Weather};
use super::errand::Ready;
use super::plan::{Terms, grouped};
use super::sorted::Sorted;
use crate::engine::EnvelopeStatus;
use crate::states::note::Note;
use crate::states::round::Round;
use crate::states::sweep::{SweepError, SweepReport};
use crate::store;

/// A sweep begins nothing new after this, and leaves what is under way to the next one.
const SWEEP_MAX: Duration = Duration::from_secs(45);
/// More envelopes are never on their way.
const OPEN_MAX: u32 = 10_000;

/// The payments of one envelope.
type Group = Vec<Ready>;

/// Something that was under way has come to its end.
enum Event {
    /// An envelope.
    Arrived(Arrived),
    /// A look for what is due.
    Found(Result<Option<Found>, SweepError>),
}

/// What one account's envelope came to.
struct Arrived {
    source: String,
    /// The number that it has used.
    used: Option<i64>,
    /// Whether the account can be used again in this sweep.
    is_free: bool,
    /// The errands that may be taken up again in this sweep.
    back: Vec<String>,
    error: Option<SweepError>,
}

/// What is due, and what it is sent with.
struct Found {
    ready: Vec<Ready>,
    weather: Weather,
    /// Our accounts that may be used.
    sources: Vec<String>,
}

/// The accounts, and what waits for them.
#[derive(Default)]
struct Lanes {
    /// With channels of their own, any payer's envelope can use any of them.
    are_channels: bool,
    /// Accounts that have an envelope on its way.
    taken: HashSet<String>,
    /// Accounts without one. None before anything was due.
    free: Option<BTreeSet<String>>,
    /// Payers whose own sequence numbers cannot be used in this sweep.
    busy: HashSet<String>,
    waiting: VecDeque<Group>,
    weather: Option<Weather>,
    /// Errands that were taken up in this sweep, by name.
    in_hand: HashSet<String>,
    used: HashMap<String, i64>,
    is_looking: bool,
    /// Errands came back while a look was under way, which had passed them over.
    came_back: bool,
    /// Nothing more was due.
    is_empty: bool,
    failed: Option<SweepError>,
}

impl Lanes {
    /// Whether it is time to look for what is due: before an account is free, for a look takes a while, and all of them
    /// become free together when a ledger closes.
    fn wants_more(&self) -> bool {
        self.waiting.is_empty() && !self.is_empty && !self.is_looking
    }

    /// A free account, a group that can use it, and what it is sent with.
    fn next(&mut self) -> Option<(String, Group, Weather)> {
        let (are_channels, weather) = (self.are_channels, self.weather?);
        let free = self.free.as_mut()?;
        let (place, source) = self.waiting.iter().enumerate().find_map(|(place, group)| {
            let payer = &group.first()?.payer;
            let source = if are_channels { free.first() } else { free.get(payer) };
            source.map(|source| (place, source.clone()))
        })?;
        free.remove(&source);
        let group = self.waiting.remove(place)?;
        self.taken.insert(source.clone());
        Some((source, group, weather))
    }

    fn arrived(&mut self, arrived: Arrived) {
        let Arrived { source, used, is_free, back, error } = arrived;
        if let Some(used) = used {
            let last = self.used.entry(source.clone()).or_insert(used);
            *last = std::cmp::max(*last, used);
        }
        self.is_empty &= back.is_empty();
        self.came_back |= !back.is_empty();
        for id in &back {
            self.in_hand.remove(id);
        }
        if let Some(error) = error {
            tracing::debug!(%error, source, "an envelope is left for now");
            self.failed.get_or_insert(error);
        }
        if is_free {
            self.taken.remove(&source);
            if let Some(free) = &mut self.free {
                free.insert(source);
            }
        } else if !self.are_channels {
            self.put_off(source);
        }
    }

    /// Nothing goes out from this payer for a while: what waits for that is found again, and noted as such.
    fn put_off(&mut self, payer: String) {
        self.waiting.retain(|group| {
            let is_kept = group.first().is_none_or(|one| one.payer != payer);
            for one in group.iter().filter(|_| !is_kept) {
                self.in_hand.remove(one.errand.id());
            }
            is_kept
        });
        self.busy.insert(payer);
    }

    fn found(&mut self, found: Option<Found>, most: usize) {
        let Some(Found { ready, weather, sources }) = found else {
            self.is_empty = !self.came_back;
            return;
        };
        let free = sources.into_iter().filter(|source| !self.taken.contains(source));
        self.free = Some(free.collect());
        self.weather = Some(weather);
        self.in_hand.extend(ready.iter().map(|one| one.errand.id().to_owned()));
        let terms = |one: &Ready| Terms {
            payer: one.payer.clone(),
            memo: one.memo.clone(),
            is_alone: one.does.is_alone(),
        };
        self.waiting = grouped(ready, most, terms);
    }
}

/// The name by which a transaction is put off, if the network does not tell of it alone.
fn thing_of(envelope: &store::Envelope) -> String {
    format!("transaction/{}", envelope.envelope_id)
}

impl Sender {
    /// Drives all open envelopes on, and sends what is due beside them, until there is nothing left to do.
    pub(super) async fn send_all(
        &self,
        round: &Round<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let until = Instant::now() + SWEEP_MAX;
        let most = usize::try_from(self.settings.payments_per_envelope).unwrap_or(1);
        let mut under_way: FuturesUnordered<LocalBoxFuture<'_, Event>> = FuturesUnordered::new();
        // What is stored goes on to its end: the same bytes again do nothing new.
        let is_held = round.store.is_held().await?;
        let (mut lanes, open) = self.lanes(round).await?;
        for envelope in open {
            under_way.push(Box::pin(self.follow(round, envelope, until).map(Event::Arrived)));
        }
        loop {
            let is_time = Instant::now() < until && !round.is_stopping();
            if is_time && lanes.failed.is_none() && !is_held {
                while let Some((source, group, weather)) = lanes.next() {
                    let used = lanes.used.get(&source).copied();
                    let sent = self.send(round, weather, source, group, used, until);
                    under_way.push(Box::pin(sent.map(Event::Arrived)));
                }
                // After that, for it may have left nothing waiting.
                if lanes.wants_more() {
                    (lanes.is_looking, lanes.came_back) = (true, false);
                    let (in_hand, busy) = (lanes.in_hand.clone(), lanes.busy.clone());
                    under_way.push(Box::pin(self.find(round, in_hand, busy).map(Event::Found)));
                }
            }
            (round.observer)(Note::ChannelsInUse(lanes.taken.len()));
            match under_way.next().await {
                // Those under way go on to their end, whatever failed: their answers are not to be lost.
                Some(Event::Arrived(arrived)) => {
                    report.pages += 1;
                    report.acted += u64::try_from(arrived.back.len()).unwrap_or(u64::MAX);
                    lanes.arrived(arrived);
                }
                Some(Event::Found(found)) => {
                    lanes.is_looking = false;
                    match found {
                        Ok(found) => lanes.found(found, most),
                        Err(error) => drop(lanes.failed.get_or_insert(error)),
                    }
                }
                None => break,
            }
            round.beat();
        }
        lanes.failed.map_or(Ok(()), Err)
    }

    /// The accounts as they are, and the envelopes that are to be driven on.
    async fn lanes(&self, round: &Round<'_>) -> Result<(Lanes, Vec<store::Envelope>), SweepError> {
        let (network, now) = (&self.desk.scope.network, round.now());
        let all_time = DateTime::<Utc>::MAX_UTC;
        let open = round.store.open_envelopes(network, all_time, OPEN_MAX).await?;
        let are_channels = !self.settings.channels.is_empty();
        let taken = open.iter().map(|envelope| envelope.source_account.clone()).collect();
        let (due, later): (Vec<_>, Vec<_>) = open.into_iter().partition(|envelope| {
            envelope.not_before <= now && !round.sick.is_put_off(&thing_of(envelope))
        });
        let later = later.into_iter().filter(|_| !are_channels);
        let busy = later.map(|envelope| envelope.source_account).collect();
        Ok((Lanes { are_channels, taken, busy, ..Lanes::default() }, due))
    }

    /// The accounts whose sequence numbers we use.
    pub(super) fn sources(&self) -> Vec<String> {
        if self.settings.channels.is_empty() {
            return self.assets.accounts_on(&self.desk.scope.network).into_iter().collect();
        }
        self.settings.channels.clone()
    }

    /// Finds what is due, and what it is sent with. None: nothing.
    async fn find(
        &self,
        round: &Round<'_>,
        in_hand: HashSet<String>,
        busy: HashSet<String>,
    ) -> Result<Option<Found>, SweepError> {
        let mut ready = self.gather(round, &in_hand, &busy).await?;
        if ready.is_empty() {
            return Ok(None);
        }
        let network = &self.desk.scope.network;
        let channels = round.store.take_channels(round.lease, network, &self.sources()).await?;
        match self.compare(round, &channels).await? {
            Compared::Known => {}
            Compared::Recovered => ready = self.gather(round, &in_hand, &busy).await?,
            Compared::Not => return Ok(None),
        }
        if ready.is_empty() {
            return Ok(None);
        }
        let sources = channels.into_iter().map(|channel| channel.account).collect();
        let weather = self.weather(round).await?;
        Ok(Some(Found { ready, weather, sources }))
    }

    /// Sends one group from one account.
    async fn send(
        &self,
        round: &Round<'_>,
        weather: Weather,
        source: String,
        group: Group,
        used: Option<i64>,
        until: Instant,
    ) -> Arrived {
        let nothing = |error| Arrived {
            source: source.clone(),
            used: None,
            is_free: false,
            back: Vec::new(),
            error,
        };
        let back = group.iter().map(|one| one.errand.id().to_owned()).collect();
        match self.make(round, &weather, &source, group, used).await {
            Ok(Made::Stored(envelope)) => self.follow(round, *envelope, until).await,
            Ok(Made::Not) => nothing(None),
            Ok(Made::Recovered) => Arrived { is_free: true, back, ..nothing(None) },
            // A channel can be used for others then.
            Ok(Made::Short | Made::Untold { is_source: false }) => {
                Arrived { is_free: true, ..nothing(None) }
            }
            Ok(Made::Untold { is_source: true }) => nothing(None),
            Ok(Made::Impossible(error, group)) => {
                let why = format!("it cannot be sent: {error}");
                let mut sorted = Sorted::new(round.now());
                for one in group {
                    if let Err(error) = self.hold(round, &mut sorted, one.errand, &why).await {
                        return nothing(Some(error));
                    }
                }
                let error = sorted.written(round).await.err();
                Arrived { is_free: true, ..nothing(error) }
            }
            Err(error) => nothing(Some(error)),
        }
    }

    /// Drives one envelope.
    async fn follow(
        &self,
        round: &Round<'_>,
        envelope: store::Envelope,
        until: Instant,
    ) -> Arrived {
        let (source, sequence) = (envelope.source_account.clone(), envelope.sequence);
        let back = envelope
            .payments
            .iter()
            .filter_map(|one| one.refund_id.clone().or_else(|| one.transfer_id.clone()))
            .collect();
        if envelope.status == EnvelopeStatus::WaitingSignatures {
            tracing::info!(envelope = envelope.envelope_id, "waits for signatures");
        }
        let arrived = |used, is_free, back, error| Arrived { source, used, is_free, back, error };
        let thing = thing_of(&envelope);
        let driven = match self.drive(round, envelope, until).await {
            Err(SweepError::Network(error)) => {
                let ask = || self.is_well(round);
                let failed = round.sick.failed(round.lease, &thing, error, ask).await;
                failed.map(|()| Driven::Left)
            }
            Err(error) => Err(error),
            Ok(driven) => {
                round.sick.well(round.lease, &thing).await.map(|()| driven).map_err(Into::into)
            }
        };
        match driven {
            Ok(Driven::Over { is_used }) => arrived(is_used.then_some(sequence), true, back, None),
            Ok(Driven::Left) => arrived(None, false, Vec::new(), None),
            Err(error) => arrived(None, false, Vec::new(), Some(error)),
        }
    }
}
