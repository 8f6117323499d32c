//! URLs and bodies of the requests.

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::engine::{ConnectorRole, Operation, PaymentState, Window};
use crate::http::{Body, Request, extended, url_of};
use crate::networks::NetworkError;

/// Makes the requests of one tenant.
pub(super) struct Requests {
    /// With `/v4`, without a slash at its end.
    base: Url,
}

impl Requests {
    /// `base_url` is the tenant's, with or without `/v4`.
    pub(super) fn new(base_url: &str) -> Result<Self, NetworkError> {
        let mut base = url_of("base_url", base_url)?;
        let path = base.path().trim_end_matches('/');
        let path = format!("{}/v4", path.strip_suffix("/v4").unwrap_or(path));
        base.set_path(&path);
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self { base })
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn list(
        &self,
        state: &PaymentState,
        role: &ConnectorRole,
        window: &Window,
    ) -> Request {
        let mut url = extended(&self.base, &["payments"]);
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("states", state.as_str())
                .append_pair("connector_role", role.as_str())
                .append_pair("sort_field", "MODIFIED_AT")
                .append_pair("sort_direction", "ASC");
            if window.after.is_some() || window.before.is_some() {
                query.append_pair("range_field", "MODIFIED_AT");
            }
            if let Some(after) = window.after {
                query.append_pair("after", &bound(after));
            }
            if let Some(before) = window.before {
                query.append_pair("before", &bound(up_to_millis(before)));
            }
            query
                .append_pair("page", &window.page.to_string())
                .append_pair("size", &window.size.to_string());
        }
        Request::new("list", Method::GET, plain_commas(url)).general()
    }

    pub(super) fn get(&self, payment_id: &str) -> Result<Request, NetworkError> {
        let url = extended(&self.base, &["payments", checked(payment_id)?]);
        Ok(Request::new("get", Method::GET, url).of(payment_id))
    }

    /// `internal_id` is our own id of the payment; only a lock takes it.
    pub(super) fn operation(
        &self,
        payment_id: &str,
        operation: &Operation,
        internal_id: Option<&str>,
    ) -> Result<Request, NetworkError> {
        let url = extended(&self.base, &["payments", checked(payment_id)?, operation.name()]);
        let body = Some(Body::json(body(operation, internal_id).to_string().into_bytes()));
        Ok(Request { body, ..Request::new(operation.name(), Method::POST, url).of(payment_id) })
    }

    /// Adds (`PUT`) or takes away (`DELETE`) labels.
    pub(super) fn labels(
        &self,
        method: Method,
        payment_id: &str,
        labels: &[&str],
    ) -> Result<Request, NetworkError> {
        let mut url = extended(&self.base, &["payments", checked(payment_id)?, "labels"]);
        url.query_pairs_mut().append_pair("label", &list_of(labels.iter().copied()));
        Ok(Request::new("labels", method, plain_commas(url)).of(payment_id))
    }

    pub(super) fn health(&self) -> Request {
        Request::new("health", Method::GET, extended(&self.base, &["health"])).general()
    }
}

/// A payment's id as a segment of a path. An empty one or one of dots would lead to another path.
fn checked(payment_id: &str) -> Result<&str, NetworkError> {
    if matches!(payment_id, "" | "." | "..") {
        let problem = format!("`{payment_id}` cannot be the id of a payment");
        return Err(NetworkError::Refused { status: 404, problem });
    }
    Ok(payment_id)
}

fn body(operation: &Operation, internal_id: Option<&str>) -> Value {
    match operation {
        // `user_info` is sent even if empty, so that the network records when.
        Operation::Lock => match internal_id {
            Some(id) => json!({ "internal_id": id, "user_info": {} }),
            None => json!({ "user_info": {} }),
        },
        Operation::Reject { reason } | Operation::Fail { reason } => json!({ "reasons": reason }),
        Operation::RetryAccept { user_info } => json!({ "user_info": user_info }),
        Operation::Settle | Operation::Complete => json!({ "user_info": {} }),
        Operation::Finalize { sub_state, memo } | Operation::SubState { sub_state, memo } => {
            json!({ "sub_state": sub_state, "memo": memo })
        }
    }
}

fn list_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(",")
}

/// Lists are of the style `explode=false`: their commas separate, and so are sent as they are.
fn plain_commas(mut url: Url) -> Url {
    let query = url.query().map(|query| query.replace("%2C", ","));
    url.set_query(query.as_deref());
    url
}

/// A bound of 24 characters, cut down to the millisecond.
fn bound(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The millisecond at or after `time`: `before` is exclusive, and nothing before it may fall out by rounding.
fn up_to_millis(time: DateTime<Utc>) -> DateTime<Utc> {
    let down = time.trunc_subsecs(3);
    if down == time { down } else { down + TimeDelta::milliseconds(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Reason, ReasonType};

    const WHOLE: Window = Window { after: None, before: None, page: 0, size: 100 };

    fn requests() -> Requests {
        Requests::new("https://acme.example").unwrap()
    }

    fn time(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn sent(operation: &Operation, id: Option<&str>) -> (String, Value) {
        let request = requests().operation("p1", operation, id).unwrap();
        let body = serde_json::from_slice(&request.body.unwrap().bytes).unwrap();
        assert_eq!((request.method, request.endpoint), (Method::POST, operation.name()));
        (request.url.path().to_owned(), body)
    }

    #[test]
    fn a_list_is_asked_for_by_keyset() {
        let state = PaymentState::Accepted;
        let url = requests().list(&state, &ConnectorRole::Receiving, &WHOLE).url;
        assert_eq!(
            url.as_str(),
            "https://acme.example/v4/payments?states=ACCEPTED&connector_role=RECEIVING\
             &sort_field=MODIFIED_AT&sort_direction=ASC&page=0&size=100"
        );
        let window = Window {
            after: Some(time("2026-01-02T03:04:05.678901Z")),
            before: Some(time("2026-01-02T03:04:05.678901Z")),
            page: 3,
            size: 7,
        };
        let url = requests().list(&state, &ConnectorRole::Sending, &window).url;
        let asked: Vec<_> =
            url.query_pairs().skip(1).map(|(_, value)| value.into_owned()).collect();
        assert_eq!(
            asked,
            [
                "SENDING",
                "MODIFIED_AT",
                "ASC",
                "MODIFIED_AT",
                "2026-01-02T03:04:05.678Z",
                "2026-01-02T03:04:05.679Z",
                "3",
                "7"
            ]
        );
    }

    #[test]
    fn bounds_have_24_characters_and_lose_nothing() {
        for text in
            ["2026-01-02T03:04:05Z", "2026-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00.1Z"]
        {
            let exact = time(text);
            let (after, before) = (bound(exact), bound(up_to_millis(exact)));
            assert_eq!([after.len(), before.len()], [24, 24]);
            assert!(time(&after) <= exact && exact <= time(&before), "{text}");
        }
        assert_eq!(
            bound(up_to_millis(time("2026-12-31T23:59:59.9991Z"))),
            "2027-01-01T00:00:00.000Z"
        );
        assert_eq!(
            bound(up_to_millis(time("2026-01-01T00:00:00.120Z"))),
            "2026-01-01T00:00:00.120Z"
        );
    }

    #[test]
    fn the_version_stands_in_the_path_once() {
        for base in [
            "https://a.example",
            "https://a.example/",
            "https://a.example/v4",
            "https://a.example/v4/",
        ] {
            let url = Requests::new(base).unwrap().health().url;
            assert_eq!(url.as_str(), "https://a.example/v4/health", "{base}");
        }
        let behind = Requests::new("https://a.example/gateway/").unwrap().health().url;
        assert_eq!(behind.as_str(), "https://a.example/gateway/v4/health");
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        for (id, path) in [
            ("a/../b", "/v4/payments/a%2F..%2Fb"),
            ("x?y#z", "/v4/payments/x%3Fy%23z"),
            ("100%", "/v4/payments/100%25"),
        ] {
            assert_eq!(requests().get(id).unwrap().url.path(), path);
        }
        for id in ["", ".", ".."] {
            let refused = requests().get(id).err();
            assert!(matches!(refused, Some(NetworkError::Refused { status: 404, .. })), "{id}");
        }
    }

    #[test]
    fn each_operation_has_its_path_and_body() {
        let reason = Reason::new(ReasonType::ReceiverDataValidation, "AC03", "no account").unwrap();
        let reasons = json!({ "reasons":
            { "type": "RECEIVER_DATA_VALIDATION", "code": "AC03", "reason": "no account" } });
        let label = json!({ "sub_state": "FORWARDED", "memo": "m" });
        let nothing = json!({ "user_info": {} });
        let (sub_state, memo) = ("FORWARDED".to_owned(), "m".to_owned());
        let cases = [
            (Operation::Lock, "lock", nothing.clone()),
            (Operation::Reject { reason: reason.clone() }, "reject", reasons.clone()),
            (Operation::Fail { reason }, "fail", reasons),
            (
                Operation::RetryAccept { user_info: json!({ "a": 1 }) },
                "retry_accept",
                json!({ "user_info": { "a": 1 } }),
            ),
            (Operation::Settle, "settle", nothing.clone()),
            (Operation::Complete, "complete", nothing),
            (
                Operation::Finalize { sub_state: sub_state.clone(), memo: memo.clone() },
                "finalize",
                label.clone(),
            ),
            (Operation::SubState { sub_state, memo }, "sub_state", label),
        ];
        for (operation, name, body) in cases {
            assert_eq!(sent(&operation, None), (format!("/v4/payments/p1/{name}"), body));
        }
        let (_, body) = sent(&Operation::Lock, Some("ours"));
        assert_eq!(body, json!({ "internal_id": "ours", "user_info": {} }));
    }

    #[test]
    fn labels_are_a_list() {
        let url = requests().labels(Method::PUT, "p1", &["a", "b c"]).unwrap().url;
        assert_eq!(url.as_str(), "https://acme.example/v4/payments/p1/labels?label=a,b+c");
    }
}
