//! How each poller is at each of its places, from what it left in the database.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::silence::{Known, PollerSilence, silence};
use crate::config::{PollerSettings, Schedule, Settings};
use crate::engine::AlertName;
use crate::engine::decide::rules::rules;
use crate::store::{
    FoundAlerts, Head, OpenAlert, PlaceLooks, Promised, Restoration, ReviewsWaiting, Scope, Store,
    StoreError, SweepRow, TransferCount,
};

/// More alerts than this nobody reads.
const ALERTS_MAX: u32 = 1_000;

/// All that `status` tells of.
#[derive(Debug)]
pub(crate) struct Whole {
    /// Those that are listed, and no others.
    pub(crate) standings: Vec<Standing>,
    /// Transfers that are not over.
    pub(crate) counts: Vec<TransferCount>,
    /// The alerts as they would stand if every poller had just swept: who is gone tells of nothing.
    pub(crate) alerts: Vec<OpenAlert>,
    /// A restoration that is not over, and what is looked up.
    pub(crate) held: Option<(Restoration, Vec<PlaceLooks>)>,
    /// How far history is sealed.
    pub(crate) sealed: Head,
}

/// A poller at a place.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) scope: Scope,
    pub(crate) enabled: bool,
    pub(crate) schedule: Schedule,
    pub(crate) holder: Option<String>,
    pub(crate) promise: Option<Promised>,
    pub(crate) last_sweep: Option<SweepRow>,
    pub(crate) next_sweep_at: Option<DateTime<Utc>>,
    pub(crate) in_state: Option<u64>,
    pub(crate) transfers: Option<OpenTransfers>,
    pub(crate) drift: i64,
    pub(crate) alerts: BTreeSet<String>,
    pub(crate) reviews: Vec<ReviewsWaiting>,
    pub(crate) silence: Option<PollerSilence>,
    /// Whether a person has seen to its silence.
    pub(crate) is_silenced: bool,
}

/// How many transfers that are not over are in each status.
pub(crate) type OpenTransfers = BTreeMap<&'static str, u64>;

impl Standing {
    /// When its last sweep ended.
    pub(crate) fn swept_at(&self) -> Option<DateTime<Utc>> {
        self.last_sweep.as_ref().map(|sweep| sweep.finished_at)
    }

    /// When it sweeps: by whoever runs it, if that is another schedule than the file's.
    pub(crate) fn schedule_in_words(&self) -> String {
        let (by_file, delay) = match &self.schedule {
            Schedule::FixedDelay(delay) => (every(*delay), Some(*delay)),
            Schedule::Cron(expression) => (format!("cron {expression}"), None),
        };
        if !self.enabled {
            return by_file;
        }
        let Some(sweep) = &self.last_sweep else { return by_file };
        match (self.next_sweep_at, delay) {
            // A single sweep says nothing of a next one.
            (None, _) if self.promise.is_none() => "--once".to_owned(),
            (Some(next), Some(delay)) if sweep.error.is_none() => {
                let true_delay = (next - sweep.finished_at).to_std().unwrap_or_default();
                if true_delay.as_millis() == delay.as_millis() || self.holder.is_none() {
                    by_file
                } else {
                    format!("{} ({by_file} by this file)", every(true_delay))
                }
            }
            (Some(_) | None, _) => by_file,
        }
    }
}

fn every(delay: Duration) -> String {
    format!("every {}", humantime::format_duration(delay))
}

/// Looks at everything. Pollers that are switched off are listed if `all` are to be, or something is wrong with what is
/// theirs.
pub(crate) async fn look(
    store: &Store,
    settings: &Settings,
    all: bool,
    now: DateTime<Utc>,
) -> Result<Whole, StoreError> {
    let restoration = store.restoration().await?.filter(|open| open.ended_at.is_none());
    let held = match restoration {
        Some(open) => {
            let looks = store.looks(open.restoration_id).await?;
            Some((open, looks))
        }
        None => None,
    };
    let promises = store.promises().await?;
    let open = store.alerts(false, ALERTS_MAX).await?;
    let alerts = alerts_now(store, settings, open, &promises, now).await?;
    let mut counts = store.transfer_counts().await?;
    counts.retain(|count| !count.status.is_final());
    let eyes = Eyes { store, alerts: &alerts, promises: &promises, now };
    let mut standings = Vec::new();
    for (poller, settings) in &settings.pollers {
        for place in settings.places() {
            let scope = Scope { poller: *poller, network: place.clone() };
            let is_told =
                alerts.iter().any(|alert| is_at(alert, &scope) && alert.silence.is_none());
            if !(settings.enabled || all || is_told) {
                continue;
            }
            let first = eyes.standing(scope.clone(), settings).await?;
            standings.push(Standing { transfers: open_at(&scope, &counts), ..first });
            for n in 2..=settings.slots() {
                let further = eyes.standing(scope.slot(n), settings).await?;
                // Only where a process is, or is missed.
                let is_there = further.holder.is_some() || further.promise.is_some();
                standings.extend(is_there.then_some(further));
            }
        }
    }
    Ok(Whole { standings, alerts, counts, held, sealed: store.sealed_head().await? })
}

fn is_at(alert: &OpenAlert, scope: &Scope) -> bool {
    alert.poller == scope.poller.name() && alert.place == scope.place()
}

/// The alerts that stand, brought to what the database tells now.
async fn alerts_now(
    store: &Store,
    settings: &Settings,
    open: Vec<OpenAlert>,
    promises: &[Promised],
    now: DateTime<Utc>,
) -> Result<Vec<OpenAlert>, StoreError> {
    let configured = settings.pollers.iter().flat_map(|(poller, own)| {
        own.places().map(|place| Scope { poller: *poller, network: place.clone() })
    });
    let told = open.iter().filter_map(|alert| {
        let poller = alert.poller.parse().ok()?;
        Some(Scope { poller, network: alert.place.clone() })
    });
    let scopes: BTreeSet<Scope> = configured.chain(told).collect();
    let mut alerts = open;
    for scope in scopes {
        let states = rules(scope.poller).map_or(&[][..], |rules| rules.states);
        for found in store.conditions_at(&scope, states, now).await? {
            bring(&mut alerts, &scope, found, now);
        }
    }
    // Who is back, or has ended as it should, is not missed, though nobody may have told so yet.
    let is_missed = |alert: &OpenAlert| {
        let late = promises.iter().filter(|one| one.is_late);
        late.into_iter().any(|one| {
            let about = if alert.subject.is_empty() { &alert.place } else { &alert.subject };
            alert.poller == one.scope.poller.name() && *about == one.scope.network
        })
    };
    let silent = AlertName::PollerSilent.as_str();
    alerts.retain(|alert| alert.name != silent || is_missed(alert));
    Ok(alerts)
}

/// Brings the alerts of one name at one place to what was found.
fn bring(
    alerts: &mut Vec<OpenAlert>,
    scope: &Scope,
    (name, standing): FoundAlerts,
    now: DateTime<Utc>,
) {
    let own = |alert: &OpenAlert| alert.name == name.as_str() && is_at(alert, scope);
    let is_over = |alert: &OpenAlert| !standing.iter().any(|one| one.subject == alert.subject);
    alerts.retain(|alert| !(own(alert) && is_over(alert)));
    for one in &standing {
        match alerts.iter_mut().find(|alert| own(alert) && alert.subject == one.subject) {
            Some(known) if known.count == one.count && known.detail == one.detail => {}
            Some(known) => {
                known.count = one.count;
                known.detail.clone_from(&one.detail);
                known.silence = None;
            }
            None => alerts.push(OpenAlert {
                alert_id: 0,
                name: name.to_string(),
                poller: scope.poller.to_string(),
                place: scope.place().to_owned(),
                subject: one.subject.clone(),
                count: one.count,
                detail: one.detail.clone(),
                began_at: now,
                ended_at: None,
                silence: None,
            }),
        }
    }
}

/// What one looks with.
struct Eyes<'a> {
    store: &'a Store,
    alerts: &'a [OpenAlert],
    promises: &'a [Promised],
    now: DateTime<Utc>,
}

impl Eyes<'_> {
    async fn standing(
        &self,
        scope: Scope,
        settings: &PollerSettings,
    ) -> Result<Standing, StoreError> {
        let Self { store, now, .. } = self;
        let cursor = store.cursor(&scope).await?;
        let holder = store.lease_holder(&scope).await?;
        let last_sweep = store.last_sweep(&scope).await?;
        let promise = self.promises.iter().find(|one| one.scope == scope).cloned();
        let gap: Option<TimeDelta> = store.usual_gap(&scope).await?;
        let is_first = scope.network == scope.place();
        let known = Known {
            // Of further processes nobody knows whether they are to be there, but by what they have promised.
            enabled: settings.enabled && (is_first || promise.is_some()),
            schedule: &settings.schedule,
            lease: settings.lease,
            promise: promise.as_ref(),
            is_held: holder.is_some(),
            swept_at: last_sweep.as_ref().map(|sweep| sweep.finished_at),
            next: cursor.next_sweep_at,
            gap,
        };
        let silence = silence(&known, *now);
        let own: Vec<&OpenAlert> =
            self.alerts.iter().filter(|alert| is_at(alert, &scope)).collect();
        let subject = if is_first { "" } else { scope.network.as_str() };
        let is_seen_to = |alert: &&&OpenAlert| {
            alert.name == AlertName::PollerSilent.as_str()
                && alert.subject == subject
                && alert.silence.is_some()
        };
        Ok(Standing {
            enabled: settings.enabled,
            schedule: settings.schedule.clone(),
            in_state: in_state(store, &scope).await?,
            reviews: self.reviews(&scope, &own).await?,
            is_silenced: own.iter().any(|alert| is_seen_to(&alert)),
            alerts: own.iter().map(|alert| alert.name.clone()).collect(),
            transfers: None,
            drift: cursor.difference,
            next_sweep_at: cursor.next_sweep_at,
            holder,
            promise,
            last_sweep,
            silence,
            scope,
        })
    }

    /// What waits for a person there.
    async fn reviews(
        &self,
        scope: &Scope,
        own: &[&OpenAlert],
    ) -> Result<Vec<ReviewsWaiting>, StoreError> {
        let Some(rules) = rules(scope.poller) else { return Ok(Vec::new()) };
        // One cause is one line, and that one has the deadline.
        if own.iter().any(|alert| alert.name == AlertName::DecisionDue.as_str()) {
            return Ok(Vec::new());
        }
        self.store.reviews_waiting(scope.place(), rules.states).await
    }
}

/// The transfers that are open at the place of a poller of transfers.
fn open_at(scope: &Scope, counts: &[TransferCount]) -> Option<OpenTransfers> {
    if scope.poller.is_of_payments() {
        return None;
    }
    let place = &scope.network;
    let mut open = OpenTransfers::new();
    for count in counts.iter().filter(|count| count.rail == *place || count.network == *place) {
        *open.entry(count.status.as_str()).or_default() += count.transfers;
    }
    Some(open)
}

/// How many payments are in the poller's states; none if it is not one of payments.
async fn in_state(store: &Store, scope: &Scope) -> Result<Option<u64>, StoreError> {
    let Some(rules) = rules(scope.poller) else { return Ok(None) };
    store.count_in(&scope.network, rules.states, None).await.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_told_in_words() {
        assert_eq!(every(Duration::from_secs(90)), "every 1m 30s");
    }
}
