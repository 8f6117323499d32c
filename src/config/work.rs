//! What a poller works on, and what only its kind of work needs.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use config::Value;

use super::places::{Chosen, Places};
use super::reader::{Reader, Section};
use super::review::{self, ReviewSettings};
use super::values::{self, Parsed};
use crate::engine::Poller;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// More processes than that wait for the database, and not for the rail.
const WORKERS_MAX: u32 = 64;

/// What a poller works on. All networks, rails and shops that are named are configured, and of a kind that it can work with.
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
    /// Open orders of shops.
    Orders {
        /// The shops.
        shops: Vec<String>,
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

/// What a poller works on, as far as it can be read.
pub(super) struct Draft {
    pub(super) work: Option<Work>,
    /// The networks whose secrets the poller is going to need: none while it is switched off.
    pub(super) networks_in_use: Vec<String>,
    /// The same for rails.
    pub(super) rails_in_use: Vec<String>,
}

/// Reads what every poller starts from.
pub(super) fn read_defaults(reader: &mut Reader, section: &Section) {
    reader.optional(section, "networks", values::list);
    reader.optional(section, "rails", values::list);
    reader.optional(section, "shops", values::list);
    read_payments(reader, section, None, None);
}

/// Reads what `poller` works on, at the places that were `chosen` for it.
pub(super) fn read(
    reader: &mut Reader,
    section: &Section,
    poller: Poller,
    is_on: bool,
    chosen: Chosen,
    places: &Places<'_>,
) -> Draft {
    let Chosen { networks, rails, shops, .. } = chosen;
    let in_use = |names: &Option<Vec<String>>| {
        if is_on { names.clone().unwrap_or_default() } else { Vec::new() }
    };
    match poller {
        Poller::Accepted
        | Poller::Locked
        | Poller::Executed
        | Poller::Completed
        | Poller::Returned
        | Poller::Failed => {
            let networks_in_use = in_use(&networks);
            let payments = read_payments(reader, section, networks, is_on.then_some(poller));
            let payout = read_payout(reader, poller, &places.rails);
            let work = payments.map(|own| Work::Payments(PaymentSettings { payout, ..own }));
            Draft { work, networks_in_use, rails_in_use: Vec::new() }
        }
        Poller::PendingDeposits => Draft {
            networks_in_use: in_use(&networks),
            rails_in_use: in_use(&rails),
            work: rails
                .zip(networks)
                .map(|(rails, networks)| Work::PendingDeposits { rails, networks }),
        },
        Poller::Outgoing => {
            let rails_in_use = in_use(&rails);
            let workers = reader.required(section, "workers", values::number(1..=WORKERS_MAX));
            let work = rails.zip(workers).map(|(rails, workers)| Work::Outgoing { rails, workers });
            Draft { work, networks_in_use: Vec::new(), rails_in_use }
        }
        Poller::Watch => {
            // It only reads, which needs no key.
            let work = networks.map(|networks| Work::Watch { networks });
            Draft { work, networks_in_use: Vec::new(), rails_in_use: Vec::new() }
        }
        Poller::Orders => {
            // Nobody is asked anything.
            let work = shops.map(|shops| Work::Orders { shops });
            Draft { work, networks_in_use: Vec::new(), rails_in_use: Vec::new() }
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
