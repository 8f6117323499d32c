//! `railpoll payments approve|complete|decline|fail|hold|release`: a person's decision. The poller that owns the
//! payment's state carries it out in its next sweep.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use super::output::Out;
use super::payments::find;
use super::session::Session;
use super::times::{relative, time};
use super::verdict::{Wish, decision, end_of_hold, reviewer};
use crate::config::{OnDecline, PollerSettings, Settings};
use crate::engine::{Decision, Reason, ReasonType, readable};
use crate::states::rules;
use crate::store::{PaymentRow, Review, Store};

#[derive(Debug, Subcommand)]
pub(super) enum DecisionCommand {
    /// Let payments go on: lock, settle or complete them, as their state is
    #[command(after_help = "Example:\n  railpoll payments approve 7d5c0d39 93b1a6f0 --by kim")]
    Approve(Which),
    /// Say that the beneficiary has the money: approve, for executed payments only
    Complete(Which),
    /// Turn payments down: reject or fail them, as the poller's settings say
    #[command(after_help = DECLINE_EXAMPLE)]
    Decline(DeclineArgs),
    /// Turn payments down because of us, not of their data
    Fail(DeclineArgs),
    /// Leave payments alone for now
    #[command(after_help = HOLD_EXAMPLES)]
    Hold(HoldArgs),
    /// End a hold: the payments are reviewed again
    Release(Which),
}

const DECLINE_EXAMPLE: &str = "\
Example:
  railpoll payments decline 7d5c0d39 --code AC03 --reason 'no such account'

Codes are ISO 20022's external status reasons: AC03 invalid creditor account, AC04 closed account, AM04 insufficient
funds, RR03 missing creditor name or address, NARR see the reason.";

const HOLD_EXAMPLES: &str = "\
Examples:
  railpoll payments hold 7d5c0d39 --for 2h --reason 'bank closed'
  railpoll payments hold 7d5c0d39 --reason 'until further notice'";

/// What the record calls a decision that no person made.
const MACHINES: [&str; 5] = ["automatic", "command", "http", "network", "rule"];

/// Which payments, and who decides.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The payments' ids; each is decided on alone
    #[arg(value_name = "PAYMENT", required = true)]
    payment_ids: Vec<String>,
    /// The network they are on, where several have such an id
    #[arg(long)]
    network: Option<String>,
    /// Who decides, for the record [default: your user name]
    #[arg(long, value_name = "NAME", value_parser = person)]
    by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct DeclineArgs {
    #[command(flatten)]
    which: Which,
    /// The reason as a code of ISO 20022
    #[arg(long, value_parser = code)]
    code: String,
    /// The reason for the partner to read
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

#[derive(Debug, Args)]
pub(super) struct HoldArgs {
    #[command(flatten)]
    which: Which,
    /// Hold until then: a date or a time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<DateTime<Utc>>,
    /// Hold for so long, such as 2h. Without this and --until: until they are released
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration, conflicts_with = "until")]
    length: Option<Duration>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

fn person(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() {
        return Err("a name is expected".to_owned());
    }
    if MACHINES.contains(&name) {
        return Err(format!("the record calls a program so: {}", MACHINES.join(", ")));
    }
    Ok(name.to_owned())
}

fn code(text: &str) -> Result<String, String> {
    Reason::new(ReasonType::ReceiverDataValidation, text, "").map(|reason| reason.code)
}

/// Who is at the keyboard: behind `sudo -u railpoll` that is not the user we run as.
fn user() -> String {
    let named = |variable: &&str| std::env::var_os(variable)?.into_string().ok();
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let mut people = names.iter().filter_map(named).filter_map(|name| person(&name).ok());
    people.next().unwrap_or_else(|| "operator".to_owned())
}

pub(super) async fn run(
    session: &Session,
    command: DecisionCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    let (which, wish) = wish(command, session.now())?;
    let desk = Desk {
        settings: session.settings()?,
        store: session.store().await?,
        network: which.network,
        decided_by: which.by.unwrap_or_else(user),
        wish,
    };
    super::each(&which.payment_ids, out, async |payment_id, out| {
        desk.decide(payment_id, session.now(), out).await
    })
    .await
}

fn wish(command: DecisionCommand, now: DateTime<Utc>) -> Result<(Which, Wish), Failure> {
    Ok(match command {
        DecisionCommand::Approve(which) => (which, Wish::Approve),
        DecisionCommand::Complete(which) => (which, Wish::Complete),
        DecisionCommand::Decline(DeclineArgs { which, code, reason }) => {
            (which, Wish::Decline { code, reason })
        }
        DecisionCommand::Fail(DeclineArgs { which, code, reason }) => {
            (which, Wish::Fail { code, reason })
        }
        DecisionCommand::Hold(args) => {
            let until = end_of_hold(args.until, args.length, now).map_err(Failure::Usage)?;
            (args.which, Wish::Hold { until, why: args.reason })
        }
        DecisionCommand::Release(which) => (which, Wish::Release),
    })
}

/// Where one person decides on one payment after the other.
struct Desk {
    settings: Settings,
    store: Store,
    network: Option<String>,
    decided_by: String,
    wish: Wish,
}

impl Desk {
    async fn decide(
        &self,
        payment_id: &str,
        now: DateTime<Utc>,
        out: &mut Out,
    ) -> Result<(), Failure> {
        let payment = find(&self.store, payment_id, self.network.as_deref()).await?;
        let Some(decision) = decision(&self.wish, &payment).map_err(Failure::Refused)? else {
            self.store.release(&payment.network, payment_id).await?;
            return self.tell(&payment, None, now, out);
        };
        let review = Review { decision, decided_by: self.decided_by.clone() };
        let (network, state) = (&payment.network, &payment.state);
        self.store.decide(network, None, payment_id, state, &review, now).await?;
        self.tell(&payment, Some(&review.decision), now, out)
    }

    fn tell(
        &self,
        payment: &PaymentRow,
        decision: Option<&Decision>,
        now: DateTime<Utc>,
        out: &mut Out,
    ) -> Result<(), Failure> {
        if out.is_json() {
            return out.json(&json!({
                "network": payment.network,
                "payment_id": payment.payment_id,
                "state": payment.state.as_str(),
                "review": decision.map(|decision| decision.status().as_str()),
                "decided_by": self.decided_by,
            }));
        }
        let what = format!(
            "{} on {} ({}, {} {})",
            payment.payment_id, payment.network, payment.state, payment.amount, payment.currency
        );
        out.line(match decision {
            None => format!("released {what}: it is reviewed again"),
            Some(Decision::Approve) => format!("approved {what}: {}", self.plan(payment, None)),
            Some(Decision::Decline(reason)) => {
                format!(
                    "declined {what} with {}: {}",
                    reason.code,
                    self.plan(payment, Some(reason))
                )
            }
            Some(Decision::Hold { until: Some(until), .. }) => {
                format!("held {what} until {} ({})", readable(*until), relative(*until, now))
            }
            Some(Decision::Hold { until: None, .. }) => format!("held {what} until it is released"),
        })
    }

    /// What comes of a decision, and who does it.
    fn plan(&self, payment: &PaymentRow, declined: Option<&Reason>) -> String {
        let nothing = || "nothing is to be done".to_owned();
        let Some(poller) = reviewer(payment) else { return nothing() };
        let Some(acts) = rules(poller).and_then(|rules| rules.acts.as_ref()) else {
            return nothing();
        };
        let settings = self.settings.pollers.get(&poller);
        let payments = settings.and_then(PollerSettings::payments);
        let on_decline = payments.map_or(OnDecline::Fail, |own| own.review.on_decline);
        let operation = match declined {
            None => acts.approve.name(),
            Some(reason) => (acts.decline)(reason.clone(), on_decline).name(),
        };
        let is_on = settings.is_some_and(|settings| settings.enabled);
        let when = if is_on { "in its next sweep" } else { "once it is switched on" };
        format!("the poller {poller} will {operation} it {when}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_decides_in_a_programs_name() {
        assert_eq!(person(" kim ").as_deref(), Ok("kim"));
        for name in MACHINES.iter().chain(&["", " "]) {
            assert!(person(name).is_err(), "{name}");
        }
    }
}
