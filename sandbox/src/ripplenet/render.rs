//! A payment as the network tells it: the fields, nulls and strings of a real answer.

use serde_json::json;
use uuid::Uuid;

use super::moves::PaymentState;
use super::payment::{Ids, Payment, UserInfo};
use super::template::{Field, Template, write_padded, write_time};
use crate::random::scramble;

/// How the network writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    /// JSON numbers, as the specification has it; else strings, as the network does.
    pub(super) plain_numbers: bool,
    /// With `accepted_at` to `returned_at`.
    pub(super) stage_dates: bool,
    /// With everything that `load_additional_details=false` drops.
    pub(super) details: bool,
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
        Self {
            ids,
            // The object is left open: what grows with the payment's life follows.
            payment: Template::new(payment.strip_suffix('}').unwrap_or(payment)),
            accepted: Template::new(accepted),
            accepted_without_creditor_name: Template::new(&accepted.replacen(
                "\"Nm\": \"$creditor\",",
                "",
                1,
            )),
        }
    }

    /// Appends the payment's JSON.
    pub(super) fn write(&self, out: &mut String, payment: &Payment, style: Style) {
        if let Some(raw) = payment.raw() {
            let mut time = String::new();
            write_time(&mut time, payment.modified_at);
            let id = self.ids.id(payment.serial).to_string();
            out.push_str(&raw.replace("$payment_id", &id).replace("$modified_at", &time));
            return;
        }
        let amounts = Amounts::of(payment);
        self.payment
            .write(out, |out, field| self.fill(out, field, payment, &amounts, style.plain_numbers));
        if style.stage_dates {
            write_stage_dates(out, payment);
        }
        if style.details {
            out.push_str(",\"execution_results\":[],\"ripplenet_info\":");
            write_ripplenet_info(out, payment);
        }
        write_internal_info(out, payment, style.details);
        if style.details {
            out.push_str(",\"user_info\":");
            self.write_user_info(out, payment);
        }
        out.push('}');
    }

    fn fill(
        &self,
        out: &mut String,
        field: Field,
        payment: &Payment,
        amounts: &Amounts,
        plain: bool,
    ) {
        let serial = payment.serial;
        let more = payment.more.as_deref();
        match field {
            Field::PaymentId => write_id(out, self.ids.id(serial)),
            Field::ContractHash => {
                for salt in 10..12 {
                    write_simple(out, self.ids.part(serial, salt));
                }
            }
            Field::State => out.push_str(payment.state.name()),
            Field::ModifiedAt => write_time(out, payment.modified_at),
            Field::EndToEndId => write_end_to_end_id(out, serial),
            Field::CreatedAt => write_time(out, payment.created_at),
            Field::ExpiresAt => write_time(out, payment.expires_at),
            Field::QuoteId => write_id(out, self.ids.part(serial, 5)),
            Field::Element(number) => write_id(out, self.ids.part(serial, number)),
            Field::SenderNode => out.push_str(payment.sender_node()),
            Field::ReceiverNode => out.push_str(payment.receiver_node()),
            Field::Amount => write_number(out, &amounts.sent, plain),
            Field::ReceivedAmount => write_number(out, &amounts.received, plain),
            Field::Zero => write_number(out, "0.000000000", plain),
            Field::Rate => write_number(out, "1.200000000", plain),
            Field::Fingerprint => write_simple(out, self.ids.part(serial, 12)),
            Field::CryptoTransactionId => {
                let prepared = payment.reached(PaymentState::Prepared);
                write_nullable_id(out, prepared.map(|_| self.ids.part(serial, 13)));
            }
            Field::PaymentType => out.push_str(payment.kind.name()),
            Field::Returns => {
                write_nullable_id(out, more.and_then(|more| more.returns).map(|n| self.ids.id(n)));
            }
            Field::ReturnedBy => {
                let by = more.and_then(|more| more.returned_by);
                write_nullable_id(out, by.map(|n| self.ids.id(n)));
            }
            Field::Creditor => write_name(out, u64::from(serial)),
            Field::Debtor => write_name(out, u64::from(serial) << 32),
        }
    }

    /// Appends what the sender tells of the beneficiary.
    pub(super) fn write_accepted(&self, out: &mut String, payment: &Payment) {
        let template = match payment.user_info {
            UserInfo::Complete => &self.accepted,
            UserInfo::WithoutCreditorName => &self.accepted_without_creditor_name,
            UserInfo::Empty => {
                out.push_str("{}");
                return;
            }
        };
        let amounts = Amounts::of(payment);
        let start = out.len();
        template.write(out, |out, field| self.fill(out, field, payment, &amounts, false));
        if let Some(account) = payment.more.as_ref().and_then(|more| more.account.as_deref()) {
            let usual = out.split_off(start);
            out.push_str(&usual.replacen(ACCOUNT, account, 1));
        }
    }
}

/// The creditor's account in the template.
const ACCOUNT: &str = "0123456789";

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
        Self {
            sent: decimal(payment.amount),
            received: decimal(payment.amount.saturating_add(payment.amount / 5)),
        }
    }
}

fn decimal(billionths: u64) -> String {
    let mut out = (billionths / 1_000_000_000).to_string();
    out.push('.');
    write_padded(&mut out, i64::try_from(billionths % 1_000_000_000).unwrap_or(0), 9);
    out
}

/// A number of the envelope or of a payment, in the network's way.
pub(super) fn write_number(out: &mut String, number: &str, plain: bool) {
    let quote = if plain { "" } else { "\"" };
    out.push_str(quote);
    out.push_str(number);
    out.push_str(quote);
}

/// The sender's own reference.
pub(super) fn write_end_to_end_id(out: &mut String, serial: u32) {
    out.push_str("E2E-");
    write_padded(out, i64::from(serial), 10);
}

fn write_id(out: &mut String, id: Uuid) {
    out.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

fn write_simple(out: &mut String, id: Uuid) {
    out.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
}

fn write_nullable_id(out: &mut String, id: Option<Uuid>) {
    match id {
        None => out.push_str("null"),
        Some(id) => {
            out.push('"');
            write_id(out, id);
            out.push('"');
        }
    }
}

fn write_name(out: &mut String, number: u64) {
    const FIRST: [&str; 8] = ["Peppa", "Robert", "Ana", "Chidi", "Mei", "Yusuf", "Ingrid", "Tomás"];
    const LAST: [&str; 8] =
        ["Potts", "Downey", "Souza", "Okafor", "Lin", "Demir", "Solberg", "Vega"];
    let [first, last, ..] = scramble(number.wrapping_add(1)).to_be_bytes();
    out.push_str(FIRST[usize::from(first) % FIRST.len()]);
    out.push(' ');
    out.push_str(LAST[usize::from(last) % LAST.len()]);
}

fn write_stage_dates(out: &mut String, payment: &Payment) {
    for (name, state) in [
        ("accepted_at", PaymentState::Accepted),
        ("locked_at", PaymentState::Locked),
        ("executed_at", PaymentState::Executed),
        ("completed_at", PaymentState::Completed),
        ("returned_at", PaymentState::Returned),
    ] {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":");
        match payment.reached(state) {
            None => out.push_str("null"),
            Some(at) => {
                out.push('"');
                write_time(out, at);
                out.push('"');
            }
        }
    }
}

fn write_ripplenet_info(out: &mut String, payment: &Payment) {
    let declined: Vec<_> = payment
        .history
        .iter()
        .filter(|step| step.state == PaymentState::SettlementDeclined)
        .map(|step| {
            let mut at = String::new();
            write_time(&mut at, step.at);
            json!({"info": "L001", "created_at": at})
        })
        .collect();
    if declined.is_empty() {
        out.push_str("[]");
        return;
    }
    let info = json!([{"node_address": payment.sender_node(), "settlement_declined": declined}]);
    out.push_str(&info.to_string());
}

fn write_internal_info(out: &mut String, payment: &Payment, details: bool) {
    out.push_str(",\"internal_info\":{\"connector_role\":\"");
    out.push_str(payment.role.name());
    out.push('"');
    if details {
        out.push_str(",\"labels\":[");
        for (number, label) in payment.labels().iter().enumerate() {
            out.push_str(if number == 0 { "" } else { "," });
            out.push_str(&json!({ "label": &**label }).to_string());
        }
        out.push(']');
    }
    out.push_str(",\"internal_id\":");
    let internal_id = payment.more.as_ref().and_then(|more| more.internal_id.as_deref());
    out.push_str(&json!(internal_id).to_string());
    out.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::Role;

    const STYLE: Style = Style { plain_numbers: false, stage_dates: true, details: true };

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
    fn details_dates_and_strings_can_be_left_out() {
        let style = Style { plain_numbers: true, stage_dates: false, details: false };
        let value = rendered(&payment(PaymentState::Executed), style);
        assert!(value.get("user_info").is_none());
        assert!(value.get("accepted_at").is_none());
        assert!(value["internal_info"].get("labels").is_none());
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
