//! Many envelopes on their way at once: one for each account whose sequence numbers we use. What becomes due meanwhile goes
//! out beside them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, sleep};

use super::Sender;
use super::compare::Compared;
use super::drive::Driven;
use super::envelopes::{Made, Weather};
use super::errand::Ready;
use super::gather::{Busy, Gathered, Passing, SICK_PAUSE};
use super::lanes::{Arrived, Found, Group, Lanes, NOT_OVER, Turn};
use super::receivers::{Late, Told};
use super::sorted::Sorted;
use crate::engine::{EnvelopeStatus, accounts_on};
use crate::jobs::frame::note::Note;
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::frame::round::Round;
use crate::store;

/// A sweep begins nothing new after this, and leaves what is under way to the next one.
const SWEEP_MAX: Duration = Duration::from_secs(45);
/// More envelopes are never on their way.
const OPEN_MAX: u32 = 10_000;
/// Where nothing was due, and something is under way still, it is looked again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The paying account cannot be looked at.
const UNTOLD: Busy =
    Busy { why: "the network does not tell of the paying account", pause: SICK_PAUSE };

/// Something that was under way has come to its end.
enum Event<'a> {
    /// An envelope.
    Arrived(Arrived),
    /// A look for what is due, and the receivers that are still being asked for.
    Found(Result<(Option<Found>, Vec<Late<'a>>), SweepError>),
    /// One of those receivers.
    Told(String, Result<Told, SweepError>),
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
        let mut under_way: FuturesUnordered<LocalBoxFuture<'_, Event<'_>>> =
            FuturesUnordered::new();
        // What is stored goes on to its end: the same bytes again do nothing new.
        let is_held = round.store.is_held().await?;
        let (mut lanes, open) = self.lanes(round).await?;
        for envelope in open {
            under_way.push(Box::pin(self.follow(round, envelope, until).map(Event::Arrived)));
        }
        loop {
            let is_time = Instant::now() < until && !round.is_stopping();
            let goes_on = is_time && lanes.failed.is_none() && !is_held;
            if goes_on {
                while let Some((source, group, weather)) = lanes.next() {
                    let used = lanes.used(&source);
                    let sent = self.send(round, weather, source, group, used, until);
                    under_way.push(Box::pin(sent.map(Event::Arrived)));
                }
                // After that, for it may have left nothing waiting.
                if lanes.wants_more() {
                    let found = self.find(round, lanes.looks());
                    under_way.push(Box::pin(found.map(Event::Found)));
                }
            }
            (round.observer)(Note::ChannelsInUse(lanes.in_use()));
            // Those under way go on to their end, whatever failed: their answers are not to be lost.
            let event = tokio::select! {
                biased;
                event = under_way.next() => event,
                () = sleep(LOOK_AGAIN), if goes_on && lanes.is_empty() => {
                    lanes.look_again();
                    continue;
                }
            };
            let Some(event) = event else { break };
            let late = taken_in(event, &mut lanes, report, most);
            for Late { address, look } in late {
                under_way.push(Box::pin(look.map(|told| Event::Told(address, told))));
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
        let taken = open.iter().map(|envelope| envelope.source_account.clone()).collect();
        let (due, later): (Vec<_>, Vec<_>) = open.into_iter().partition(|envelope| {
            envelope.not_before <= now && !round.sick.is_put_off(&thing_of(envelope))
        });
        let left = later.into_iter().map(|envelope| envelope.source_account).collect();
        Ok((Lanes::new(self.has_channels(), taken, left), due))
    }

    /// The accounts whose sequence numbers we use.
    pub(super) fn sources(&self) -> Vec<String> {
        if !self.has_channels() {
            return accounts_on(&self.assets, &self.desk.scope.network).into_iter().collect();
        }
        self.settings.channels.clone()
    }

    /// Finds what is due, and what it is sent with. None: nothing.
    async fn find<'a>(
        &'a self,
        round: &'a Round<'_>,
        mut passing: Passing,
    ) -> Result<(Option<Found>, Vec<Late<'a>>), SweepError> {
        let Gathered { mut ready, mut late } = self.gather(round, &passing).await?;
        if ready.is_empty() {
            return Ok((None, late));
        }
        let network = &self.desk.scope.network;
        let before = self.seen.borrow().clone();
        let channels = round.store.take_channels(round.lease, network, &self.sources()).await?;
        match self.compare(round, &before, &channels).await? {
            Compared::Known => {}
            Compared::Recovered => {
                passing.late.extend(late.iter().map(|late| late.address.clone()));
                let anew = self.gather(round, &passing).await?;
                ready = anew.ready;
                late.extend(anew.late);
            }
            Compared::Not => return Ok((None, late)),
            Compared::Untold(source) => {
                self.wait_for(round, ready, &source).await?;
                return Ok((None, late));
            }
        }
        if ready.is_empty() {
            return Ok((None, late));
        }
        let sources = channels.into_iter().map(|channel| channel.account).collect();
        let weather = self.weather(round).await?;
        Ok((Some(Found { ready, weather, sources }), late))
    }

    /// What is due waits, for `source` may have paid it.
    async fn wait_for(
        &self,
        round: &Round<'_>,
        ready: Vec<Ready>,
        source: &str,
    ) -> Result<(), SweepError> {
        let why =
            format!("the network does not tell what {source} has sent, and this may be among it");
        let mut sorted = Sorted::new(round.now());
        for one in ready {
            self.later(round, &mut sorted, one.errand, &why, SICK_PAUSE).await?;
        }
        sorted.written(round).await.map(drop)
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
        let back: Vec<String> = group.iter().map(|one| one.errand.id().to_owned()).collect();
        let made = self.make(round, &weather, &source, group, used).await;
        let arrived =
            |next, back, error| Arrived { source: source.clone(), used: None, next, back, error };
        match made {
            Ok(Made::Stored(envelope)) => self.follow(round, *envelope, until).await,
            Ok(Made::Not) => arrived(Turn::Busy(NOT_OVER), Vec::new(), None),
            Ok(Made::Recovered) => arrived(Turn::Free, back, None),
            // A channel can be used for others then.
            Ok(Made::Short | Made::Untold { is_source: false }) => {
                arrived(Turn::Free, Vec::new(), None)
            }
            Ok(Made::Untold { is_source: true }) => arrived(Turn::Busy(UNTOLD), back, None),
            Ok(Made::Unread) => {
                self.seen.borrow_mut().doubt();
                arrived(Turn::Doubted, back, None)
            }
            Ok(Made::Impossible(error, group)) => {
                let why = format!("it cannot be sent: {error}");
                let mut sorted = Sorted::new(round.now());
                for one in group {
                    if let Err(error) = self.hold(round, &mut sorted, one.errand, &why).await {
                        return arrived(Turn::Busy(NOT_OVER), Vec::new(), Some(error));
                    }
                }
                let error = sorted.written(round).await.err();
                arrived(Turn::Free, Vec::new(), error)
            }
            Err(error) => arrived(Turn::Busy(NOT_OVER), Vec::new(), Some(error)),
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
        let arrived = |used, next, back, error| Arrived { source, used, next, back, error };
        match driven {
            Ok(Driven::Over { is_used }) => {
                arrived(is_used.then_some(sequence), Turn::Free, back, None)
            }
            Ok(Driven::Left) => arrived(None, Turn::Busy(NOT_OVER), Vec::new(), None),
            Err(error) => arrived(None, Turn::Busy(NOT_OVER), Vec::new(), Some(error)),
        }
    }
}

/// Takes in what has come to its end. The receivers that are still being asked for.
fn taken_in<'a>(
    event: Event<'a>,
    lanes: &mut Lanes,
    report: &mut SweepReport,
    most: usize,
) -> Vec<Late<'a>> {
    match event {
        Event::Arrived(arrived) => {
            report.pages += 1;
            if matches!(arrived.next, Turn::Free) {
                report.acted += u64::try_from(arrived.back.len()).unwrap_or(u64::MAX);
            }
            lanes.arrived(arrived);
            Vec::new()
        }
        Event::Found(Ok((found, late))) => {
            lanes.looked(late.iter().map(|late| late.address.clone()));
            lanes.found(found, most);
            late
        }
        Event::Found(Err(error)) => {
            lanes.looked([]);
            lanes.failed.get_or_insert(error);
            Vec::new()
        }
        Event::Told(address, Ok(told)) => {
            lanes.told(address, told);
            Vec::new()
        }
        Event::Told(address, Err(error)) => {
            lanes.told(address, Told::Nothing);
            lanes.failed.get_or_insert(error);
            Vec::new()
        }
    }
}
