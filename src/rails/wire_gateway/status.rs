//! `GET /transfers/{row_id}`: what became of a transfer.

use serde::Deserialize;

use super::transfer::wtid;
use crate::engine::PayoutState;
use crate::http::{brief, object};

#[derive(Deserialize)]
struct Told {
    status: String,
    status_msg: Option<String>,
    wtid: Option<String>,
}

/// Reads what the gateway tells of the row `reference`, which should be the payout `key`.
pub(super) fn read(body: &[u8], key: &str, reference: &str) -> Result<PayoutState, String> {
    let told: Told = object(body)?;
    if told.wtid.as_deref().is_some_and(|other| !other.eq_ignore_ascii_case(&wtid(key))) {
        let reason = format!("row {reference} of the gateway is another transfer");
        return Ok(PayoutState::CannotTell { reason });
    }
    let reference = Some(reference.to_owned());
    Ok(match told.status.as_str() {
        // A transient failure is tried again by the gateway.
        "pending" | "transient_failure" => PayoutState::Initiated { reference },
        "success" => PayoutState::Delivered { reference, fee: None, amount: None },
        code @ ("permanent_failure" | "late_failure") => PayoutState::Failed {
            code: code.to_owned(),
            reason: told.status_msg.map_or_else(|| code.replace('_', " "), |text| brief(&text)),
        },
        other => PayoutState::CannotTell {
            reason: brief(&format!("the gateway tells the status `{other}`, which is unknown")),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(status: &str) -> PayoutState {
        let body =
            json!({ "status": status, "wtid": wtid("k1").to_lowercase(), "amount": "EUR:1" });
        read(body.to_string().as_bytes(), "k1", "42").unwrap()
    }

    #[test]
    fn each_status_is_read() {
        for status in ["pending", "transient_failure"] {
            assert!(
                matches!(state(status), PayoutState::Initiated { reference: Some(r) } if r == "42")
            );
        }
        assert!(matches!(state("success"), PayoutState::Delivered { reference: Some(_), .. }));
        for status in ["permanent_failure", "late_failure"] {
            assert!(matches!(state(status), PayoutState::Failed { code, .. } if code == status));
        }
        assert!(matches!(state("never_heard_back"), PayoutState::CannotTell { .. }));
        let body = br#"{"status":"permanent_failure","status_msg":"account closed"}"#;
        assert!(matches!(read(body, "k1", "42"),
            Ok(PayoutState::Failed { reason, .. }) if reason == "account closed"));
    }

    #[test]
    fn a_row_of_another_transfer_tells_nothing() {
        let body = json!({ "status": "success", "wtid": wtid("k2") }).to_string();
        assert!(matches!(read(body.as_bytes(), "k1", "42"), Ok(PayoutState::CannotTell { .. })));
        assert!(read(b"{}", "k1", "42").is_err());
    }
}
