//! The calls that change a payment: their bodies, their guards and their effects.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::books::step;
use super::endpoint::Endpoint;
use super::moves::{Operation, PaymentState};
use super::network::Network;
use super::payment::{Note, Payment};
use super::problem::Problem;
use crate::service::Asked;

/// The reasons' types that `reject` and `fail` know.
const REASON_TYPES: [&str; 4] = [
    "RECEIVER_DATA_VALIDATION",
    "RECEIVER_LOCK_FAILURE",
    "SENDER_PROCESSING_FAILURE",
    "RECEIVER_PROCESSING_ERROR",
];

/// Every field that any of the calls may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    internal_id: Option<String>,
    user_info: Option<Value>,
    reasons: Option<Reasons>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    r#type: String,
    code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What a call carries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Content {
    internal_id: Option<String>,
    /// What goes to `user_info`, as JSON text.
    note: Option<String>,
}

impl Network {
    /// Carries an operation out, or says why not; both go on record.
    pub(super) fn operate(
        &mut self,
        operation: Operation,
        serial: u32,
        asked: &Asked<'_, Endpoint>,
    ) -> Result<(), Problem> {
        let now = asked.now.timestamp_millis();
        let content = json_object(asked.header("content-type").unwrap_or_default(), asked.body)
            .and_then(|body| read(operation, body));
        let done = content.and_then(|content| self.apply(operation, serial, content, now));
        let refused = done.as_ref().err().map(|problem| problem.detail.as_str().into());
        self.calls.add(now, serial, operation, refused);
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
        if payment.state.expires() && payment.expires_at <= now {
            // The network ends overdue payments by itself; at the latest when somebody asks for more.
            self.move_to(serial, PaymentState::Failed, now);
        }
        let payment = self.books.get(serial).ok_or_else(absent)?;
        let to = Self::guard(operation, payment)?;
        let takes = i64::try_from(self.quirks.settle_takes.as_millis()).unwrap_or(0);
        let in_background = operation == Operation::Settle && takes > 0;
        self.change(serial, now, |payment, at| {
            write(payment, operation, content, at);
            if in_background {
                payment.more().settles_at = Some(now.saturating_add(takes));
                payment.modified_at = at;
            } else {
                step(payment, to, at, false);
            }
        });
        if in_background {
            self.settling.insert((now.saturating_add(takes), serial));
        }
        Ok(())
    }

    /// Where the operation leads from the payment's state.
    fn guard(operation: Operation, payment: &Payment) -> Result<PaymentState, Problem> {
        let settling = payment.more.as_ref().is_some_and(|more| more.settles_at.is_some());
        if settling && operation == Operation::Settle {
            return Err(Problem::in_progress());
        }
        let to = operation.leads_to(payment.role, payment.state);
        to.filter(|_| payment.raw().is_none() && !settling).ok_or_else(|| {
            Problem::not_now(format!(
                "The operation {operation} is not possible for a {} node while the payment is {}.",
                payment.role.name(),
                payment.state
            ))
        })
    }
}

/// Writes what the call carries into the payment.
fn write(payment: &mut Payment, operation: Operation, content: Content, at: i64) {
    if let Some(internal_id) = content.internal_id {
        payment.more().internal_id = Some(internal_id.into());
    }
    if let Some(json) = content.note {
        let kind = match operation {
            Operation::Lock => "locked",
            Operation::Reject => "lock_declined",
            Operation::Fail => "failed",
            Operation::Settle if payment.state == PaymentState::SettlementDeclined => {
                "retry_settlement"
            }
            Operation::Settle => "settlement",
            Operation::Complete => "completed",
        };
        let note = Note { kind, by: payment.role, at, json: json.into(), sub_state: "".into() };
        payment.more().notes.push(note);
    }
}

fn json_object(content_type: &str, body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if !content_type.starts_with("application/json") {
        return Err(Problem::malformed(format!("Content-Type is [{content_type}].")));
    }
    serde_json::from_slice(body).map_err(|_| Problem::malformed("The body is not a JSON object."))
}

/// Reads a body as strictly as it is documented.
fn read(operation: Operation, body: Map<String, Value>) -> Result<Content, Problem> {
    let fields: &[&str] = match operation {
        Operation::Lock => &["internal_id", "user_info"],
        Operation::Reject | Operation::Fail => &["reasons"],
        Operation::Settle | Operation::Complete => &["user_info"],
    };
    if let Some(unknown) = body.keys().find(|name| !fields.contains(&name.as_str())) {
        return Err(Problem::malformed(format!("The field [{unknown}] is unknown.")));
    }
    let body = Body::deserialize(Value::Object(body))
        .map_err(|error| Problem::malformed(format!("The body is not as documented: {error}.")))?;
    let wrong =
        |name: &str| Err(Problem::malformed(format!("The field [{name}] is not as documented.")));
    if body.internal_id.as_ref().is_some_and(|id| !(1..=128).contains(&id.chars().count())) {
        return wrong("internal_id");
    }
    let note = match (operation, body.reasons, body.user_info) {
        (Operation::Reject | Operation::Fail, Some(reasons), _) if reasons.are_documented() => {
            Some(json!({ "reasons": reasons }).to_string())
        }
        (Operation::Reject | Operation::Fail, _, _) => return wrong("reasons"),
        (Operation::Lock | Operation::Settle | Operation::Complete, _, told) => match told {
            None => None,
            Some(told @ Value::Object(_)) => Some(told.to_string()),
            // The documentation's own example of an empty one.
            Some(Value::Array(told)) if told.is_empty() => Some("{}".to_owned()),
            Some(_) => return wrong("user_info"),
        },
    };
    Ok(Content { internal_id: body.internal_id, note })
}

impl Reasons {
    fn are_documented(&self) -> bool {
        // ISO 20022: an external status reason has up to four letters and digits.
        REASON_TYPES.contains(&self.r#type.as_str())
            && (1..=4).contains(&self.code.len())
            && self.code.bytes().all(|letter| letter.is_ascii_alphanumeric())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operation: Operation, body: &Value) -> Result<Content, Problem> {
        let text = body.to_string();
        json_object("application/json", text.as_bytes()).and_then(|body| read(operation, body))
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
            (Operation::Settle, json!({})),
            (Operation::Complete, json!({"user_info": {}})),
        ] {
            assert!(check(operation, &body).is_ok(), "{operation} {body}");
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
            (Operation::Settle, json!({"reasons": {}})),
            (Operation::Complete, json!({"state": "COMPLETED"})),
        ] {
            let problem = check(operation, &body).expect_err(&body.to_string());
            assert!(problem.violation, "{operation} {body}");
        }
        assert!(json_object("text/plain", b"{}").is_err());
    }
}
