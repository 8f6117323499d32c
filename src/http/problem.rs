//! Error bodies, read as far as they can be: problems as of RFC 9457 and `RippleNet`'s, errors of OAuth and of Taler,
//! HTML of a gateway, nothing at all.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A reason longer than this helps nobody.
const REASON_MAX: usize = 500;

/// The fields that tell something, of all shapes. Each may be missing, null, or of a wrong type.
#[derive(Deserialize)]
struct Problem<'a> {
    #[serde(borrow)]
    ripplenet_error_code: Option<&'a RawValue>,
    code: Option<&'a RawValue>,
    title: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    hint: Option<&'a RawValue>,
    detail: Option<&'a RawValue>,
    error_description: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    finality: Option<&'a RawValue>,
}

/// A short reason, such as `E0104 Invalid Request Object: wrong format (PERMANENT)`.
///
/// A body of another shape is never quoted, for it may hold anything.
pub(crate) fn text(status: u16, body: &[u8]) -> String {
    // serde would take a list for a struct.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let problem = serde_json::from_slice::<Problem<'_>>(body).ok().filter(|_| is_object);
    match problem.map(|problem| problem.text()) {
        Some(text) if !text.is_empty() => brief(&text),
        Some(_) | None => format!("HTTP status {status} without a reason"),
    }
}

impl Problem<'_> {
    fn text(&self) -> String {
        let code = self.ripplenet_error_code.or(self.code);
        let head = [code, self.title.or(self.error).or(self.hint)];
        let head = head.into_iter().flatten().filter_map(word).collect::<Vec<_>>().join(" ");
        let detail = self.detail.or(self.error_description).or(self.message).and_then(word);
        let parts: Vec<String> = [Some(head), detail].into_iter().flatten().collect();
        let mut text = parts
            .iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(": ");
        if let Some(finality) = self.finality.and_then(word).filter(|_| !text.is_empty()) {
            text = format!("{text} ({finality})");
        }
        text
    }
}

/// A text, or a whole number: Taler's codes are numbers.
fn word(raw: &RawValue) -> Option<String> {
    let text = match serde_json::from_str::<u32>(raw.get()) {
        Ok(number) => number.to_string(),
        Err(_) => serde_json::from_str(raw.get()).ok()?,
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    (!text.is_empty()).then(|| text.to_owned())
}

/// The beginning of a text on one line, for a reason or an error.
pub(crate) fn brief(text: &str) -> String {
    let mut brief: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REASON_MAX).collect();
    if text.chars().nth(REASON_MAX).is_some() {
        brief.push('…');
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_ripplenet() {
        let body = br#"{"type":"https://errors/x","title":"Invalid Request Object","detail":"[account_id] is wrong.",
            "status":400,"ripplenet_error_code":"E0104","finality":"PERMANENT"}"#;
        assert_eq!(
            text(400, body),
            "E0104 Invalid Request Object: [account_id] is wrong. (PERMANENT)"
        );
    }

    #[test]
    fn an_error_of_oauth() {
        let body = br#"{"error":"access_denied","error_description":"Unauthorized"}"#;
        assert_eq!(text(401, body), "access_denied: Unauthorized");
    }

    #[test]
    fn an_error_of_taler() {
        let body = br#"{"code":5112,"hint":"request_uid used","detail":"other amount"}"#;
        assert_eq!(text(409, body), "5112 request_uid used: other amount");
    }

    #[test]
    fn whatever_is_missing_is_left_out() {
        assert_eq!(text(500, br#"{"detail":"it broke"}"#), "it broke");
        assert_eq!(text(500, br#"{"title":"Oops","detail":null,"finality":[]}"#), "Oops");
        let nothing = "HTTP status 502 without a reason";
        for body in [
            "",
            "<html><b>Bad gateway",
            "{}",
            "[]",
            "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]",
            "null",
            "\"x\"",
            "{\"title\":[1]}",
            "{\"title\":\"\\u0001\",\"detail\":\"\\u009b \"}",
            "\u{1}",
        ] {
            assert_eq!(text(502, body.as_bytes()), nothing, "{body}");
        }
        assert_eq!(text(502, &[0xff, 0xfe]), nothing);
    }

    #[test]
    fn a_reason_is_short_and_on_one_line() {
        let body = format!("{{\"title\":\"a\\nb\\u0000{}\"}}", "ä".repeat(5000));
        let reason = text(400, body.as_bytes());
        assert!(reason.starts_with("a b ä"), "{reason}");
        assert_eq!(reason.chars().count(), REASON_MAX + 1);
    }
}
