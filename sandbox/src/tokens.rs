//! The token endpoint: OAuth client credentials, strict, with tokens that really expire.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;

use super::body::object;
use super::random::scramble;

/// Who may ask for tokens, and for how long one is good.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) audience: String,
}

/// What is asked of the token endpoint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    client_id: String,
    client_secret: String,
    audience: String,
    grant_type: String,
}

/// An answer of the token endpoint.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenAnswer {
    pub(super) status: u16,
    pub(super) body: String,
    /// What the client did wrong, where no correct client would.
    pub(super) violation: Option<String>,
}

/// What a request's `Authorization` is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    Good,
    /// It was given out, or looks like it, and is not good any more.
    Stale,
    /// There is none, or it is not a bearer token.
    Missing,
}

/// The tokens given out.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) client: Client,
    /// In ms.
    pub(super) lifetime: i64,
    /// Answer every request with this status.
    pub(super) refuse: Option<u16>,
    good_until: HashMap<String, i64>,
    issued: u64,
    seed: u64,
}

impl Tokens {
    pub(super) fn new(client: Client, lifetime: i64, seed: u64) -> Self {
        Self { client, lifetime, refuse: None, good_until: HashMap::new(), issued: 0, seed }
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued
    }

    /// The tokens that are good, or were until their time passed.
    pub(super) fn given(&self) -> Vec<String> {
        self.good_until.keys().cloned().collect()
    }

    /// Makes every token bad.
    pub(super) fn revoke(&mut self) {
        self.good_until.clear();
    }

    /// Judges the header of a request at the time `now` (ms).
    pub(super) fn check(&self, authorization: Option<&str>, now: i64) -> Bearer {
        let Some(token) = authorization.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Bearer::Missing;
        };
        match self.good_until.get(token) {
            Some(until) if now < *until => Bearer::Good,
            Some(_) | None => Bearer::Stale,
        }
    }

    /// Answers a request for a token at the time `now` (ms).
    pub(super) fn ask(&mut self, content_type: &str, body: &[u8], now: i64) -> TokenAnswer {
        if let Some(status) = self.refuse {
            return refused(status, "access_denied", "Unauthorized", false);
        }
        match self.judge(content_type, body) {
            Ok(()) => self.issue(now),
            Err(answer) => answer,
        }
    }

    fn judge(&self, content_type: &str, body: &[u8]) -> Result<(), TokenAnswer> {
        let malformed = |what: &str| refused(400, "invalid_request", what, true);
        if !content_type.starts_with("application/json") {
            return Err(malformed("Content-Type must be application/json"));
        }
        let asked: Asked = object(body).map_err(|error| malformed(&error))?;
        if asked.grant_type != "client_credentials" {
            return Err(refused(400, "unsupported_grant_type", "Unknown grant_type", true));
        }
        let (id, secret, audience) =
            (asked.client_id.as_str(), asked.client_secret.as_str(), asked.audience.as_str());
        if (id, secret) != (self.client.id.as_str(), self.client.secret.as_str()) {
            return Err(refused(401, "access_denied", "Unauthorized", false));
        }
        if audience != self.client.audience {
            let text = format!("Service not enabled within domain: {audience}");
            return Err(refused(403, "access_denied", &text, false));
        }
        Ok(())
    }

    fn issue(&mut self, now: i64) -> TokenAnswer {
        self.good_until.retain(|_, until| now < *until);
        self.issued += 1;
        let first = scramble(self.seed ^ self.issued);
        let mut token = format!("{}.{first:016x}", self.issued);
        // The length of a token is not fixed, and clients are warned not to rely on it.
        for part in 0..first % 40 {
            token.push_str(&format!("{:016x}", scramble(first ^ (part + 1))));
        }
        self.good_until.insert(token.clone(), now.saturating_add(self.lifetime));
        let body = json!({
            "access_token": token,
            "scope": "payments:read payments:write",
            "expires_in": self.lifetime / 1000,
            "token_type": "Bearer",
        });
        TokenAnswer { status: 200, body: body.to_string(), violation: None }
    }
}

/// OAuth's own error shape, which is not the API's.
fn refused(status: u16, error: &str, description: &str, violation: bool) -> TokenAnswer {
    TokenAnswer {
        status,
        body: json!({"error": error, "error_description": description}).to_string(),
        violation: violation.then(|| format!("token: {description}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn tokens() -> Tokens {
        let client =
            Client { id: "id".to_owned(), secret: "s".to_owned(), audience: "aud".to_owned() };
        Tokens::new(client, 60_000, 1)
    }

    fn request() -> Value {
        json!({"client_id": "id", "client_secret": "s", "audience": "aud",
               "grant_type": "client_credentials"})
    }

    fn ask(tokens: &mut Tokens, body: &Value) -> TokenAnswer {
        tokens.ask("application/json", body.to_string().as_bytes(), 1_000)
    }

    #[test]
    fn a_token_is_good_until_it_expires_or_is_revoked() {
        let mut tokens = tokens();
        let answer = ask(&mut tokens, &request());
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["expires_in"], 60);
        let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
        assert_eq!(tokens.check(Some(&bearer), 60_999), Bearer::Good);
        assert_eq!(tokens.check(Some(&bearer), 61_000), Bearer::Stale);
        tokens.revoke();
        assert_eq!(tokens.check(Some(&bearer), 2_000), Bearer::Stale);
        assert_eq!(tokens.check(None, 2_000), Bearer::Missing);
        assert_eq!(tokens.check(Some("Basic eA=="), 2_000), Bearer::Missing);
    }

    #[test]
    fn every_wrong_request_is_refused_as_documented() {
        let mut tokens = tokens();
        for (field, value, status) in [
            ("client_secret", json!("wrong"), 401),
            ("client_id", json!("wrong"), 401),
            ("audience", json!("wrong"), 403),
            ("grant_type", json!("password"), 400),
            ("audience", Value::Null, 400),
            ("scope", json!("all"), 400),
        ] {
            let mut body = request();
            body[field] = value;
            let answer = ask(&mut tokens, &body);
            assert_eq!(answer.status, status, "{field}");
            assert_eq!(answer.violation.is_some(), status == 400, "{field}");
            assert!(answer.body.contains("error_description"));
        }
        let form = tokens.ask("application/x-www-form-urlencoded", b"client_id=id", 0);
        assert_eq!(form.status, 400);
        assert_eq!(tokens.issued(), 0);
    }

    #[test]
    fn it_can_be_told_to_refuse() {
        let mut tokens = tokens();
        tokens.refuse = Some(403);
        assert_eq!(ask(&mut tokens, &request()).status, 403);
    }
}
