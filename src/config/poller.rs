//! `[pollers.NAME]`: when a poller runs, what it reads, and how much at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use config::Value;
use tokio_cron_scheduler::Job;

use super::network::NetworkKind;
use super::reader::{Reader, Section};
use super::review::{self, ReviewSettings};
use super::values::{self, Parsed};
use crate::engine::{Poller, RetryPolicy};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The networks of a configuration by name; no kind where the network has a mistake.
pub(super) type Kinds = BTreeMap<String, Option<NetworkKind>>;

/// One poller.
#[derive(Debug, Clone, PartialEq)]
pub struct PollerSettings {
    /// Whether it is switched on.
    pub enabled: bool,
    /// From the start of the process to the first sweep.
    pub initial_delay: Duration,
    /// When it sweeps again.
    pub schedule: Schedule,
    /// The names of the networks that it reads: all of them are configured.
    pub networks: Vec<String>,
    /// Payments per request, 1 to 100.
    pub page_size: u32,
    /// How far a sweep goes back behind the newest payment that it has seen.
    pub overlap: Duration,
    /// Where the very first sweep starts.
    pub collect_from: CollectFrom,
    /// How often everything in the state is read again.
    pub reconcile_every: Duration,
    /// The most payments that one sweep acts on.
    pub batch_size: u32,
    /// How long the right to run this poller outlives its holder.
    pub lease: Duration,
    /// Where metrics and health are served.
    pub listen: Option<SocketAddr>,
    /// When requests are tried again.
    pub retry: RetryPolicy,
    /// Who decides on a payment.
    pub review: ReviewSettings,
}

/// When a poller sweeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// This long after the end of the last sweep.
    FixedDelay(Duration),
    /// At the times of a cron expression of six fields, in UTC. tokio-cron-scheduler accepts it.
    Cron(String),
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

/// Reads what every poller starts from.
pub(super) fn read_defaults(reader: &mut Reader) {
    let section = Section::root("defaults.poller");
    reader.required(&section, "enabled", values::flag);
    reader.optional(&section, "networks", values::list);
    read_section(reader, &section, None, None, None);
}

/// One poller as far as it can be read.
pub(super) struct Draft {
    /// The settings, if there is no mistake in them.
    pub(super) settings: Option<PollerSettings>,
    /// The networks that the poller is going to read: none while it is switched off.
    pub(super) networks_in_use: Vec<String>,
}

/// Reads one poller.
pub(super) fn read(reader: &mut Reader, poller: Poller, kinds: &Kinds) -> Draft {
    let section = Section::heir("pollers", poller.name(), "defaults.poller");
    let enabled = reader.required(&section, "enabled", values::flag);
    let networks = read_networks(reader, &section, poller, kinds);
    let is_on = enabled == Some(true);
    if is_on && networks.as_ref().is_some_and(Vec::is_empty) {
        let message = "the poller is enabled, and there is no network for it";
        reader.complain(&section, "networks", message.to_owned());
    }
    let networks_in_use = networks.clone().filter(|_| is_on).unwrap_or_default();
    let settings = read_section(reader, &section, enabled, networks, is_on.then_some(poller));
    Draft { settings, networks_in_use }
}

/// The networks that are named, or else all that the poller can read.
fn read_networks(
    reader: &mut Reader,
    section: &Section,
    poller: Poller,
    kinds: &Kinds,
) -> Option<Vec<String>> {
    let named = reader.optional(section, "networks", values::list);
    if let Some(named) = &named {
        check_networks(reader, section, poller, named, kinds);
    }
    // A list with a mistake is not the same as no list.
    if named.is_some() || reader.has(section, "networks") {
        return named;
    }
    let readable = readable(poller, kinds);
    reader.show(section, "networks", serde_json::Value::from(readable.clone()).to_string());
    Some(readable)
}

/// The networks that a poller can read. One with a mistake in its kind may be meant.
fn readable(poller: Poller, kinds: &Kinds) -> Vec<String> {
    let can_read =
        |kind: &Option<NetworkKind>| kind.is_none_or(|kind| kind.pollers().contains(&poller));
    kinds.iter().filter(|(_, kind)| can_read(kind)).map(|(name, _)| name.clone()).collect()
}

fn check_networks(
    reader: &mut Reader,
    section: &Section,
    poller: Poller,
    named: &[String],
    kinds: &Kinds,
) {
    let readable = readable(poller, kinds);
    let mut seen = BTreeSet::new();
    for name in named {
        let message = if !kinds.contains_key(name) {
            let known = readable.join(", ");
            let known = if known.is_empty() { "none" } else { &known };
            format!("there is no network {name:?}; there are: {known}")
        } else if !readable.contains(name) {
            format!("this poller cannot read the network {name:?}")
        } else if !seen.insert(name) {
            format!("the network {name:?} is named twice")
        } else {
            continue;
        };
        reader.complain(section, "networks", message);
    }
}

/// Reads the other keys of a section. `switched_on` is the poller, if it is going to run.
fn read_section(
    reader: &mut Reader,
    section: &Section,
    enabled: Option<bool>,
    networks: Option<Vec<String>>,
    switched_on: Option<Poller>,
) -> Option<PollerSettings> {
    let initial =
        reader.required(section, "initial_delay", values::duration(Duration::ZERO..=HOUR));
    let schedule = read_schedule(reader, section);
    let page_size = reader.required(section, "page_size", values::number(1..=100));
    let overlap = reader.required(section, "overlap", values::duration(SECOND..=DAY));
    let collect_from = reader.required(section, "collect_from", collect_from);
    let reconcile = reader.required(section, "reconcile_every", values::duration(SECOND..=YEAR));
    let batch_size = reader.required(section, "batch_size", values::number(1..=10_000));
    let lease = reader.required(section, "lease", values::duration(2 * SECOND..=10 * MINUTE));
    let listen = reader.optional(section, "listen", values::address);
    let retry = read_retry(reader, &section.sub("retry"));
    let review = review::read(reader, &section.sub("review"), switched_on);
    Some(PollerSettings {
        enabled: enabled?,
        initial_delay: initial?,
        schedule: schedule?,
        networks: networks?,
        page_size: page_size?,
        overlap: overlap?,
        collect_from: collect_from?,
        reconcile_every: reconcile?,
        batch_size: batch_size?,
        lease: lease?,
        listen,
        retry: retry?,
        review: review?,
    })
}

fn read_schedule(reader: &mut Reader, section: &Section) -> Option<Schedule> {
    let range = Duration::from_millis(10)..=DAY;
    let fixed_delay = reader.required(section, "fixed_delay", values::duration(range));
    let cron = reader.optional(section, "cron", cron);
    cron.map(Schedule::Cron).or_else(|| fixed_delay.map(Schedule::FixedDelay))
}

fn read_retry(reader: &mut Reader, section: &Section) -> Option<RetryPolicy> {
    let range = Duration::from_millis(1)..=MINUTE;
    let max_attempts = reader.required(section, "max_attempts", values::number(1..=10));
    let max_interval = reader.required(section, "max_interval", values::duration(range));
    Some(RetryPolicy { max_attempts: max_attempts?, max_interval: max_interval? })
}

/// A cron expression, judged by the scheduler that will run it.
fn cron(value: &Value) -> Parsed<String> {
    let text = values::text(value)?;
    let data = Job::new(&text, |_, _| {}).and_then(|mut job| job.job_data());
    match data {
        Ok(data) if data.next_tick_utc().is_some() => Ok(text),
        Ok(_) => Err(format!("{text:?} never comes")),
        Err(_) => Err(format!(
            "{text:?} is not a cron expression of six fields (second, minute, hour, day of the month, month, day of \
             the week)"
        )),
    }
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
