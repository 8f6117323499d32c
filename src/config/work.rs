//! What a poller works on: its networks and rails, and what only its kind of work needs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use config::Value;

use super::network::Kind;
use super::reader::{Reader, Section};
use super::review::{self, ReviewSettings};
use super::values::{self, Parsed};
use crate::engine::Poller;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// More processes than that wait for the database, and not for the rail.
const WORKERS_MAX: u32 = 64;

/// What a poller works on. All networks and rails that are named are configured, and of a kind that it can work with.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each poller, and most are of payments"
)]
pub enum Work {
    /// The payments in one state.
    Payments(PaymentSettings),
    /// Deposits: it asks rails, and sends on networks.
    PendingDeposits {
        /// The rails that it asks.
        rails: Vec<String>,
        /// The networks that it sends on.
        networks: Vec<String>,
    },
    /// Payouts on rails.
    Outgoing {
        /// The rails.
        rails: Vec<String>,
        /// How many processes may share one rail, 1 to 64.
        workers: u32,
    },
    /// Money that reaches us on networks.
    Watch {
        /// The networks.
        networks: Vec<String>,
    },
}

/// What the pollers of payments need beside what all need.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentSettings {
    /// The networks that it reads.
    pub networks: Vec<String>,
    /// Payments per request, 1 to 100.
    pub page_size: u32,
    /// How far a sweep goes back behind the newest payment that it has seen.
    pub overlap: Duration,
    /// Where the very first sweep starts.
    pub collect_from: CollectFrom,
    /// How often everything in the state is read again.
    pub reconcile_every: Duration,
    /// Who decides on a payment.
    pub review: ReviewSettings,
    /// The rail that the beneficiaries of executed payments are paid on. None for all other pollers.
    pub payout: Option<String>,
}

/// Where the very first sweep starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectFrom {
    /// With the oldest payment.
    Beginning,
    /// At this time.
    Date(DateTime<Utc>),
    /// This long ago, at most a hundred years.
    Back(Duration),
}

/// What a poller may work on.
pub(super) struct Places<'a> {
    /// The networks by name; no kind where there is a mistake in it.
    pub(super) networks: &'a BTreeMap<String, Option<Kind>>,
    /// The networks that have an asset.
    pub(super) with_assets: BTreeSet<&'a str>,
    /// The rails.
    pub(super) rails: Vec<&'a str>,
}

/// What a poller works on, as far as it can be read.
pub(super) struct Draft {
    pub(super) work: Option<Work>,
    /// The networks whose secrets this work needs.
    pub(super) networks: Vec<String>,
    /// The same for rails.
    pub(super) rails: Vec<String>,
}

/// Reads what every poller starts from.
pub(super) fn read_defaults(reader: &mut Reader, section: &Section) {
    reader.optional(section, "networks", values::list);
    reader.optional(section, "rails", values::list);
    read_payments(reader, section, None, None);
}

/// Reads what `poller` works on.
pub(super) fn read(
    reader: &mut Reader,
    section: &Section,
    poller: Poller,
    is_on: bool,
    places: &Places<'_>,
) -> Draft {
    let mut choose = |sort| choose(reader, section, poller, is_on, sort, places);
    match poller {
        Poller::Accepted
        | Poller::Locked
        | Poller::Executed
        | Poller::Completed
        | Poller::Failed => {
            let networks = choose(Sort::Networks);
            let in_use = networks.clone().unwrap_or_default();
            let payments = read_payments(reader, section, networks, is_on.then_some(poller));
            let payout = read_payout(reader, poller, &places.rails);
            let work = payments.map(|own| Work::Payments(PaymentSettings { payout, ..own }));
            Draft { work, networks: in_use, rails: Vec::new() }
        }
        Poller::PendingDeposits => {
            let (rails, networks) = (choose(Sort::Rails), choose(Sort::Networks));
            Draft {
                networks: networks.clone().unwrap_or_default(),
                rails: rails.clone().unwrap_or_default(),
                work: rails
                    .zip(networks)
                    .map(|(rails, networks)| Work::PendingDeposits { rails, networks }),
            }
        }
        Poller::Outgoing => {
            let rails = choose(Sort::Rails);
            let in_use = rails.clone().unwrap_or_default();
            let workers = reader.required(section, "workers", values::number(1..=WORKERS_MAX));
            let work = rails.zip(workers).map(|(rails, workers)| Work::Outgoing { rails, workers });
            Draft { work, networks: Vec::new(), rails: in_use }
        }
        Poller::Watch => {
            // It only reads, which needs no key.
            let work = choose(Sort::Networks).map(|networks| Work::Watch { networks });
            Draft { work, networks: Vec::new(), rails: Vec::new() }
        }
    }
}

/// Where a poller can work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Networks,
    Rails,
}

impl Sort {
    const fn key(self) -> &'static str {
        match self {
            Self::Networks => "networks",
            Self::Rails => "rails",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Networks => "network",
            Self::Rails => "rail",
        }
    }
}

/// The networks or rails that are named, or else all that the poller can work with.
fn choose(
    reader: &mut Reader,
    section: &Section,
    poller: Poller,
    is_on: bool,
    sort: Sort,
    places: &Places<'_>,
) -> Option<Vec<String>> {
    let key = sort.key();
    let usable = match sort {
        Sort::Networks => usable_networks(poller, places),
        Sort::Rails => places.rails.clone(),
    };
    let named = reader.optional(section, key, values::list);
    // A list with a mistake is not the same as no list.
    if named.is_none() && reader.has(section, key) {
        return None;
    }
    let mut chosen = match &named {
        Some(named) => named.clone(),
        None => usable.iter().map(|&name| name.to_owned()).collect(),
    };
    if reader.is_inherited(section, key) {
        // A list for all pollers names networks of several kinds: each poller has its own.
        let is_other = |name: &String| !usable.contains(&name.as_str());
        chosen.retain(|name| !(places.networks.contains_key(name) && is_other(name)));
    }
    if named.as_ref() != Some(&chosen) {
        reader.show(section, key, serde_json::Value::from(chosen.clone()).to_string());
    }
    let wrong = mistakes_in(&chosen, sort, &usable, places);
    if is_on && wrong.is_empty() {
        check_work(reader, section, poller, sort, &chosen, places);
    }
    for message in wrong {
        reader.complain(section, key, message);
    }
    Some(chosen)
}

/// The networks that a poller can read. One with a mistake in its kind may be meant.
fn usable_networks<'a>(poller: Poller, places: &Places<'a>) -> Vec<&'a str> {
    let can_read = |kind: &Option<Kind>| kind.is_none_or(|kind| kind.pollers().contains(&poller));
    places
        .networks
        .iter()
        .filter(|(_, kind)| can_read(kind))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn mistakes_in(chosen: &[String], sort: Sort, usable: &[&str], places: &Places<'_>) -> Vec<String> {
    let what = sort.word();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for name in chosen {
        let is_network = sort == Sort::Networks && places.networks.contains_key(name);
        if is_network && !usable.contains(&name.as_str()) {
            wrong.push(format!("this poller cannot read the network {name:?}"));
        } else if let Err(message) = values::check_known(what, name, usable) {
            wrong.push(message);
        } else if !seen.insert(name) {
            wrong.push(format!("the {what} {name:?} is named twice"));
        }
    }
    wrong
}

/// A poller that is switched on must have something to work on.
fn check_work(
    reader: &mut Reader,
    section: &Section,
    poller: Poller,
    sort: Sort,
    chosen: &[String],
    places: &Places<'_>,
) {
    let (key, what) = (sort.key(), sort.word());
    if chosen.is_empty() {
        let message = format!("the poller is enabled, and there is no {what} for it");
        reader.complain(section, key, message);
    }
    if sort == Sort::Networks && !poller.is_of_payments() {
        for name in chosen.iter().filter(|name| !places.with_assets.contains(name.as_str())) {
            let message = format!("the poller is enabled, and no asset is on the network {name:?}");
            reader.complain(section, key, message);
        }
    }
}

/// The rail that beneficiaries are paid on: of one poller, and so not set for all.
fn read_payout(reader: &mut Reader, poller: Poller, rails: &[&str]) -> Option<String> {
    if poller != Poller::Executed {
        return None;
    }
    let section = Section::root("pollers.executed");
    reader.optional(&section, "payout", values::one_of("rail", rails))
}

/// Reads the keys that only pollers of payments have. `switched_on` is the poller, if it is going to run.
fn read_payments(
    reader: &mut Reader,
    section: &Section,
    networks: Option<Vec<String>>,
    switched_on: Option<Poller>,
) -> Option<PaymentSettings> {
    let page_size = reader.required(section, "page_size", values::number(1..=100));
    let overlap = reader.required(section, "overlap", values::duration(SECOND..=DAY));
    let collect_from = reader.required(section, "collect_from", collect_from);
    let reconcile = reader.required(section, "reconcile_every", values::duration(SECOND..=YEAR));
    let review = review::read(reader, &section.sub("review"), switched_on);
    Some(PaymentSettings {
        networks: networks?,
        page_size: page_size?,
        overlap: overlap?,
        collect_from: collect_from?,
        reconcile_every: reconcile?,
        review: review?,
        payout: None,
    })
}

fn collect_from(value: &Value) -> Parsed<CollectFrom> {
    let text = values::text(value)?;
    let date = DateTime::parse_from_rfc3339(&text).map(|date| date.to_utc());
    let day = text.parse().map(|day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc());
    if text == "beginning" {
        Ok(CollectFrom::Beginning)
    } else if let Ok(date) = date.or(day) {
        Ok(CollectFrom::Date(date))
    } else if let Ok(back) = humantime::parse_duration(&text)
        && back <= 100 * YEAR
    {
        Ok(CollectFrom::Back(back))
    } else {
        Err(format!(
            "{text:?} is not \"beginning\", a date (\"2026-01-31\" or \"2026-01-31T09:00:00Z\") or a time back \
             (\"30d\")"
        ))
    }
}
