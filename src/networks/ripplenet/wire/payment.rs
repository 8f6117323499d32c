//! One payment: its head is read, the rest is kept as it came.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

use super::PARTIES;
use super::scalar::{Many, Raw, deadline, needed, text, time, told_time, word};
use crate::engine::{Amount, BadRow, ConnectorRole, Money, Payment, PaymentState, Row};
use crate::http::{Cut, brief, printable};

/// So much of a row that cannot be understood is kept.
const BAD_ROW_MAX: usize = 64 * 1024;

/// The fields of a payment that we read. Each may be absent or null; those not named here are skipped.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    payment_id: Raw<'a>,
    payment_state: Raw<'a>,
    modified_at: Raw<'a>,
    contract: Option<Contract<'a>>,
    returns_payment_with_id: Raw<'a>,
    returned_by_payment_with_id: Raw<'a>,
    accepted_at: Raw<'a>,
    locked_at: Raw<'a>,
    executed_at: Raw<'a>,
    completed_at: Raw<'a>,
    returned_at: Raw<'a>,
    internal_info: Option<InternalInfo<'a>>,
    #[serde(default)]
    user_info: Many<Node<'a>>,
}

#[derive(Deserialize)]
struct Contract<'a> {
    #[serde(borrow)]
    sender_end_to_end_id: Raw<'a>,
    created_at: Raw<'a>,
    expires_at: Raw<'a>,
    quote: Option<Quote<'a>>,
}

#[derive(Deserialize)]
struct Quote<'a> {
    #[serde(borrow)]
    receiver_address: Raw<'a>,
    amount: Raw<'a>,
    currency_code: Raw<'a>,
    #[serde(default)]
    quote_elements: Many<Element<'a>>,
}

#[derive(Deserialize)]
struct Element<'a> {
    #[serde(borrow)]
    quote_element_order: Raw<'a>,
    receiving_amount: Raw<'a>,
    receiving_currency_code: Raw<'a>,
    transfer_currency_code: Raw<'a>,
}

#[derive(Deserialize)]
struct InternalInfo<'a> {
    #[serde(borrow)]
    connector_role: Raw<'a>,
}

/// What one node of the path has said.
#[derive(Deserialize)]
struct Node<'a> {
    #[serde(borrow)]
    node_address: Raw<'a>,
    #[serde(default)]
    locked: Many<IgnoredAny>,
    #[serde(default)]
    settlement: Many<Dated<'a>>,
    #[serde(default)]
    executed: Many<Note<'a>>,
}

#[derive(Deserialize)]
struct Dated<'a> {
    #[serde(borrow)]
    created_at: Raw<'a>,
}

#[derive(Deserialize)]
struct Note<'a> {
    #[serde(borrow, rename = "subState")]
    sub_state: Raw<'a>,
}

/// The payment of a raw row. `our_role` stands where the network does not tell the role.
pub(in crate::networks::ripplenet) fn row(raw: &[u8], our_role: &ConnectorRole) -> Row {
    let read = match str::from_utf8(raw) {
        Ok(document) => payment(document, our_role),
        Err(error) => Err(format!("the row is not UTF-8: {error}")),
    };
    match read {
        Ok(payment) => Row::Payment(Box::new(payment)),
        Err(reason) => Row::Bad(bad_row(&printable(raw), &reason)),
    }
}

fn payment(document: &str, our_role: &ConnectorRole) -> Result<Payment, String> {
    if !document.starts_with('{') {
        return Err("the row is not an object".to_owned());
    }
    let head: Head<'_> = serde_json::from_str(document).map_err(|error| error.to_string())?;
    let payment_id = needed("payment_id", head.payment_id)?;
    if matches!(payment_id.as_str(), "." | "..") {
        return Err("payment_id cannot stand in a path".to_owned());
    }
    let state = PaymentState::from_word(&needed("payment_state", head.payment_state)?);
    let modified_at = time("modified_at", head.modified_at)?.ok_or("modified_at is missing")?;
    let contract = head.contract.as_ref().ok_or("contract is missing")?;
    let quote = contract.quote.as_ref().ok_or("contract.quote is missing")?;
    let role = match &head.internal_info {
        Some(info) => word("internal_info.connector_role", info.connector_role)?,
        None => None,
    };
    let connector_role =
        role.map_or_else(|| our_role.clone(), |role| ConnectorRole::from_word(&role));
    let locked_here = match connector_role {
        ConnectorRole::Receiving => locked_by_receiver(&head, quote)?,
        ConnectorRole::Sending | ConnectorRole::Other(_) => false,
    };
    Ok(Payment {
        sub_states: sub_states(&head, &state)?,
        money: quote.money()?,
        payout: quote.payout()?,
        created_at: told_time(contract.created_at),
        modified_at,
        expires_at: deadline("contract.expires_at", contract.expires_at)?,
        locked_here,
        returns: word("returns_payment_with_id", head.returns_payment_with_id)?,
        returned_by: word("returned_by_payment_with_id", head.returned_by_payment_with_id)?,
        end_to_end_id: word("contract.sender_end_to_end_id", contract.sender_end_to_end_id)?,
        reached: reached(&head, &state),
        parties: PARTIES,
        hash: xxh3_64(document.as_bytes()).cast_signed(),
        document: document.to_owned(),
        payment_id,
        state,
        connector_role,
    })
}

impl Quote<'_> {
    fn money(&self) -> Result<Money, String> {
        let amount = self.amount.ok_or("contract.quote.amount is missing")?;
        let currency = needed("contract.quote.currency_code", self.currency_code)?;
        money("contract.quote.amount", amount, currency)
    }

    /// What the last leg of the quote gives, if the network tells all of it.
    ///
    /// A leg whose place is not told could be the last one, so then nobody knows what the beneficiary gets.
    fn payout(&self) -> Result<Option<Money>, String> {
        let last = match &self.quote_elements.0[..] {
            [] => return Ok(None),
            [only] => only,
            legs => {
                let mut placed: Vec<(i64, &Element<'_>)> = legs
                    .iter()
                    .map(|leg| Ok((leg.place()?, leg)))
                    .collect::<Result<_, String>>()?;
                placed.sort_by_key(|(place, _)| *place);
                match placed.as_slice() {
                    [.., (before, _), (last, _)] if before == last => {
                        return Err("the last quote element is there twice".to_owned());
                    }
                    [.., (_, last)] => *last,
                    [] => return Ok(None),
                }
            }
        };
        let currency = match word("receiving_currency_code", last.receiving_currency_code)? {
            Some(currency) => Some(currency),
            None => word("transfer_currency_code", last.transfer_currency_code)?,
        };
        match (last.receiving_amount, currency) {
            (Some(amount), Some(currency)) => money("receiving_amount", amount, currency).map(Some),
            (None, _) | (_, None) => Ok(None),
        }
    }
}

impl Element<'_> {
    fn place(&self) -> Result<i64, String> {
        let unreadable = || "quote_element_order is missing or no number".to_owned();
        let place = self.quote_element_order.ok_or_else(unreadable)?;
        text("quote_element_order", place)?.parse().map_err(|_| unreadable())
    }
}

/// An amount from its own text, never by way of a float. The network's contract has numbers, and it sends them with or
/// without quotes.
fn money(name: &str, amount: &RawValue, currency: String) -> Result<Money, String> {
    let amount = Amount::from_json_number(&text(name, amount)?);
    Ok(Money { amount: amount.map_err(|error| format!("{name}: {error}"))?, currency })
}

/// Whether the receiver's node has locked the payment, which it may have done before all others.
fn locked_by_receiver(head: &Head<'_>, quote: &Quote<'_>) -> Result<bool, String> {
    let Some(address) = word("receiver_address", quote.receiver_address)? else {
        return Ok(false);
    };
    let Some((_, receiver)) = address.rsplit_once('@') else { return Ok(false) };
    for node in &head.user_info.0 {
        if !node.locked.0.is_empty()
            && word("node_address", node.node_address)?.as_deref() == Some(receiver)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The labels inside EXECUTED, of all nodes, in the order of the document, each once. A payment whose state is such
/// a label has it too.
fn sub_states(head: &Head<'_>, state: &PaymentState) -> Result<Vec<String>, String> {
    let mut sub_states = Vec::new();
    for note in head.user_info.0.iter().flat_map(|node| &node.executed.0) {
        if let Some(label) = word("subState", note.sub_state)?
            && !sub_states.contains(&label)
        {
            sub_states.push(label);
        }
    }
    if matches!(state, PaymentState::Forwarded | PaymentState::AwaitingCollection)
        && !sub_states.iter().any(|label| label == state.as_str())
    {
        sub_states.push(state.as_str().to_owned());
    }
    Ok(sub_states)
}

/// When the payment reached the states that it tells of.
fn reached(head: &Head<'_>, state: &PaymentState) -> Vec<(PaymentState, DateTime<Utc>)> {
    let told = [
        (PaymentState::Accepted, head.accepted_at),
        (PaymentState::Locked, head.locked_at),
        (PaymentState::Executed, head.executed_at),
        (PaymentState::Completed, head.completed_at),
        (PaymentState::Returned, head.returned_at),
    ];
    let told = told.into_iter().filter_map(|(state, raw)| Some((state, told_time(raw)?)));
    let prepared = prepared_at(head, state).map(|at| (PaymentState::Prepared, at));
    told.chain(prepared).collect()
}

/// No field tells when a payment was prepared. One that was executed was prepared by its last settlement; that of
/// another may have been declined.
fn prepared_at(head: &Head<'_>, state: &PaymentState) -> Option<DateTime<Utc>> {
    let was_executed = match state {
        PaymentState::Executed
        | PaymentState::Forwarded
        | PaymentState::AwaitingCollection
        | PaymentState::Completed
        | PaymentState::Returned => true,
        PaymentState::Accepted
        | PaymentState::Locked
        | PaymentState::LockDeclined
        | PaymentState::Prepared
        | PaymentState::SettlementDeclined
        | PaymentState::Failed
        | PaymentState::Other(_) => told_time(head.executed_at).is_some(),
    };
    let settled = head.user_info.0.iter().flat_map(|node| &node.settlement.0);
    // A time that cannot be read is nothing to infer from.
    let times = settled.filter_map(|entry| told_time(entry.created_at));
    times.max().filter(|_| was_executed)
}

pub(super) fn bad_row(raw: &str, reason: &str) -> BadRow {
    // Of what is no JSON as a whole, its id and time may be readable all the same.
    let label = Cut::beginning(raw.as_bytes());
    let id = word("payment_id", label.raw("payment_id")).ok().flatten();
    let kept = raw.get(..raw.floor_char_boundary(BAD_ROW_MAX)).unwrap_or_default();
    BadRow {
        // One with letters that could not be read is another one.
        payment_id: id.filter(|id| !id.contains(char::REPLACEMENT_CHARACTER)),
        modified_at: told_time(label.raw("modified_at")),
        raw: kept.to_owned(),
        reason: brief(reason),
    }
}
