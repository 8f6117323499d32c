//! `railpoll payments approve|complete|decline|fail|hold|release`: a person's decision. The poller that owns the
//! payment's state carries it out in its next sweep.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::failure::{Failure, say};
use super::names::{self, expect_place};
use super::output::Out;
use super::payments::find;
use super::session::Session;
use super::times::{relative, time};
use super::verdict::{Wish, decision, end_of_hold, outlived, reviewer};
use super::who::{ByArgs, NameArgs};
use crate::config::{OnDecline, PollerSettings, Settings};
use crate::engine::{AmountError, Decision, Money, Reason, ReasonType, readable};
use crate::states::{rules, shown};
use crate::store::{By, Deed, PaymentRow, Review, Shown, Store};

#[derive(Debug, Subcommand)]
pub(super) enum DecisionCommand {
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
pub(super) struct Which {
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
pub(super) struct Plain {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    by: ByArgs,
}

#[derive(Debug, Args)]
pub(super) struct DeclineArgs {
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
pub(super) struct HoldArgs {
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
pub(super) fn expect_one(ids: &[String], version: Option<i64>) -> Result<(), Failure> {
    if version.is_some() && ids.len() > 1 {
        return Err(Failure::Usage(
            "--version is of one alone: decide on each by itself".to_owned(),
        ));
    }
    Ok(())
}

/// What somebody saw must be what there is.
pub(super) fn expect_version(
    noun: &str,
    id: &str,
    found: i64,
    seen: Option<i64>,
) -> Result<(), Failure> {
    match seen {
        Some(seen) if seen != found => Err(Failure::Refused(format!(
            "{noun} {id} has version {found}, and you decided on version {seen}: look again with `railpoll {noun}s \
             show {id}`"
        ))),
        Some(_) | None => Ok(()),
    }
}

pub(super) async fn run(
    session: &Session,
    command: DecisionCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    let (which, wish, deed) = wish(command, session.now())?;
    expect_one(&which.payment_ids, which.version)?;
    let desk = Desk {
        settings: session.settings()?,
        store: session.store().await?,
        network: which.network,
        version: which.version,
        deed,
        wish,
    };
    expect_place(&desk.settings, &desk.store, names::Kind::Network, desk.network.as_deref())
        .await?;
    super::each(&which.payment_ids, out, async |payment_id, out| {
        desk.decide(payment_id, session.now(), out).await
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

/// Where one person decides on one payment after the other.
struct Desk {
    settings: Settings,
    store: Store,
    network: Option<String>,
    version: Option<i64>,
    deed: Deed,
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
        expect_version("payment", payment_id, payment.version, self.version)?;
        let Some(decision) = decision(&self.wish, &payment).map_err(Failure::Refused)? else {
            self.store.release(&payment.network, &payment.payment_id, &self.deed, now).await?;
            return self.tell(&payment, None, None, now, out);
        };
        let shown = Some(self.shown(&payment).await?);
        let review = Review { decision, decided_by: self.deed.operator.name.clone(), shown };
        let (network, state) = (&payment.network, &payment.state);
        let by = By::Operator(&self.deed);
        self.store.decide(network, by, &payment.payment_id, state, &review, now).await?;
        let warning = self.warning(&payment, &review.decision, now);
        self.tell(&payment, Some(&review.decision), warning.as_deref(), now, out)?;
        match warning.filter(|_| !out.is_json()) {
            Some(warning) => {
                out.flush()?;
                say(&warning);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn tell(
        &self,
        payment: &PaymentRow,
        decision: Option<&Decision>,
        warning: Option<&str>,
        now: DateTime<Utc>,
        out: &mut Out,
    ) -> Result<(), Failure> {
        if out.is_json() {
            return out.json(&json!({
                "network": payment.network,
                "payment_id": payment.payment_id,
                "state": payment.state.as_str(),
                "review": decision.map(|decision| decision.status().as_str()),
                "decided_by": self.deed.operator.name,
                "warning": warning,
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

    /// What the decision is on: the payment as it was found.
    async fn shown(&self, payment: &PaymentRow) -> Result<Shown, Failure> {
        let defect = |error| Failure::Defect(format!("payment {}: {error}", payment.payment_id));
        let money = |amount: &str, currency: &str| -> Result<Money, Failure> {
            let amount = amount.parse().map_err(|error: AmountError| defect(error.to_string()))?;
            Ok(Money { amount, currency: currency.to_owned() })
        };
        let document = self.store.document(&payment.network, &payment.payment_id).await?;
        let payout = payment.payout.as_ref();
        let payout = payout.map(|(amount, currency)| money(amount, currency)).transpose()?;
        let sum = money(&payment.amount, &payment.currency)?;
        let returns = payment.returns.as_deref();
        Ok(shown(payment.version, &sum, payout.as_ref(), returns, &document))
    }

    /// What to say if the network fails the payment before a hold ends.
    fn warning(
        &self,
        payment: &PaymentRow,
        decision: &Decision,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let poller = reviewer(payment)?;
        let settings = self.settings.pollers.get(&poller).and_then(PollerSettings::payments);
        let margin = settings.map_or(Duration::ZERO, |own| own.review.expiry_margin);
        let deadline = outlived(decision, payment, margin)?;
        Some(format!(
            "payment {} has until {} ({}): the network fails it before this hold ends",
            payment.payment_id,
            readable(deadline),
            relative(deadline, now)
        ))
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
    fn a_code_is_taken_as_it_is_typed() {
        assert_eq!(code("ac03").as_deref(), Ok("AC03"));
        assert!(code("ac3").unwrap_err().contains("capital"));
    }
}
