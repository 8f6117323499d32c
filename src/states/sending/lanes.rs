//! Many envelopes on their way at once: one for each account whose sequence numbers we use.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Sender;
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

/// The accounts, and what waits for them.
struct Lanes {
    /// Accounts without an envelope on its way.
    free: BTreeSet<String>,
    /// With channels of their own, any payer's envelope can use any of them.
    are_channels: bool,
    waiting: VecDeque<Group>,
    /// Errands that were taken up in this sweep, by name.
    in_hand: HashSet<String>,
    used: HashMap<String, i64>,
    /// Payers whose own sequence numbers cannot be used in this sweep.
    busy: HashSet<String>,
    under_way: usize,
}

impl Lanes {
    /// A free account, and a group that can use it.
    fn next(&mut self) -> Option<(String, Group)> {
        let are_channels = self.are_channels;
        let (place, source) = self.waiting.iter().enumerate().find_map(|(place, group)| {
            let payer = &group.first()?.payer;
            let free = if are_channels { self.free.first() } else { self.free.get(payer) };
            free.map(|source| (place, source.clone()))
        })?;
        let group = self.waiting.remove(place)?;
        self.free.remove(&source);
        Some((source, group))
    }

    fn arrived(&mut self, arrived: &Arrived) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(used) = arrived.used {
            let last = self.used.entry(arrived.source.clone()).or_insert(used);
            *last = std::cmp::max(*last, used);
        }
        if arrived.is_free {
            self.free.insert(arrived.source.clone());
        } else if !self.are_channels {
            self.busy.insert(arrived.source.clone());
        }
        for id in &arrived.back {
            self.in_hand.remove(id);
        }
    }
}

impl Sender {
    /// Drives all open envelopes on, and sends what is due beside them, until there is nothing left to do.
    pub(super) async fn send_all(
        &self,
        round: &Round<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let until = Instant::now() + SWEEP_MAX;
        let (network, now) = (&self.scope.network, round.now());
        let sources = self.sources();
        let taken = round.store.take_channels(round.lease, network, &sources).await?;
        let open = round.store.open_envelopes(network, DateTime::<Utc>::MAX_UTC, OPEN_MAX).await?;
        let mut lanes = Lanes {
            free: taken.into_iter().map(|channel| channel.account).collect(),
            are_channels: !self.settings.channels.is_empty(),
            waiting: VecDeque::new(),
            in_hand: HashSet::new(),
            used: HashMap::new(),
            busy: HashSet::new(),
            under_way: 0,
        };
        for envelope in &open {
            lanes.free.remove(&envelope.source_account);
            if !lanes.are_channels && envelope.not_before > now {
                lanes.busy.insert(envelope.source_account.clone());
            }
        }
        let mut under_way: FuturesUnordered<LocalBoxFuture<'_, Arrived>> = FuturesUnordered::new();
        for envelope in open.into_iter().filter(|envelope| envelope.not_before <= now) {
            lanes.under_way += 1;
            under_way.push(Box::pin(self.follow(round, envelope, until)));
        }
        let (mut failed, mut is_empty, mut weather) = (None, false, None);
        loop {
            let begins = failed.is_none() && !round.is_stopping() && Instant::now() < until;
            if begins && lanes.waiting.is_empty() && !lanes.free.is_empty() && !is_empty {
                match self.refill(round, &mut lanes, &mut weather).await {
                    Ok(found) => is_empty = !found,
                    Err(error) => failed = Some(error),
                }
            }
            while let (true, None, Some(now)) = (begins, &failed, weather)
                && let Some((source, group)) = lanes.next()
            {
                lanes.under_way += 1;
                let used = lanes.used.clone();
                under_way.push(Box::pin(self.send(round, now, source, group, used, until)));
            }
            (round.observer)(Note::ChannelsInUse(lanes.under_way));
            let Some(arrived) = under_way.next().await else { break };
            lanes.arrived(&arrived);
            report.pages += 1;
            // What came back may be sent in another way now.
            is_empty = is_empty && arrived.back.is_empty();
            report.acted += u64::try_from(arrived.back.len()).unwrap_or(u64::MAX);
            if let Some(error) = arrived.error {
                // Those under way go on to their end: their answers are not to be lost.
                tracing::debug!(%error, source = arrived.source, "an envelope is left for now");
                failed = failed.or(Some(error));
            }
            round.beat();
        }
        failed.map_or(Ok(()), Err)
    }

    /// The accounts whose sequence numbers we use.
    fn sources(&self) -> Vec<String> {
        if self.settings.channels.is_empty() {
            return self.assets.accounts_on(&self.scope.network).into_iter().collect();
        }
        self.settings.channels.clone()
    }

    /// Finds what is due. Whether there is something.
    async fn refill(
        &self,
        round: &Round<'_>,
        lanes: &mut Lanes,
        weather: &mut Option<Weather>,
    ) -> Result<bool, SweepError> {
        let ready = self.gather(round, &lanes.in_hand, &lanes.busy).await?;
        if ready.is_empty() {
            return Ok(false);
        }
        *weather = Some(self.weather(round).await?);
        lanes.in_hand.extend(ready.iter().map(|one| one.errand.id().to_owned()));
        let most = usize::try_from(self.settings.payments_per_envelope).unwrap_or(1);
        let terms = |one: &Ready| Terms {
            payer: one.payer.clone(),
            memo: one.memo.clone(),
            is_alone: one.does.is_alone(),
        };
        lanes.waiting = grouped(ready, most, terms);
        Ok(true)
    }

    /// Sends one group from one account.
    async fn send(
        &self,
        round: &Round<'_>,
        weather: Weather,
        source: String,
        group: Group,
        used: HashMap<String, i64>,
        until: Instant,
    ) -> Arrived {
        let nothing = |error| Arrived {
            source: source.clone(),
            used: None,
            is_free: false,
            back: Vec::new(),
            error,
        };
        match self.make(round, &weather, &source, &group, &used).await {
            Ok(Made::Stored(envelope)) => self.follow(round, *envelope, until).await,
            Ok(Made::Not) => nothing(None),
            Ok(Made::Impossible(error)) => {
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
        match self.drive(round, envelope, until).await {
            Ok(Driven::Over { is_used }) => arrived(is_used.then_some(sequence), true, back, None),
            Ok(Driven::Left) => arrived(None, false, Vec::new(), None),
            Err(error) => arrived(None, false, Vec::new(), Some(error)),
        }
    }
}
