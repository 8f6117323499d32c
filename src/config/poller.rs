//! `[pollers.NAME]`: when a poller runs, and what every poller has.

use std::net::SocketAddr;
use std::time::Duration;

use config::Value;
use tokio_cron_scheduler::Job;

use super::places::{self, Chosen, Places};
use super::reader::{Reader, Section};
use super::values::{self, Parsed};
use super::work::{self, PaymentSettings, Work};
use crate::engine::{Poller, RetryPolicy};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// One poller.
#[derive(Debug, Clone, PartialEq)]
pub struct PollerSettings {
    /// Whether it is switched on.
    pub enabled: bool,
    /// From the start of the process to the first sweep.
    pub initial_delay: Duration,
    /// When it sweeps again.
    pub schedule: Schedule,
    /// The most things that one sweep acts on.
    pub batch_size: u32,
    /// How long the right to run this poller outlives its holder.
    pub lease: Duration,
    /// Where metrics and health are served.
    pub listen: Option<SocketAddr>,
    /// When requests are tried again.
    pub retry: RetryPolicy,
    /// What it works on, and what only its kind of work needs.
    pub work: Work,
}

/// When a poller sweeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// This long after the end of the last sweep.
    FixedDelay(Duration),
    /// At the times of a cron expression of six fields, in UTC. tokio-cron-scheduler accepts it.
    Cron(String),
}

impl PollerSettings {
    /// The networks, rails and shops that it works on: each has a worker of its own.
    pub fn places(&self) -> impl Iterator<Item = &String> {
        let (first, then): (&[String], &[String]) = match &self.work {
            Work::Payments(payments) => (&[], &payments.networks),
            Work::PendingDeposits { rails, networks } => (rails, networks),
            Work::Outgoing { rails, .. } => (rails, &[]),
            Work::Watch { networks } => (&[], networks),
            Work::Orders { shops } => (&[], shops),
        };
        first.iter().chain(then)
    }

    /// How many processes may work at one place at the same time.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        match self.work {
            Work::Outgoing { workers, .. } => workers,
            Work::Payments(_)
            | Work::PendingDeposits { .. }
            | Work::Watch { .. }
            | Work::Orders { .. } => 1,
        }
    }

    /// What a poller of payments needs beside; none for the others.
    #[must_use]
    pub const fn payments(&self) -> Option<&PaymentSettings> {
        match &self.work {
            Work::Payments(payments) => Some(payments),
            Work::PendingDeposits { .. }
            | Work::Outgoing { .. }
            | Work::Watch { .. }
            | Work::Orders { .. } => None,
        }
    }
}

/// One poller as far as it can be read.
pub(super) struct Draft {
    /// The settings, if there is no mistake in them.
    pub(super) settings: Option<PollerSettings>,
    /// The networks whose secrets the poller is going to need: none while it is switched off.
    pub(super) networks_in_use: Vec<String>,
    /// The same for rails.
    pub(super) rails_in_use: Vec<String>,
}

/// Reads what every poller starts from.
pub(super) fn read_defaults(reader: &mut Reader) {
    let section = Section::root("defaults.poller");
    let enabled = reader.required(&section, "enabled", values::flag);
    read_section(reader, &section, enabled, None);
    work::read_defaults(reader, &section);
}

/// Reads one poller.
pub(super) fn read(reader: &mut Reader, poller: Poller, places: &Places<'_>) -> Draft {
    let section = Section::heir("pollers", poller.key(), "defaults.poller");
    let chosen = places::choose(reader, &section, poller, places);
    let enabled = read_enabled(reader, &section, &chosen);
    let is_on = enabled == Some(true);
    let work::Draft { work, networks_in_use, rails_in_use } =
        work::read(reader, &section, poller, is_on, chosen, places);
    let settings = read_section(reader, &section, enabled, work);
    Draft { settings, networks_in_use, rails_in_use }
}

/// Whether the poller is switched on. Where all are, those that have nothing to work on are not meant.
fn read_enabled(reader: &mut Reader, section: &Section, chosen: &Chosen) -> Option<bool> {
    let enabled = reader.required(section, "enabled", values::flag)?;
    if !(enabled && chosen.is_idle()) {
        return Some(enabled);
    }
    if reader.is_inherited(section, "enabled") {
        reader.show_because(section, "enabled", false.to_string(), chosen.why());
        return Some(false);
    }
    chosen.complain(reader, section);
    Some(true)
}

/// Reads what every poller has.
fn read_section(
    reader: &mut Reader,
    section: &Section,
    enabled: Option<bool>,
    work: Option<Work>,
) -> Option<PollerSettings> {
    let initial =
        reader.required(section, "initial_delay", values::duration(Duration::ZERO..=HOUR));
    let schedule = read_schedule(reader, section);
    let batch_size = reader.required(section, "batch_size", values::number(1..=10_000));
    let lease = reader.required(section, "lease", values::duration(2 * SECOND..=10 * MINUTE));
    let listen = reader.optional(section, "listen", values::address);
    let retry = read_retry(reader, &section.sub("retry"));
    Some(PollerSettings {
        enabled: enabled?,
        initial_delay: initial?,
        schedule: schedule?,
        batch_size: batch_size?,
        lease: lease?,
        listen,
        retry: retry?,
        work: work?,
    })
}

impl Schedule {
    /// What a user of cron(8) may not expect of it.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let Self::Cron(expression) = self else { return None };
        let fields: Vec<&str> = expression.split_ascii_whitespace().collect();
        let is_set = |place: usize| fields.get(place).is_some_and(|day| !matches!(*day, "*" | "?"));
        (is_set(3) && is_set(5)).then(|| {
            format!(
                "{expression:?} has a day of the month and a day of the week: both must fit, while cron(8) takes either"
            )
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_days_that_must_both_fit_are_warned_of() {
        let warns = |text: &str| Schedule::Cron(text.to_owned()).warning().is_some();
        assert!(warns("0 0 12 13 * 5") && warns("0 0 12 1-7 * Mon"));
        for one in ["0 0 12 13 * *", "0 0 12 * * Fri", "0 0 12 ? * Fri", "0 */5 8-18 * * Mon-Fri"] {
            assert!(!warns(one), "{one}");
        }
        assert_eq!(Schedule::FixedDelay(DAY).warning(), None);
    }
}
