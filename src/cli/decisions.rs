//! `railpoll payments approve|complete|decline|fail|hold|release`: a person's decision. The poller that owns the
//! payment's state carries it out in its next sweep.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::Failure;
use super::output::Out;
use super::payments::find;
use super::session::Session;
use super::times::{relative, time};
use crate::config::{OnDecline, Settings};
use crate::engine::{ConnectorRole, Decision, Poller, Reason, ReasonType, iso};
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

/// What a person wants, before it is known what the payment is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    Approve,
    Complete,
    Decline { code: String, reason: String },
    Fail { code: String, reason: String },
    Hold { until: Option<DateTime<Utc>>, why: String },
    Release,
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

fn end_of_hold(
    until: Option<DateTime<Utc>>,
    length: Option<Duration>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, String> {
    let end = match (until, length) {
        (Some(until), _) => Some(until),
        (None, Some(length)) => {
            let end = TimeDelta::from_std(length).ok().and_then(|it| now.checked_add_signed(it));
            Some(end.ok_or("a hold of that length has no end: leave --for out")?)
        }
        (None, None) => None,
    };
    match end {
        Some(end) if end <= now => Err(format!("the hold would end {}", relative(end, now))),
        end => Ok(end),
    }
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
            Some(Decision::Approve) => format!("approved {what}: {}", self.plan(payment, true)),
            Some(Decision::Decline(reason)) => {
                format!("declined {what} with {}: {}", reason.code, self.plan(payment, false))
            }
            Some(Decision::Hold { until: Some(until), .. }) => {
                format!("held {what} until {} ({})", iso(*until), relative(*until, now))
            }
            Some(Decision::Hold { until: None, .. }) => format!("held {what} until it is released"),
        })
    }

    /// What comes of a decision, and who does it.
    fn plan(&self, payment: &PaymentRow, approved: bool) -> String {
        let Some(poller) = reviewer(payment) else { return "nothing is to be done".to_owned() };
        let settings = self.settings.pollers.get(&poller);
        let on_decline = settings.map(|settings| settings.review.on_decline);
        let operation = match (approved, poller, on_decline) {
            (true, Poller::Accepted, _) => "lock",
            (true, Poller::Locked, _) => "settle",
            (true, Poller::Executed | Poller::Completed | Poller::Failed, _) => "complete",
            (false, _, Some(OnDecline::Reject)) => "reject",
            (false, _, Some(OnDecline::Fail) | None) => "fail",
        };
        let is_on = settings.is_some_and(|settings| settings.enabled);
        let when = if is_on { "in its next sweep" } else { "once it is switched on" };
        format!("the poller {poller} will {operation} it {when}")
    }
}

/// The poller that acts on the payment as it is, if any does.
fn reviewer(payment: &PaymentRow) -> Option<Poller> {
    let poller =
        Poller::ALL.into_iter().find(|poller| rules(*poller).states.contains(&payment.state))?;
    let acts_as = match poller {
        Poller::Accepted | Poller::Executed => ConnectorRole::Receiving,
        Poller::Locked => ConnectorRole::Sending,
        Poller::Completed | Poller::Failed => return None,
    };
    (ConnectorRole::from_word(&payment.connector_role) == acts_as).then_some(poller)
}

/// The decision that a wish comes to on a payment; none is a release.
fn decision(wish: &Wish, payment: &PaymentRow) -> Result<Option<Decision>, String> {
    let id = &payment.payment_id;
    let Some(poller) = reviewer(payment) else {
        return Err(format!(
            "payment {id} is {} and we are {} it: nothing is decided on it here; see `railpoll payments show {id}`",
            payment.state,
            payment.connector_role.to_lowercase(),
        ));
    };
    Ok(Some(match wish {
        Wish::Approve => Decision::Approve,
        Wish::Complete if poller == Poller::Executed => Decision::Approve,
        Wish::Complete => {
            return Err(format!(
                "payment {id} is {}, and only an executed one can be completed; `railpoll payments approve {id}` lets \
                 it go on from where it is",
                payment.state
            ));
        }
        Wish::Decline { code, reason } => {
            let fault = if poller == Poller::Accepted {
                ReasonType::ReceiverDataValidation
            } else {
                fault_of_ours(poller)
            };
            Decision::Decline(Reason::new(fault, code, reason)?)
        }
        Wish::Fail { code, reason } => {
            Decision::Decline(Reason::new(fault_of_ours(poller), code, reason)?)
        }
        Wish::Hold { until, why } => Decision::Hold { until: *until, why: why.clone() },
        Wish::Release => return Ok(None),
    }))
}

/// Whose fault it is that we cannot go on.
const fn fault_of_ours(poller: Poller) -> ReasonType {
    match poller {
        Poller::Accepted => ReasonType::ReceiverLockFailure,
        Poller::Locked => ReasonType::SenderProcessingFailure,
        Poller::Executed | Poller::Completed | Poller::Failed => {
            ReasonType::ReceiverProcessingError
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::PaymentState;

    fn payment(state: &str, role: &str) -> PaymentRow {
        PaymentRow {
            network: "acme".to_owned(),
            payment_id: "p1".to_owned(),
            state: PaymentState::from_word(state),
            sub_states: Vec::new(),
            connector_role: role.to_owned(),
            amount: "10.00".to_owned(),
            currency: "USD".to_owned(),
            payout: None,
            created_at: None,
            modified_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            first_seen_at: DateTime::UNIX_EPOCH,
            review: None,
            not_before: None,
            acted_at: None,
            returns: None,
            returned_by: None,
        }
    }

    #[test]
    fn a_decision_needs_a_poller_that_carries_it_out() {
        let roles = ["SENDING", "RECEIVING", "INTERMEDIARY"];
        let decidable: Vec<(String, &str)> = PaymentState::KNOWN
            .iter()
            .flat_map(|state| roles.map(|role| (state.to_string(), role)))
            .filter(|(state, role)| decision(&Wish::Approve, &payment(state, role)).is_ok())
            .collect();
        let expected =
            [("ACCEPTED", "RECEIVING"), ("LOCKED", "SENDING"), ("EXECUTED", "RECEIVING")];
        assert_eq!(decidable, expected.map(|(state, role)| (state.to_owned(), role)));
    }

    #[test]
    fn only_an_executed_payment_is_completed() {
        let complete = |state, role| decision(&Wish::Complete, &payment(state, role));
        assert_eq!(complete("EXECUTED", "RECEIVING"), Ok(Some(Decision::Approve)));
        assert!(complete("ACCEPTED", "RECEIVING").is_err());
        assert!(complete("LOCKED", "SENDING").is_err());
    }

    #[test]
    fn whose_fault_it_is_follows_from_the_state() {
        use ReasonType::*;
        let (code, reason) = ("AC03".to_owned(), "why".to_owned());
        let decline = Wish::Decline { code: code.clone(), reason: reason.clone() };
        let fail = Wish::Fail { code, reason };
        let fault = |wish, state, role| match decision(wish, &payment(state, role)) {
            Ok(Some(Decision::Decline(reason))) => reason.reason_type,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(&decline, "ACCEPTED", "RECEIVING"), ReceiverDataValidation);
        assert_eq!(fault(&fail, "ACCEPTED", "RECEIVING"), ReceiverLockFailure);
        for wish in [&decline, &fail] {
            assert_eq!(fault(wish, "EXECUTED", "RECEIVING"), ReceiverProcessingError);
            assert_eq!(fault(wish, "LOCKED", "SENDING"), SenderProcessingFailure);
        }
    }

    #[test]
    fn a_hold_ends_later() {
        let now: DateTime<Utc> = "2026-11-20T10:00:00Z".parse().unwrap();
        let hours = |n: u64| Some(Duration::from_secs(n * 3600));
        let later = now + TimeDelta::hours(2);
        assert_eq!(end_of_hold(None, hours(2), now), Ok(Some(later)));
        assert_eq!(end_of_hold(Some(later), None, now), Ok(Some(later)));
        assert_eq!(end_of_hold(None, None, now), Ok(None));
        assert!(end_of_hold(Some(now), None, now).is_err());
        assert!(end_of_hold(None, Some(Duration::MAX), now).is_err());
    }

    #[test]
    fn nobody_decides_in_a_programs_name() {
        assert_eq!(person(" kim ").as_deref(), Ok("kim"));
        for name in MACHINES.iter().chain(&["", " "]) {
            assert!(person(name).is_err(), "{name}");
        }
    }
}
