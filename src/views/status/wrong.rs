//! What is wrong, in words, and what to do about it: one line for each cause.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::silence::PollerSilence;
use super::standing::{Standing, Whole};
use crate::engine::{AlertName, Poller, SweepOutcome, relative};
use crate::store::{OpenAlert, Scope};
use crate::views::restored::summary;

/// A cause of trouble, or something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Wrong {
    /// The alert's name, or `review_waiting`.
    pub(crate) name: String,
    /// The pollers that it is about.
    pub(crate) pollers: Vec<&'static str>,
    /// Where it is; none if it is about all of the database.
    pub(crate) place: Option<String>,
    /// How many things it is about.
    pub(crate) count: u64,
    /// What is so.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) advice: String,
    /// Whether it should not be so. Else it is part of a day's work.
    pub(crate) urgent: bool,
}

/// What nobody decides on yet is no trouble.
const WAITING: &str = "review_waiting";

impl Wrong {
    /// The line for people.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.reason, self.advice)
    }

    /// Whether it is about this poller at this place.
    pub(crate) fn is_about(&self, scope: &Scope) -> bool {
        self.place.as_deref().is_none_or(|place| place == scope.place())
            && (self.pollers.is_empty() || self.pollers.contains(&scope.poller.name()))
    }
}

/// All that is wrong, the worst first.
pub(crate) fn wrongs(whole: &Whole, now: DateTime<Utc>) -> Vec<Wrong> {
    let mut all: Vec<Wrong> = held(whole).into_iter().collect();
    all.extend(silent(&whole.standings, now));
    all.extend(alerts(whole));
    all.extend(waiting(&whole.standings, now));
    all
}

/// Nothing goes out.
fn held(whole: &Whole) -> Option<Wrong> {
    let (open, looks) = whole.held.as_ref()?;
    Some(Wrong {
        name: AlertName::DatabaseOlder.to_string(),
        pollers: Vec::new(),
        place: None,
        count: 1,
        reason: summary(open, looks),
        advice: AlertName::DatabaseOlder.advice().to_owned(),
        urgent: true,
    })
}

/// Who does not run: those that are silent in the same way at one place are one line.
fn silent(standings: &[Standing], now: DateTime<Utc>) -> Vec<Wrong> {
    let mut never: BTreeMap<&str, Vec<&Standing>> = BTreeMap::new();
    let mut gone: BTreeMap<&str, Vec<&Standing>> = BTreeMap::new();
    let mut all = Vec::new();
    for standing in standings.iter().filter(|standing| !standing.is_silenced) {
        let place = standing.scope.network.as_str();
        match &standing.silence {
            None => {}
            Some(PollerSilence::Never) => never.entry(place).or_default().push(standing),
            Some(PollerSilence::Gone) => gone.entry(place).or_default().push(standing),
            Some(PollerSilence::Still { by, since }) => {
                let Scope { poller, network } = &standing.scope;
                let reason = format!(
                    "{by} runs {poller} on {network} and stands still: it was to be back {}",
                    relative(*since, now)
                );
                let advice = format!("its log tells more; `systemctl restart railpoll@{poller}`");
                all.push(of_silence(&[standing], reason, advice));
            }
        }
    }
    for (place, who) in never {
        let reason = format!("nobody has ever run {} on {place}", names(&who));
        all.push(of_silence(&who, reason, start(&who)));
    }
    for (place, who) in gone {
        let last = who.iter().filter_map(|one| one.swept_at()).max();
        let last = last.map(|last| format!("; last sweep {}", relative(last, now)));
        let reason = format!("nobody runs {} on {place}{}", names(&who), last.unwrap_or_default());
        all.push(of_silence(&who, reason, start(&who)));
    }
    all
}

fn names(who: &[&Standing]) -> String {
    who.iter().map(|one| one.scope.poller.name()).collect::<Vec<_>>().join(", ")
}

/// How they are started.
fn start(who: &[&Standing]) -> String {
    let units: Vec<String> =
        who.iter().map(|one| format!("railpoll@{}", one.scope.poller)).collect();
    let other = match who {
        [one] => format!("`{} --loop`", one.scope.poller.binary()),
        _ => "`railpoll run`".to_owned(),
    };
    format!("`systemctl start {}` or {other}", units.join(" "))
}

fn of_silence(who: &[&Standing], reason: String, advice: String) -> Wrong {
    Wrong {
        name: AlertName::PollerSilent.to_string(),
        pollers: who.iter().map(|one| one.scope.poller.name()).collect(),
        place: who.first().map(|one| one.scope.place().to_owned()),
        count: u64::try_from(who.len()).unwrap_or(u64::MAX),
        reason,
        advice,
        urgent: true,
    }
}

/// What makes two alerts of different pollers one cause: how a place is has one, however each has met it.
fn cause(alert: &OpenAlert) -> [&str; 4] {
    let OpenAlert { name, place, subject, detail, .. } = alert;
    let is_of_sweeps = SweepOutcome::ALERTS.iter().any(|of| of.as_str() == name);
    let is_of_all = [AlertName::EventsRewritten, AlertName::ReloadRefused];
    if is_of_all.iter().any(|of| of.as_str() == name) {
        [name, "", "", detail]
    } else {
        [name, place, subject, if is_of_sweeps { "" } else { detail }]
    }
}

/// The alerts that stand, and nobody has silenced.
fn alerts(whole: &Whole) -> Vec<Wrong> {
    let mut causes: Vec<Vec<&OpenAlert>> = Vec::new();
    for alert in whole.alerts.iter().filter(|alert| alert.silence.is_none()) {
        let same = |one: &&mut Vec<&OpenAlert>| {
            one.first().is_some_and(|first| cause(first) == cause(alert))
        };
        match causes.iter_mut().find(same) {
            Some(one) => one.push(alert),
            None => causes.push(vec![alert]),
        }
    }
    causes.iter().filter_map(|alerts| of_alerts(alerts)).collect()
}

fn of_alerts(alerts: &[&OpenAlert]) -> Option<Wrong> {
    let first = alerts.first()?;
    let known = alerts.iter().filter_map(|alert| alert.poller.parse::<Poller>().ok());
    let pollers: Vec<&'static str> = known.map(Poller::name).collect();
    let places: BTreeSet<&str> = alerts.iter().map(|alert| alert.place.as_str()).collect();
    let count = alerts.iter().map(|alert| alert.count).max().unwrap_or(1);
    let (name, detail) = (&first.name, &first.detail);
    let at = places.iter().copied().collect::<Vec<_>>().join(", ");
    let many = if count > 1 { format!(", {count} of them") } else { String::new() };
    let subject = &first.subject;
    let about = if subject.is_empty() { String::new() } else { format!(" of {subject}") };
    let advice = name.parse::<AlertName>().map_or("see `railpoll alerts`", AlertName::advice);
    Some(Wrong {
        reason: format!("{name} at {at} ({}){about}{many}: {detail}", pollers.join(", ")),
        name: name.clone(),
        pollers,
        place: Some(first.place.clone()).filter(|_| places.len() == 1),
        count,
        advice: advice.to_owned(),
        urgent: true,
    })
}

/// What waits for a person, where no deadline is near yet.
fn waiting(standings: &[Standing], now: DateTime<Utc>) -> Vec<Wrong> {
    let mut all = Vec::new();
    for standing in standings {
        for found in &standing.reviews {
            let Scope { poller, network } = &standing.scope;
            let (count, review) = (found.count, &found.review);
            let what = if review == "held" { "held" } else { "waiting for a decision" };
            let is = if count == 1 { "payment is" } else { "payments are" };
            let until = found.first.map(|first| {
                format!(
                    ", the first until {} ({})",
                    first.format("%H:%M UTC"),
                    relative(first, now)
                )
            });
            all.push(Wrong {
                name: WAITING.to_owned(),
                pollers: vec![poller.name()],
                place: Some(network.clone()),
                count,
                reason: format!("{count} {is} {what} on {network}{}", until.unwrap_or_default()),
                advice: format!("`railpoll payments list --review {review} --network {network}`"),
                urgent: false,
            });
        }
    }
    all
}
