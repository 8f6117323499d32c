//! A payment as the network tells it: the fields, nulls and strings of a real answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::moves::{PaymentState, Role};
use super::network::time_of;
use super::payment::{Ids, NOTES, Payment, UserInfo};
use super::template::Template;
use crate::random::scramble;

/// How the network writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// JSON numbers, as the specification has it; else strings, as the network does.
    pub(super) plain_numbers: bool,
    /// With `accepted_at` to `returned_at`.
    pub(super) stage_dates: bool,
}

/// What grows with a payment's life, behind what stays as it is.
#[derive(Serialize)]
struct Life<'a> {
    #[serde(flatten)]
    dates: BTreeMap<&'static str, Option<String>>,
    execution_results: [(); 0],
    ripplenet_info: Vec<RippleNetInfo>,
    internal_info: InternalInfo<'a>,
    user_info: Vec<Node<'a>>,
}

#[derive(Serialize)]
struct RippleNetInfo {
    node_address: &'static str,
    settlement_declined: Vec<Declined>,
}

#[derive(Serialize)]
struct Declined {
    info: &'static str,
    created_at: String,
}

#[derive(Serialize)]
struct InternalInfo<'a> {
    connector_role: &'static str,
    labels: Vec<Label<'a>>,
    internal_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Label<'a> {
    label: &'a str,
}

/// What one node has told the others.
#[derive(Serialize)]
struct Node<'a> {
    node_address: &'static str,
    #[serde(flatten)]
    lists: BTreeMap<&'static str, Vec<Told<'a>>>,
}

#[derive(Serialize)]
struct Told<'a> {
    json: Option<Box<RawValue>>,
    created_at: String,
    #[serde(rename = "subState")]
    sub_state: &'a str,
}

/// Writes payments as JSON.
#[derive(Debug)]
pub(super) struct Renderer {
    ids: Ids,
    payment: Template,
    accepted: Template,
    accepted_without_creditor_name: Template,
}

impl Renderer {
    pub(super) fn new(ids: Ids) -> Self {
        let payment = include_str!("payment.json").trim_end();
        let accepted = include_str!("accepted.json");
        let nameless = accepted.replacen("\"Nm\": \"$creditor\",", "", 1);
        Self {
            ids,
            // The object is left open: what grows with the payment's life follows.
            payment: Template::new(payment.strip_suffix('}').unwrap_or(payment)),
            accepted: Template::new(accepted),
            accepted_without_creditor_name: Template::new(&nameless),
        }
    }

    /// Appends the payment's JSON.
    pub(super) fn write(&self, out: &mut String, payment: &Payment, style: Style) {
        if let Some(raw) = payment.raw() {
            let id = self.ids.id(payment.serial).to_string();
            let modified_at = time(payment.modified_at);
            out.push_str(&raw.replace("$payment_id", &id).replace("$modified_at", &modified_at));
            return;
        }
        let amounts = Amounts::of(payment);
        let plain = style.plain_numbers;
        self.payment.write(out, |out, hole| self.fill(out, hole, payment, &amounts, plain));
        out.push(',');
        let life = serde_json::to_string(&self.life(payment, style)).unwrap_or_default();
        out.push_str(life.strip_prefix('{').unwrap_or_default());
    }

    fn fill(&self, out: &mut String, hole: &str, payment: &Payment, sums: &Amounts, plain: bool) {
        let serial = payment.serial;
        let more = payment.more.as_deref();
        let part = |salt| self.ids.part(serial, salt);
        match hole {
            "payment_id" => write(out, self.ids.id(serial)),
            "contract_hash" => {
                write(out, format_args!("{}{}", part(10).simple(), part(11).simple()))
            }
            "state" => out.push_str(payment.state.name()),
            "modified_at" => out.push_str(&time(payment.modified_at)),
            "end_to_end_id" => write(out, format_args!("E2E-{serial:010}")),
            "created_at" => out.push_str(&time(payment.created_at)),
            "expires_at" => out.push_str(&time(payment.expires_at)),
            "quote_id" => write(out, part(5)),
            "element_1_id" => write(out, part(1)),
            "element_2_id" => write(out, part(2)),
            "element_3_id" => write(out, part(3)),
            "element_4_id" => write(out, part(4)),
            "sender_node" => out.push_str(payment.node(Role::Sending)),
            "receiver_node" => out.push_str(payment.node(Role::Receiving)),
            "amount" => write_number(out, &sums.sent, plain),
            "received_amount" => write_number(out, &sums.received, plain),
            "zero" => write_number(out, "0.000000000", plain),
            "rate" => write_number(out, "1.200000000", plain),
            "fingerprint" => write(out, part(12).simple()),
            "crypto_transaction_id" => {
                write_nullable(out, payment.reached(PaymentState::Prepared).map(|_| part(13)));
            }
            "payment_type" => out.push_str(payment.kind.name()),
            "returns" => {
                write_nullable(out, more.and_then(|more| more.returns).map(|n| self.ids.id(n)));
            }
            "returned_by" => {
                write_nullable(out, more.and_then(|more| more.returned_by).map(|n| self.ids.id(n)));
            }
            "creditor" => write_name(out, u64::from(serial)),
            "debtor" => write_name(out, u64::from(serial) << 32),
            // The tests find a hole that is not filled.
            other => out.push_str(other),
        }
    }

    fn life<'a>(&self, payment: &'a Payment, style: Style) -> Life<'a> {
        let dates = [
            ("accepted_at", PaymentState::Accepted),
            ("locked_at", PaymentState::Locked),
            ("executed_at", PaymentState::Executed),
            ("completed_at", PaymentState::Completed),
            ("returned_at", PaymentState::Returned),
        ];
        let dates = dates.into_iter().filter(|_| style.stage_dates);
        let declined = payment.history.iter();
        let declined: Vec<Declined> = declined
            .filter(|step| step.state == PaymentState::SettlementDeclined)
            .map(|step| Declined { info: "L001", created_at: time(step.at) })
            .collect();
        let info = RippleNetInfo {
            node_address: payment.node(Role::Sending),
            settlement_declined: declined,
        };
        let more = payment.more.as_deref();
        let labels = more.map_or(&[][..], |more| &more.labels).iter();
        let nodes = [Role::Sending, Role::Receiving].map(|side| self.node(payment, side));
        let has_told = |node: &Node<'_>| node.lists.values().any(|list| !list.is_empty());
        Life {
            dates: dates.map(|(name, state)| (name, payment.reached(state).map(time))).collect(),
            execution_results: [],
            ripplenet_info: if info.settlement_declined.is_empty() { vec![] } else { vec![info] },
            internal_info: InternalInfo {
                connector_role: payment.role.name(),
                labels: labels.map(|label| Label { label }).collect(),
                internal_id: more.and_then(|more| more.internal_id.as_deref()),
            },
            user_info: nodes.into_iter().filter(has_told).collect(),
        }
    }

    /// One node's element of `user_info`: what the network noted for it, and then what it told itself.
    fn node<'a>(&self, payment: &'a Payment, side: Role) -> Node<'a> {
        let mut lists: BTreeMap<&'static str, Vec<Told<'a>>> =
            NOTES.iter().map(|name| (*name, Vec::new())).collect();
        for (place, step) in payment.history.iter().enumerate() {
            let noted = note_of(step.state, place == 0);
            let Some((kind, _)) = noted.filter(|(_, who)| step.by_network && *who == side) else {
                continue;
            };
            let json = if place == 0 { self.accepted(payment) } else { "{}".to_owned() };
            let json = RawValue::from_string(json).ok();
            let told = Told { json, created_at: time(step.at), sub_state: "" };
            lists.entry(kind).or_default().push(told);
        }
        let notes = payment.more.iter().flat_map(|more| &more.notes);
        for note in notes.filter(|note| note.by == side) {
            let json = RawValue::from_string(note.json.to_string()).ok();
            let told = Told { json, created_at: time(note.at), sub_state: &note.sub_state };
            lists.entry(note.kind).or_default().push(told);
        }
        Node { node_address: payment.node(side), lists }
    }

    /// What the sender tells of the beneficiary.
    fn accepted(&self, payment: &Payment) -> String {
        let template = match payment.user_info {
            UserInfo::Complete => &self.accepted,
            UserInfo::WithoutCreditorName => &self.accepted_without_creditor_name,
            UserInfo::Empty => return "{}".to_owned(),
        };
        let (amounts, mut out) = (Amounts::of(payment), String::new());
        template.write(&mut out, |out, hole| self.fill(out, hole, payment, &amounts, false));
        match payment.more.as_ref().and_then(|more| more.account.as_deref()) {
            Some(account) => out.replacen(ACCOUNT, account, 1),
            None => out,
        }
    }
}

/// The creditor's account in the template.
const ACCOUNT: &str = "0123456789";

/// Where in `user_info` the network notes that a state was reached, and at whose node.
const fn note_of(state: PaymentState, first: bool) -> Option<(&'static str, Role)> {
    match state {
        PaymentState::Accepted if first => Some(("accepted", Role::Sending)),
        PaymentState::Accepted => Some(("retry_accept", Role::Sending)),
        PaymentState::Locked => Some(("locked", Role::Receiving)),
        PaymentState::LockDeclined => Some(("lock_declined", Role::Receiving)),
        PaymentState::Prepared => Some(("settlement", Role::Sending)),
        PaymentState::SettlementDeclined => Some(("settlement_declined", Role::Sending)),
        // What stands under `executed` are sub-states alone.
        PaymentState::Executed => None,
        PaymentState::Completed => Some(("completed", Role::Receiving)),
        PaymentState::Failed => Some(("failed", Role::Receiving)),
        PaymentState::Returned => Some(("returned", Role::Receiving)),
    }
}

/// The amounts of a payment as text.
struct Amounts {
    sent: String,
    received: String,
}

impl Amounts {
    fn of(payment: &Payment) -> Self {
        if let Some(exact) = payment.more.as_ref().and_then(|more| more.amount.as_deref()) {
            return Self { sent: exact.to_owned(), received: exact.to_owned() };
        }
        let received = payment.amount.saturating_add(payment.amount / 5);
        Self { sent: decimal(payment.amount), received: decimal(received) }
    }
}

fn decimal(billionths: u64) -> String {
    format!("{}.{:09}", billionths / 1_000_000_000, billionths % 1_000_000_000)
}

/// A time as the network writes it: 24 characters, milliseconds, UTC.
fn time(millis: i64) -> String {
    time_of(millis).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A number of the envelope or of a payment, in the network's way.
pub(super) fn write_number(out: &mut String, number: &str, plain: bool) {
    let quote = if plain { "" } else { "\"" };
    write(out, format_args!("{quote}{number}{quote}"));
}

fn write(out: &mut String, what: impl std::fmt::Display) {
    // A string takes everything.
    let _ = write!(out, "{what}");
}

fn write_nullable(out: &mut String, id: Option<Uuid>) {
    match id {
        None => out.push_str("null"),
        Some(id) => write(out, format_args!("\"{id}\"")),
    }
}

fn write_name(out: &mut String, number: u64) {
    const FIRST: [&str; 8] = ["Peppa", "Robert", "Ana", "Chidi", "Mei", "Yusuf", "Ingrid", "Tomás"];
    const LAST: [&str; 8] =
        ["Potts", "Downey", "Souza", "Okafor", "Lin", "Demir", "Solberg", "Vega"];
    let [first, last, ..] = scramble(number.wrapping_add(1)).to_be_bytes();
    let name = |names: [&'static str; 8], byte: u8| names[usize::from(byte) % names.len()];
    write(out, format_args!("{} {}", name(FIRST, first), name(LAST, last)));
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::Role;

    const STYLE: Style = Style { plain_numbers: false, stage_dates: true };

    fn rendered(payment: &Payment, style: Style) -> Value {
        let mut out = String::new();
        Renderer::new(Ids { seed: 1 }).write(&mut out, payment, style);
        assert!(!out.contains('$') && !out.contains('#'), "an unfilled hole: {out}");
        serde_json::from_str(&out).unwrap()
    }

    fn payment(state: PaymentState) -> Payment {
        Payment::new(7, Role::Receiving, state, 1_614_746_458_629, 1_000)
    }

    #[test]
    fn a_payment_has_the_shape_and_size_of_a_real_one() {
        let value = rendered(&payment(PaymentState::Accepted), STYLE);
        let size = value.to_string().len();
        assert!((4_200..4_600).contains(&size), "{size}");
        assert_eq!(value["contract"]["quote"]["amount"], "10.000000000");
        assert_eq!(
            value["contract"]["quote"]["quote_elements"][3]["sending_amount"],
            "12.000000000"
        );
        assert_eq!(value["accepted_at"], "2021-03-03T04:40:58.629Z");
        assert_eq!(value["locked_at"], Value::Null);
        assert_eq!(
            value["user_info"][0]["accepted"][0]["json"]["Cdtr"]["Id"]["PrvtId"]["Othr"]["Id"],
            "AA8423234"
        );
        assert!(value["user_info"][0]["accepted"][0]["json"]["Cdtr"]["Nm"].is_string());
        assert_eq!(value["user_info"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn user_info_grows_with_the_payment() {
        let value = rendered(&payment(PaymentState::Completed), STYLE);
        let receiver = &value["user_info"][1];
        assert_eq!(receiver["node_address"], "test.cloud.blueprint2");
        assert_eq!(receiver["locked"].as_array().unwrap().len(), 1);
        assert_eq!(receiver["completed"][0]["created_at"], value["completed_at"]);
        assert_eq!(value["user_info"][0]["settlement"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn dates_and_strings_can_be_left_out() {
        let style = Style { plain_numbers: true, stage_dates: false };
        let value = rendered(&payment(PaymentState::Executed), style);
        assert!(value.get("accepted_at").is_none());
        assert!(value["contract"]["quote"]["amount"].is_number());
    }

    #[test]
    fn the_creditor_may_be_nameless() {
        let mut nameless = payment(PaymentState::Accepted);
        nameless.user_info = UserInfo::WithoutCreditorName;
        let value = rendered(&nameless, STYLE);
        let told = &value["user_info"][0]["accepted"][0]["json"];
        assert!(told["Cdtr"].get("Nm").is_none());
        assert!(told["Dbtr"]["Nm"].is_string());
    }

    #[test]
    fn an_exact_amount_is_told_to_the_letter() {
        let mut exact = payment(PaymentState::Accepted);
        exact.more().amount = Some("1234567890123456789.0123456789".into());
        let value = rendered(&exact, STYLE);
        assert_eq!(value["contract"]["quote"]["amount"], "1234567890123456789.0123456789");
    }
}
