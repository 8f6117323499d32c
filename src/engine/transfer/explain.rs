//! Why a transfer stands where it stands, what will happen next, and when.

use chrono::{DateTime, Utc};

use super::{EnvelopeStatus, PayoutStatus, Transfer, TransferStatus};

/// What is known around a transfer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// Its payout that is open: where it stands, how often it was tried, and what the rail said.
    pub payout: Option<(PayoutStatus, i64, Option<&'a str>)>,
    /// When that payout is looked at again.
    pub payout_not_before: Option<DateTime<Utc>>,
    /// Its envelope that is open, and until when that is valid.
    pub envelope: Option<(EnvelopeStatus, DateTime<Utc>)>,
    /// Whether a living worker has it.
    pub is_claimed: bool,
}

/// For a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Why it stands here.
    pub why: String,
    /// What happens next, and who does it.
    pub next: String,
    /// Not before when; none: as soon as the poller sweeps, or when somebody acts.
    pub when: Option<DateTime<Utc>>,
}

/// Explains a transfer.
#[must_use]
pub fn explain(transfer: &Transfer, around: &Surroundings<'_>, now: DateTime<Utc>) -> Explanation {
    let (reason, next, when) = if transfer.status.is_final() {
        ended(transfer)
    } else if let Some(told) = of_payout(transfer, around) {
        told
    } else if let Some((status, until)) = around.envelope {
        of_envelope(&transfer.network, status, until)
    } else {
        of_status(transfer, around.is_claimed)
    };
    let why = match &transfer.message {
        Some(message) => format!("{reason}: {message}"),
        None => reason,
    };
    let when = when.or(transfer.not_before).filter(|when| *when > now);
    Explanation { why, next, when }
}

type Told = (String, String, Option<DateTime<Utc>>);

fn of_payout(transfer: &Transfer, around: &Surroundings<'_>) -> Option<Told> {
    let (status, attempts, answer) = around.payout?;
    let rail = &transfer.rail;
    let said = answer.map(|answer| format!(", which said: {answer}")).unwrap_or_default();
    let (why, next) = match status {
        PayoutStatus::Intended => (
            format!("its payout on rail {rail} was tried {attempts} times{said}"),
            format!("outgoing hands it to rail {rail}, with the same key as before"),
        ),
        PayoutStatus::Initiated => (
            format!("rail {rail} has its payout, and has not delivered{said}"),
            format!("outgoing asks rail {rail} what became of it"),
        ),
        PayoutStatus::Unknown if transfer.status == TransferStatus::OnHold => (
            format!("nobody can tell whether rail {rail} made its payout{said}"),
            resolve(transfer),
        ),
        PayoutStatus::Unknown => (
            format!("the call that pays it out had no clear answer from rail {rail}{said}"),
            format!("outgoing asks rail {rail} what became of it, before anything else"),
        ),
        PayoutStatus::Done | PayoutStatus::Refused => return None,
    };
    Some((why, next, around.payout_not_before))
}

fn of_envelope(network: &str, status: EnvelopeStatus, until: DateTime<Utc>) -> Told {
    match status {
        EnvelopeStatus::WaitingSignatures => (
            format!("its envelope for {network} lacks signatures"),
            "somebody signs it: `railpoll transfers envelope sign`".to_owned(),
            None,
        ),
        EnvelopeStatus::Intended | EnvelopeStatus::Sent => (
            format!("its envelope for {network} is stored, and no final answer is known"),
            format!(
                "pending-deposits looks it up and sends the same again, until {network} has it or its time is over"
            ),
            Some(until),
        ),
        EnvelopeStatus::Done | EnvelopeStatus::Failed | EnvelopeStatus::Expired => (
            format!("its envelope for {network} is settled"),
            "pending-deposits writes down what came of it".to_owned(),
            None,
        ),
    }
}

fn ended(transfer: &Transfer) -> Told {
    let id = &transfer.transfer_id;
    let status = transfer.status;
    if status == TransferStatus::Error && transfer.amount_in.is_some() {
        let next = format!(
            "a person has it tried again or sends the money back: `railpoll transfers release {id}`, \
             `railpoll transfers refund {id}`"
        );
        return ("it failed, and its money is with us".to_owned(), next, None);
    }
    let why = if status == TransferStatus::Completed {
        "the money is where it was to go".to_owned()
    } else {
        format!("it ended as {status}")
    };
    (why, "nothing: it is over".to_owned(), None)
}

/// Only money that is on record can go back.
fn decide(transfer: &Transfer) -> String {
    let id = &transfer.transfer_id;
    if transfer.amount_in.is_some() {
        format!(
            "a person decides: `railpoll transfers release {id}`, `railpoll transfers refund {id}`"
        )
    } else {
        format!(
            "a person decides: `railpoll transfers release {id}`, or says what became of it: `railpoll transfers resolve {id}`"
        )
    }
}

fn resolve(transfer: &Transfer) -> String {
    format!("a person finds out and says so: `railpoll transfers resolve {}`", transfer.transfer_id)
}

fn of_status(transfer: &Transfer, is_claimed: bool) -> Told {
    let (rail, network) = (&transfer.rail, &transfer.network);
    let asks = format!("pending-deposits asks rail {rail} whether it has come");
    let sees = format!("watch sees it when it reaches {network}");
    let (why, next) = match transfer.status {
        TransferStatus::Incomplete => (
            "the customer has not told all that is needed".to_owned(),
            "it begins when all is told".to_owned(),
        ),
        TransferStatus::PendingUser => {
            ("the customer is asked for something".to_owned(), "the customer acts".to_owned())
        }
        TransferStatus::PendingUserTransferStart if transfer.kind.is_deposit() => {
            (format!("the money has not come on rail {rail}"), asks)
        }
        TransferStatus::PendingUserTransferStart | TransferStatus::PendingSender => {
            (format!("the money has not come on {network}"), sees)
        }
        TransferStatus::PendingExternal if transfer.is_refunding() => (
            format!("the money is on its way back on rail {rail}"),
            format!("outgoing asks rail {rail} what became of it"),
        ),
        TransferStatus::PendingExternal if transfer.kind.is_deposit() => {
            (format!("rail {rail} has seen the money, and not settled it"), asks)
        }
        TransferStatus::PendingExternal => (
            format!("rail {rail} is delivering"),
            format!("outgoing asks rail {rail} what became of it"),
        ),
        TransferStatus::PendingAnchor | TransferStatus::PendingReceiver => {
            return to_carry_out(transfer, is_claimed);
        }
        TransferStatus::PendingStellar => (
            format!("it is on its way on {network}"),
            format!("pending-deposits asks {network} what became of it"),
        ),
        TransferStatus::PendingTrust => (
            format!("the receiver's account on {network} cannot take the asset"),
            "pending-deposits looks at the account again; the customer sets the trustline"
                .to_owned(),
        ),
        TransferStatus::PendingUserTransferComplete => (
            "the money waits to be picked up".to_owned(),
            format!("outgoing asks rail {rail} whether it was"),
        ),
        TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate => (
            format!("rail {rail} needs other facts"),
            "the sender corrects them; then it is paid by a new payout".to_owned(),
        ),
        TransferStatus::OnHold => ("it waits for a person".to_owned(), decide(transfer)),
        TransferStatus::Completed
        | TransferStatus::Refunded
        | TransferStatus::Expired
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge
        | TransferStatus::Error => return ended(transfer),
    };
    let when = transfer.deadline.filter(|_| transfer.status.is_waiting_for_money());
    let next = match when {
        Some(deadline) => format!("{next}; after {} it expires", crate::engine::readable(deadline)),
        None => next,
    };
    (why, next, None)
}

/// What is in, and goes out next, or back.
fn to_carry_out(transfer: &Transfer, is_claimed: bool) -> Told {
    let goes_on_rail = transfer.kind.is_deposit() == transfer.is_refunding();
    let what = if transfer.is_refunding() { "the money is to go back" } else { "the money is in" };
    let (daemon, place) = if goes_on_rail {
        ("outgoing", format!("rail {}", transfer.rail))
    } else {
        ("pending-deposits", transfer.network.clone())
    };
    let why =
        if is_claimed { format!("{what}, and a worker has it in hand") } else { what.to_owned() };
    (why, format!("{daemon} sends it on {place}"), None)
}

#[cfg(test)]
mod tests {
    use super::super::TransferKind;
    use super::super::fixtures::transfer;
    use super::*;
    use crate::engine::fixtures::at;

    fn told(transfer: &Transfer, around: &Surroundings<'_>) -> Explanation {
        explain(transfer, around, at(10))
    }

    #[test]
    fn every_status_of_every_kind_is_explained() {
        for (kind, status) in TransferKind::ALL
            .into_iter()
            .flat_map(|kind| TransferStatus::ALL.map(|status| (kind, status)))
        {
            let told = told(&transfer(kind, status), &Surroundings::default());
            assert!(!told.why.is_empty() && !told.next.is_empty(), "{kind} {status}");
            assert_eq!(told.when, None);
        }
    }

    #[test]
    fn only_what_is_possible_is_advised() {
        use crate::engine::{Cause, legal, released_to};
        for (kind, status) in TransferKind::ALL
            .into_iter()
            .flat_map(|kind| TransferStatus::ALL.map(|status| (kind, status)))
        {
            for amount_in in [None, Some("10".parse().unwrap())] {
                let mut one = transfer(kind, status);
                one.amount_in = amount_in;
                let next = told(&one, &Surroundings::default()).next;
                let may = |to, cause| legal(kind, status, to, cause).is_ok();
                let ways = [
                    (
                        "transfers release",
                        may(released_to(&one), Cause::Released)
                            || may(released_to(&one), Cause::Retried),
                    ),
                    (
                        "transfers refund",
                        one.amount_in.is_some()
                            && may(TransferStatus::PendingAnchor, Cause::RefundDecided),
                    ),
                    ("transfers resolve", may(TransferStatus::Completed, Cause::Resolved)),
                ];
                for (way, is_possible) in ways {
                    assert!(!next.contains(way) || is_possible, "{kind} {status}: {next}");
                }
            }
        }
    }

    #[test]
    fn the_message_and_the_time_are_told() {
        let mut one = transfer(TransferKind::Deposit, TransferStatus::PendingTrust);
        one.message = Some("the trustline is not authorized".to_owned());
        one.not_before = Some(at(99));
        let told_now = told(&one, &Surroundings::default());
        assert!(told_now.why.ends_with(": the trustline is not authorized"), "{}", told_now.why);
        assert_eq!(told_now.when, Some(at(99)));
        one.not_before = Some(at(9));
        assert_eq!(told(&one, &Surroundings::default()).when, None, "it may happen now");
        let mut waiting = transfer(TransferKind::Send, TransferStatus::PendingSender);
        waiting.deadline = Some(at(60));
        let next = told(&waiting, &Surroundings::default()).next;
        assert!(next.contains("1970-01-01T00:01:00.000Z"), "{next}");
    }

    #[test]
    fn an_open_payout_says_more_than_the_status() {
        let one = transfer(TransferKind::Withdrawal, TransferStatus::PendingAnchor);
        let payout = |status| Surroundings {
            payout: Some((status, 2, Some("busy"))),
            payout_not_before: Some(at(70)),
            ..Surroundings::default()
        };
        let unknown = told(&one, &payout(PayoutStatus::Unknown));
        assert!(unknown.next.contains("before anything else"), "{}", unknown.next);
        assert!(unknown.why.contains("busy"), "{}", unknown.why);
        assert_eq!(unknown.when, Some(at(70)));
        let intended = told(&one, &payout(PayoutStatus::Intended));
        assert!(intended.next.contains("the same key"), "{}", intended.next);
        let held = transfer(TransferKind::Withdrawal, TransferStatus::OnHold);
        let held = told(&held, &payout(PayoutStatus::Unknown));
        assert!(held.next.contains("transfers resolve t1"), "{}", held.next);
    }

    #[test]
    fn who_acts_depends_on_which_way_the_money_goes() {
        let next = |kind, refund: Option<&str>| {
            let mut one = transfer(kind, TransferStatus::PendingAnchor);
            one.refund_id = refund.map(str::to_owned);
            told(&one, &Surroundings::default()).next
        };
        let (sends, pays) =
            ("pending-deposits sends it on stellar", "outgoing sends it on rail bank");
        assert_eq!(next(TransferKind::Deposit, None), sends);
        assert_eq!(next(TransferKind::Deposit, Some("r")), pays);
        assert_eq!(next(TransferKind::Withdrawal, None), pays);
        assert_eq!(next(TransferKind::Withdrawal, Some("r")), sends);
    }
}
