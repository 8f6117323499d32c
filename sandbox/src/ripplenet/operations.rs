//! The calls that change a payment: their bodies, their guards and their effects.

use serde_json::{Map, Value, json};

use super::books::step;
use super::moves::{Operation, PaymentState};
use super::network::{Asked, Network};
use super::payment::{Note, NoteKind, Payment};
use super::problem::Problem;
use super::record::CallEntry;
use super::user_info::note_of;

/// The reasons' types that `reject` and `fail` know.
const REASON_TYPES: [&str; 4] = [
    "RECEIVER_DATA_VALIDATION",
    "RECEIVER_LOCK_FAILURE",
    "SENDER_PROCESSING_FAILURE",
    "RECEIVER_PROCESSING_ERROR",
];

/// What a call carries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Content {
    internal_id: Option<String>,
    /// What goes to `user_info`, as JSON text.
    note: Option<String>,
    sub_state: Option<String>,
    labels: Vec<String>,
}

impl Network {
    /// Carries an operation out, or says why not; both go on record.
    pub(super) fn operate(
        &mut self,
        operation: Operation,
        serial: u32,
        parameters: &[(String, String)],
        asked: &Asked<'_>,
        now: i64,
    ) -> Result<(), Problem> {
        let content = if operation.about_labels() {
            labels(parameters)
        } else {
            json_object(asked.content_type, asked.body).and_then(|body| read(operation, &body))
        };
        let done = content.and_then(|content| self.apply(operation, serial, content, now));
        let refused = done.as_ref().err().map(|problem| problem.detail.as_str().into());
        self.record.call(CallEntry { at: now, serial, operation, refused });
        done
    }

    fn apply(
        &mut self,
        operation: Operation,
        serial: u32,
        content: Content,
        now: i64,
    ) -> Result<(), Problem> {
        let absent = || Problem::not_found("There is no such payment.".to_owned());
        let payment = self.books.get(serial).ok_or_else(absent)?;
        let overdue = payment.state.expires() && payment.expires_at <= now;
        if overdue && !operation.about_labels() {
            // The network ends overdue payments by itself; at the latest when somebody asks for more.
            self.move_to(serial, PaymentState::Failed, now);
        }
        let payment = self.books.get(serial).ok_or_else(absent)?;
        let to = self.guard(operation, payment, &content)?;
        let takes = i64::try_from(self.quirks.settle_takes.as_millis()).unwrap_or(0);
        let in_background = operation == Operation::Settle && takes > 0;
        let silent = operation.about_labels() && self.quirks.silent_labels;
        self.change(serial, now, |payment, at| {
            write(payment, operation, content, at);
            if in_background {
                payment.more().settles_at = Some(now.saturating_add(takes));
                payment.modified_at = at;
            } else if to != payment.state {
                step(payment, to, at, false);
            } else if !silent {
                payment.modified_at = at;
            }
        });
        if in_background {
            self.settling.insert((now.saturating_add(takes), serial));
        }
        Ok(())
    }

    /// Where the operation leads from the payment's state.
    fn guard(
        &self,
        operation: Operation,
        payment: &Payment,
        content: &Content,
    ) -> Result<PaymentState, Problem> {
        let settling = payment.more.as_ref().is_some_and(|more| more.settles_at.is_some());
        if settling && operation == Operation::Settle {
            return Err(Problem::in_progress());
        }
        let refused = || {
            Problem::not_now(format!(
                "The operation {operation} is not possible for a {} node while the payment is {}.",
                payment.role.name(),
                payment.state
            ))
        };
        if payment.raw().is_some() || (settling && !operation.about_labels()) {
            return Err(refused());
        }
        let known = |label: &String| payment.labels().iter().any(|own| **own == **label);
        if operation == Operation::DeleteLabels && !content.labels.iter().all(known) {
            return Err(Problem::not_found("There is no such label.".to_owned()));
        }
        let to = operation.leads_to(payment.role, payment.state).ok_or_else(refused)?;
        let fails = operation == Operation::Reject && self.quirks.auto_fail;
        Ok(if fails { PaymentState::Failed } else { to })
    }
}

/// Writes what the call carries into the payment.
fn write(payment: &mut Payment, operation: Operation, content: Content, at: i64) {
    match operation {
        Operation::PutLabels => content.labels.iter().for_each(|label| payment.label(label)),
        Operation::DeleteLabels => {
            payment
                .more()
                .labels
                .retain(|own| !content.labels.iter().any(|label| **label == **own));
        }
        Operation::Finalize | Operation::SubState => {
            if let Some(sub_state) = &content.sub_state {
                payment.label(sub_state);
            }
        }
        Operation::Lock
        | Operation::Reject
        | Operation::Fail
        | Operation::RetryAccept
        | Operation::Settle
        | Operation::Complete => {}
    }
    if let Some(internal_id) = content.internal_id {
        payment.more().internal_id = Some(internal_id.into());
    }
    if let (Some(json), Some(kind)) = (content.note, note_kind(operation, payment.state)) {
        let (by, sub_state) = (payment.role, content.sub_state.unwrap_or_default());
        let note = Note { kind, by, at, json: json.into(), sub_state: sub_state.into() };
        payment.more().notes.push(note);
    }
}

/// Where in `user_info` the call is noted, when it is made in the state.
fn note_kind(operation: Operation, state: PaymentState) -> Option<NoteKind> {
    match operation {
        Operation::Lock => Some(NoteKind::Locked),
        Operation::Reject => Some(NoteKind::LockDeclined),
        Operation::Fail => Some(NoteKind::Failed),
        Operation::RetryAccept => note_of(PaymentState::Accepted, false).map(|(kind, _)| kind),
        Operation::Settle if state == PaymentState::SettlementDeclined => {
            Some(NoteKind::RetrySettlement)
        }
        Operation::Settle => Some(NoteKind::Settlement),
        Operation::Complete => Some(NoteKind::Completed),
        Operation::Finalize | Operation::SubState => Some(NoteKind::Executed),
        Operation::PutLabels | Operation::DeleteLabels => None,
    }
}

fn labels(parameters: &[(String, String)]) -> Result<Content, Problem> {
    let [(name, value)] = parameters else {
        return Err(Problem::malformed("The parameter [label] is needed, and no other."));
    };
    let labels: Vec<String> = value.split(',').map(str::to_owned).collect();
    if name != "label" || labels.iter().any(|label| label.is_empty() || label.len() > 128) {
        return Err(Problem::malformed("The parameter [label] is not in the correct format."));
    }
    Ok(Content { labels, ..Content::default() })
}

fn json_object(content_type: &str, body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if !content_type.starts_with("application/json") {
        return Err(Problem::malformed(format!("Content-Type is [{content_type}].")));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) | Err(_) => Err(Problem::malformed("The body is not a JSON object.")),
    }
}

/// Reads a body as strictly as it is documented.
fn read(operation: Operation, body: &Map<String, Value>) -> Result<Content, Problem> {
    let fields: &[&str] = match operation {
        Operation::Lock => &["internal_id", "user_info"],
        Operation::Reject | Operation::Fail => &["reasons"],
        Operation::RetryAccept | Operation::Settle | Operation::Complete => &["user_info"],
        Operation::Finalize => &["sub_state", "memo"],
        Operation::SubState => &["sub_state", "memo", "info"],
        Operation::PutLabels | Operation::DeleteLabels => &[],
    };
    if let Some(unknown) = body.keys().find(|name| !fields.contains(&name.as_str())) {
        return Err(Problem::malformed(format!("The field [{unknown}] is unknown.")));
    }
    let wrong =
        |name: &str| Problem::malformed(format!("The field [{name}] is not as documented."));
    let mut content = Content::default();
    match operation {
        Operation::Reject | Operation::Fail => {
            let reasons = body.get("reasons").filter(|reasons| are_reasons(reasons));
            let reasons = reasons.ok_or_else(|| wrong("reasons"))?;
            content.note = Some(json!({ "reasons": reasons }).to_string());
        }
        Operation::Finalize | Operation::SubState => {
            let sub_state = text(body, "sub_state").ok_or_else(|| wrong("sub_state"))?;
            let memo = body.get("memo").and_then(Value::as_str).ok_or_else(|| wrong("memo"))?;
            let handed_on = ["FORWARDED", "AWAITING_COLLECTION"].contains(&sub_state.as_str());
            if operation == Operation::Finalize && !handed_on {
                return Err(wrong("sub_state"));
            }
            content.note = Some(json!({ &sub_state: memo }).to_string());
            content.sub_state = Some(sub_state);
        }
        Operation::Lock | Operation::RetryAccept | Operation::Settle | Operation::Complete => {
            content.note = match body.get("user_info") {
                None => None,
                Some(Value::Object(told)) => Some(Value::Object(told.clone()).to_string()),
                // The documentation's own example of an empty one.
                Some(Value::Array(told)) if told.is_empty() => Some("{}".to_owned()),
                Some(_) => return Err(wrong("user_info")),
            };
            if operation == Operation::RetryAccept && content.note.is_none() {
                return Err(wrong("user_info"));
            }
            if body.contains_key("internal_id") {
                content.internal_id =
                    Some(text(body, "internal_id").ok_or_else(|| wrong("internal_id"))?);
            }
        }
        Operation::PutLabels | Operation::DeleteLabels => {}
    }
    Ok(content)
}

/// A text of 1 to 128 characters.
fn text(body: &Map<String, Value>, name: &str) -> Option<String> {
    let text = body.get(name)?.as_str()?;
    (1..=128).contains(&text.chars().count()).then(|| text.to_owned())
}

fn are_reasons(reasons: &Value) -> bool {
    let Some(fields) = reasons.as_object() else { return false };
    let field = |name: &str| fields.get(name).and_then(Value::as_str);
    let code = |code: &str| {
        // ISO 20022: an external status reason has up to four letters and digits.
        (1..=4).contains(&code.len()) && code.bytes().all(|letter| letter.is_ascii_alphanumeric())
    };
    fields.keys().all(|name| ["type", "code", "reason"].contains(&name.as_str()))
        && field("type").is_some_and(|kind| REASON_TYPES.contains(&kind))
        && field("code").is_some_and(code)
        && fields.get("reason").is_none_or(Value::is_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operation: Operation, body: Value) -> Result<Content, Problem> {
        let text = body.to_string();
        json_object("application/json", text.as_bytes()).and_then(|body| read(operation, &body))
    }

    #[test]
    fn documented_bodies_are_read() {
        let reasons = json!({"reasons": {"type": "RECEIVER_DATA_VALIDATION", "code": "AC03",
                                         "reason": "no such account"}});
        for (operation, body) in [
            (Operation::Lock, json!({"internal_id": "42", "user_info": {}})),
            (Operation::Lock, json!({"user_info": []})),
            (Operation::Lock, json!({})),
            (Operation::Reject, reasons.clone()),
            (Operation::Fail, reasons),
            (Operation::RetryAccept, json!({"user_info": {"Cdtr": {"Nm": "A"}}})),
            (Operation::Settle, json!({})),
            (Operation::Complete, json!({"user_info": {}})),
            (Operation::Finalize, json!({"sub_state": "FORWARDED", "memo": "to the bank"})),
            (Operation::SubState, json!({"sub_state": "CHECKED", "memo": "", "info": {}})),
        ] {
            assert!(check(operation, body.clone()).is_ok(), "{operation} {body}");
        }
    }

    #[test]
    fn other_bodies_are_not() {
        let long = "x".repeat(129);
        for (operation, body) in [
            (Operation::Lock, json!([])),
            (Operation::Lock, json!({"user_info": "text"})),
            (Operation::Lock, json!({"internal_id": long})),
            (Operation::Lock, json!({"internalId": "42"})),
            (Operation::Reject, json!({})),
            (Operation::Reject, json!({"reasons": {"type": "BAD", "code": "AC03"}})),
            (Operation::Fail, json!({"reasons": {"type": "RECEIVER_LOCK_FAILURE"}})),
            (
                Operation::Fail,
                json!({"reasons": {"type": "RECEIVER_LOCK_FAILURE", "code": "AC003"}}),
            ),
            (Operation::RetryAccept, json!({})),
            (Operation::Finalize, json!({"sub_state": "PAID", "memo": ""})),
            (Operation::SubState, json!({"sub_state": "", "memo": ""})),
            (Operation::SubState, json!({"sub_state": "X"})),
            (Operation::Complete, json!({"state": "COMPLETED"})),
        ] {
            let problem = check(operation, body.clone()).expect_err(&body.to_string());
            assert!(problem.violation, "{operation} {body}");
        }
        assert!(json_object("text/plain", b"{}").is_err());
    }

    #[test]
    fn labels_come_by_one_parameter() {
        let pair = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
        assert_eq!(labels(&pair("label", "a,b")).unwrap().labels, ["a", "b"]);
        assert!(labels(&pair("label", "a,")).is_err());
        assert!(labels(&pair("labels", "a")).is_err());
        assert!(labels(&[]).is_err());
    }
}
