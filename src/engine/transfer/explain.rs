//! Why a transfer stands where it stands, what will happen next, and when.

use chrono::{DateTime, Utc};

use super::{EnvelopeStatus, PayoutStatus, Transfer, TransferKind, TransferStatus};

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
    /// Money that came for it, and is not of what it is.
    pub foreign: Option<Foreign<'a>>,
    /// Whether what came in cannot be accepted, such as another amount than an exchange has a price for.
    pub is_unacceptable: bool,
    /// How its money can go back.
    pub way_back: WayBack,
}

/// Money that came for a transfer, and is not of what the transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign<'a> {
    /// Its id.
    pub incoming_id: &'a str,
    /// Whether the place told who paid.
    pub has_payer: bool,
    /// Whether it goes back, or is back.
    pub is_refunded: bool,
}

/// How money that came in can go back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WayBack {
    /// To who paid.
    #[default]
    Payer,
    /// To whom a person names: the rail did not tell who paid.
    Named,
    /// Only by hand: nothing can be sent to who paid from here.
    ByHand,
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
        ended(transfer, around)
    } else if let Some(told) = of_payout(transfer, around) {
        told
    } else if let Some((status, until)) = around.envelope {
        of_envelope(&transfer.network, status, until)
    } else {
        of_status(transfer, around)
    };
    let why = match transfer.told() {
        Some(message) => format!("{reason}: {message}"),
        None => reason,
    };
    let when = when.or(transfer.not_before).filter(|when| *when > now);
    let (why, next) = match around.foreign {
        Some(foreign) if transfer.status.is_waiting_for_money() && !foreign.is_refunded => {
            let to = if foreign.has_payer { "" } else { " --beneficiary JSON" };
            let id = foreign.incoming_id;
            (
                format!("{why}; {id} came for it, and is of another asset than it takes"),
                format!(
                    "{next}; a person sends {id} back: `railpoll transfers incoming refund {id}{to}`"
                ),
            )
        }
        Some(_) | None => (why, next),
    };
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
            "somebody signs it: `railpoll transfers envelope list` shows how".to_owned(),
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

fn ended(transfer: &Transfer, around: &Surroundings<'_>) -> Told {
    let status = transfer.status;
    if status == TransferStatus::Error && transfer.amount_in.is_some() {
        let next = format!("a person decides: {}", ways(transfer, around));
        return ("it failed, and its money is with us".to_owned(), next, None);
    }
    let why = if status == TransferStatus::Completed {
        "the money is where it was to go".to_owned()
    } else {
        format!("it ended as {status}")
    };
    (why, "nothing: it is over".to_owned(), None)
}

/// What a person may do about a transfer that is on hold. Only money that is on record can go back.
fn decide(transfer: &Transfer, around: &Surroundings<'_>) -> String {
    let id = &transfer.transfer_id;
    if transfer.amount_in.is_some() {
        return format!("a person decides: {}", ways(transfer, around));
    }
    let Some(Foreign { incoming_id, has_payer, is_refunded }) = around.foreign else {
        return format!(
            "a person decides: `railpoll transfers release {id}`, or says what became of it: `railpoll transfers resolve {id}`"
        );
    };
    let over = format!("`railpoll transfers resolve {id} --as refunded` says that it is over");
    if is_refunded {
        return format!("what came goes back, or is back: {over}");
    }
    let to = if has_payer { "" } else { " --beneficiary JSON" };
    format!(
        "a person sends it back: `railpoll transfers incoming refund {incoming_id}{to}`; then {over}"
    )
}

/// What a person may do with a transfer whose money is here.
fn ways(transfer: &Transfer, around: &Surroundings<'_>) -> String {
    let id = &transfer.transfer_id;
    let mut ways = Vec::new();
    if !around.is_unacceptable {
        ways.push(format!("`railpoll transfers release {id}` has it go on"));
    }
    if !transfer.kind.is_deposit() && transfer.payment.is_none() && !around.is_unacceptable {
        ways.push(format!(
            "`railpoll transfers correct {id} --beneficiary JSON` names somebody else who is paid"
        ));
    }
    ways.push(match around.way_back {
        WayBack::Payer => format!("`railpoll transfers refund {id}` sends the money back"),
        WayBack::Named => {
            format!("`railpoll transfers refund {id} --beneficiary JSON` sends the money back")
        }
        WayBack::ByHand => {
            format!(
                "`railpoll transfers resolve {id} --as refunded` says that it was sent back by hand"
            )
        }
    });
    ways.join("; ")
}

fn resolve(transfer: &Transfer) -> String {
    format!("a person finds out and says so: `railpoll transfers resolve {}`", transfer.transfer_id)
}

fn of_status(transfer: &Transfer, around: &Surroundings<'_>) -> Told {
    let (rail, network) = (&transfer.rail, &transfer.network);
    let asks = format!("pending-deposits asks rail {rail} whether it has come");
    let sees = format!("watch sees it when it reaches {network}");
    let (why, next) = match transfer.status {
        TransferStatus::Incomplete => {
            ("the customer has not told all that is needed".to_owned(), begins(transfer))
        }
        TransferStatus::PendingUser => {
            ("the customer is asked for something".to_owned(), begins(transfer))
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
            return to_carry_out(transfer, around.is_claimed);
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
        | TransferStatus::PendingCustomerInfoUpdate => {
            (format!("rail {rail} needs other facts"), correct(transfer, around))
        }
        TransferStatus::OnHold => ("it waits for a person".to_owned(), decide(transfer, around)),
        TransferStatus::Completed
        | TransferStatus::Refunded
        | TransferStatus::Expired
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge
        | TransferStatus::Error => return ended(transfer, around),
    };
    let when = transfer.deadline.filter(|_| transfer.status.is_waiting_for_money());
    let next = match when {
        Some(deadline) => format!("{next}; after {} it expires", crate::engine::readable(deadline)),
        None => next,
    };
    (why, next, None)
}

/// How a transfer begins that is not agreed in full.
fn begins(transfer: &Transfer) -> String {
    let id = &transfer.transfer_id;
    let to = match transfer.kind {
        TransferKind::Send => TransferStatus::PendingSender,
        TransferKind::Deposit
        | TransferKind::DepositExchange
        | TransferKind::Withdrawal
        | TransferKind::WithdrawalExchange => TransferStatus::PendingUserTransferStart,
    };
    format!("when all is told, it begins: `railpoll transfers move {id} --to {to}`")
}

/// What a person may do where the rail needs other facts.
fn correct(transfer: &Transfer, around: &Surroundings<'_>) -> String {
    let id = &transfer.transfer_id;
    if around.is_unacceptable {
        unpayable(transfer, around)
    } else if transfer.payment.is_some() {
        format!("when they are there, a new payout is made: {}", informed(transfer))
    } else {
        format!(
            "somebody corrects who is paid, `railpoll transfers correct {id} --beneficiary JSON`, and releases it; \
             or has the same paid again by a new payout: {}",
            informed(transfer)
        )
    }
}

/// What to do with money that cannot be accepted, before it is on hold.
fn unpayable(transfer: &Transfer, around: &Surroundings<'_>) -> String {
    let id = &transfer.transfer_id;
    match around.way_back {
        WayBack::Payer => {
            format!("what came cannot be paid out: `railpoll transfers refund {id}` sends it back")
        }
        WayBack::Named | WayBack::ByHand => format!(
            "what came cannot be paid out: `railpoll transfers hold {id}` stops it, and this tells then what can be done"
        ),
    }
}

/// How one goes on whose facts are there.
fn informed(transfer: &Transfer) -> String {
    let id = &transfer.transfer_id;
    let to = match transfer.kind {
        TransferKind::Send => TransferStatus::PendingReceiver,
        TransferKind::Deposit
        | TransferKind::DepositExchange
        | TransferKind::Withdrawal
        | TransferKind::WithdrawalExchange => TransferStatus::PendingAnchor,
    };
    format!("`railpoll transfers move {id} --to {to}`")
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
mod tests;
