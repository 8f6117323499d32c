//! `railpoll payments approve|complete|decline|fail|hold|release`: a person's decision. The poller that owns the
//! payment's state carries it out in its next sweep.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};

use crate::actions::Actions;
use crate::actions::payments::{Follows, PaymentDecided, PaymentNamed, PaymentWish as Wish};
use crate::cli::each;
use crate::cli::failure::{Failure, say};
use crate::cli::names::{Kind, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::{ByArgs, NameArgs};
use crate::engine::read_time as time;
use crate::engine::{Decision, Reason, ReasonType, keyed, readable, relative};
use crate::store::Deed;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DecisionCommand {
    /// Let payments go on: lock, settle or complete them, as their state is
    #[command(after_help = "Example:\n  railpoll payments approve 7d5c0d39 93b1a6f0 --by kim")]
    Approve(Plain),
    /// Say that the beneficiary has the money: approve, for executed payments only
    Complete(Plain),
    /// Turn payments down: reject or fail them, as the poller's settings say
    #[command(after_help = DECLINE_EXAMPLE)]
    Decline(DeclineArgs),
    /// Turn payments down because of us, not of their data
    Fail(DeclineArgs),
    /// Leave payments alone for now
    #[command(after_help = HOLD_EXAMPLES)]
    Hold(HoldArgs),
    /// End a hold: the payments are reviewed again
    Release(Plain),
}

const DECLINE_EXAMPLE: &str = "\
Example:
  railpoll payments decline 7d5c0d39 --code AC03 \\
    --reason 'no such account'

Codes are ISO 20022's external status reasons: AC03 invalid creditor account, AC04 closed account, AM04 insufficient funds, RR03 missing creditor name or address, NARR see the reason.";

const HOLD_EXAMPLES: &str = "\
Examples:
  railpoll payments hold 7d5c0d39 --for 2h --reason 'closed'
  railpoll payments hold 7d5c0d39 --reason 'asked the bank'";

/// Which payments.
#[derive(Debug, Args)]
pub(in crate::cli) struct Which {
    /// The payments' ids; each is decided on alone
    #[arg(value_name = "PAYMENT", required = true)]
    payment_ids: Vec<String>,
    /// The network they are on, where several have such an id
    #[arg(long)]
    network: Option<String>,
    /// Only if this is its version still, as `payments show` tells it: what you saw is what you decide on
    #[arg(long, value_name = "N")]
    version: Option<i64>,
}

/// Which payments, who decides, and perhaps why.
#[derive(Debug, Args)]
pub(in crate::cli) struct Plain {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    by: ByArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeclineArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    who: NameArgs,
    /// The reason as a code of ISO 20022
    #[arg(long, value_parser = code)]
    code: String,
    /// The reason for the partner to read
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct HoldArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    who: NameArgs,
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

/// A code as it was typed; its letters are capitals.
fn code(text: &str) -> Result<String, String> {
    let text = text.to_ascii_uppercase();
    Reason::new(ReasonType::ReceiverDataValidation, &text, "").map(|reason| reason.code)
}

/// One version is that of one thing.
pub(in crate::cli) fn expect_one(ids: &[String], version: Option<i64>) -> Result<(), Failure> {
    if version.is_some() && ids.len() > 1 {
        return Err(Failure::Usage(
            "--version is of one alone: decide on each by itself".to_owned(),
        ));
    }
    Ok(())
}

pub(super) async fn run(
    session: &Session,
    command: DecisionCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    let now = session.now();
    let (which, wish, deed) = wish(command, now)?;
    expect_one(&which.payment_ids, which.version)?;
    let settings = session.settings()?;
    let store = session.store().await?;
    let network = which.network.as_deref();
    expect_place(settings, &store, Kind::Network, network).await?;
    each(&which.payment_ids, out, async |id, out| {
        let actions = Actions { store: &store, settings, now: session.now() };
        let named = PaymentNamed { id, network, version: which.version };
        let decided = actions.decide_payment(named, &wish, &deed).await?;
        tell(&decided, &deed, session.now(), out)
    })
    .await
}

fn wish(command: DecisionCommand, now: DateTime<Utc>) -> Result<(Which, Wish, Deed), Failure> {
    Ok(match command {
        DecisionCommand::Approve(Plain { which, by }) => (which, Wish::Approve, by.deed()),
        DecisionCommand::Complete(Plain { which, by }) => (which, Wish::Complete, by.deed()),
        DecisionCommand::Decline(DeclineArgs { which, who, code, reason }) => {
            let deed = who.deed(Some(&reason));
            (which, Wish::Decline { code, reason }, deed)
        }
        DecisionCommand::Fail(DeclineArgs { which, who, code, reason }) => {
            let deed = who.deed(Some(&reason));
            (which, Wish::Fail { code, reason }, deed)
        }
        DecisionCommand::Hold(HoldArgs { which, who, until, length, reason }) => {
            let until = end_of_hold(until, length, now).map_err(Failure::Usage)?;
            let deed = who.deed(Some(&reason));
            (which, Wish::Hold { until, why: reason }, deed)
        }
        DecisionCommand::Release(Plain { which, by }) => (which, Wish::Release, by.deed()),
    })
}

/// When a hold ends, if it does by itself.
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

/// Says what was decided, and warns if the network fails the payment before a hold ends.
fn tell(
    decided: &PaymentDecided,
    deed: &Deed,
    now: DateTime<Utc>,
    out: &mut Out,
) -> Result<(), Failure> {
    let PaymentDecided { payment, decision, follows, outlived } = decided;
    let decision = decision.as_ref();
    let warning = outlived.map(|deadline| {
        format!(
            "payment {} has until {} ({}): the network fails it before this hold ends",
            payment.payment_id,
            readable(deadline),
            relative(deadline, now)
        )
    });
    if out.is_json() {
        return out.json(&keyed! {
            "network": payment.network,
            "payment_id": payment.payment_id,
            "state": payment.state.as_str(),
            "review": decision.map(|decision| decision.status().as_str()),
            "decided_by": deed.operator.name,
            "warning": warning,
        });
    }
    let what = format!(
        "{} on {} ({}, {} {})",
        payment.payment_id, payment.network, payment.state, payment.amount, payment.currency
    );
    let then = then(follows.as_ref());
    out.line(match decision {
        None => format!("released {what}: it is reviewed again"),
        Some(Decision::Approve) => format!("approved {what}: {then}"),
        Some(Decision::Decline(reason)) => format!("declined {what} with {}: {then}", reason.code),
        Some(Decision::Hold { until: Some(until), .. }) => {
            format!("held {what} until {} ({})", readable(*until), relative(*until, now))
        }
        Some(Decision::Hold { until: None, .. }) => format!("held {what} until it is released"),
    })?;
    if let Some(warning) = warning {
        out.flush()?;
        say(&warning);
    }
    Ok(())
}

/// What comes of a decision, and who does it.
fn then(follows: Option<&Follows>) -> String {
    let Some(Follows { poller, operation, is_on }) = follows else {
        return "nothing is to be done".to_owned();
    };
    let when = if *is_on { "in its next sweep" } else { "once it is switched on" };
    format!("the poller {poller} will {operation} it {when}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_as_it_is_typed() {
        assert_eq!(code("ac03").as_deref(), Ok("AC03"));
        assert!(code("ac3").unwrap_err().contains("capital"));
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
}
