//! Access tokens: in memory only, fetched early, and by one caller at a time.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::HeaderValue;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use super::wire;
use crate::engine::later;
use crate::http::{Body, Call, Http, Received, Request, Stop, object};
use crate::networks::NetworkError;

/// A token whose lifetime the network does not tell is not kept for longer.
const LIFETIME_UNTOLD: Duration = Duration::from_secs(300);
/// A token that is told to end sooner is used for so long: asking for one before each request would be worse.
const LIFETIME_MIN: Duration = Duration::from_secs(30);
/// No lifetime is believed beyond this.
const LIFETIME_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// What the token endpoint is shown.
pub(super) struct Credentials {
    pub(super) token_url: Url,
    pub(super) audience: String,
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
}

/// A token in use.
#[derive(Clone)]
pub(super) struct Token {
    /// `Bearer …`, marked as sensitive.
    pub(super) header: HeaderValue,
    /// Tells this token from the next one.
    pub(super) serial: u64,
    renew_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// The one token of a network.
pub(super) struct Tokens {
    credentials: Credentials,
    state: Mutex<State>,
    /// Fetches that have ended. Read before the lock, it tells who was already waiting when one ended.
    fetches: AtomicU64,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// The error of the last fetch, if it failed.
    failed: Option<NetworkError>,
}

#[derive(Serialize)]
struct Ask<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    audience: &'a str,
    grant_type: &'static str,
}

#[derive(Deserialize)]
struct Grant<'a> {
    #[serde(borrow)]
    access_token: Option<&'a RawValue>,
    expires_in: Option<&'a RawValue>,
}

impl Tokens {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, state: Mutex::default(), fetches: AtomicU64::new(0) }
    }

    /// The token to use now. `refused` is the serial of one that the network has just answered with a 401.
    ///
    /// Whoever comes first fetches, the others wait for it and share what it got, error or token.
    pub(super) async fn get(
        &self,
        http: &Http,
        refused: Option<u64>,
    ) -> Result<Token, NetworkError> {
        let ended_before = self.fetches.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|token| Some(token.serial) == refused) {
            state.token = None;
        }
        let now = http.clock.now();
        if let Some(token) = state.token.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.clone());
        }
        let ended = self.fetches.load(Ordering::Acquire);
        if let Some(error) = state.failed.as_ref().filter(|_| ended > ended_before) {
            return Err(error.clone());
        }
        let fetched = self.fetch(http, ended + 1).await;
        self.fetches.store(ended + 1, Ordering::Release);
        let fetched = fetched.or_else(|error| keep(state.token.take(), error, http.clock.now()));
        state.token = fetched.as_ref().ok().cloned();
        state.failed = fetched.as_ref().err().cloned();
        fetched
    }

    /// Drops the token with this serial, if it is still in use.
    pub(super) async fn forget(&self, serial: u64) {
        let mut state = self.state.lock().await;
        if state.token.as_ref().is_some_and(|token| token.serial == serial) {
            state.token = None;
        }
    }

    async fn fetch(&self, http: &Http, serial: u64) -> Result<Token, NetworkError> {
        let Credentials { token_url, audience, client_id, client_secret } = &self.credentials;
        let client_secret = client_secret.expose_secret();
        let ask = Ask { client_id, client_secret, audience, grant_type: "client_credentials" };
        let body = serde_json::to_vec(&ask)
            .map_err(|error| NetworkError::Options(format!("the credentials: {error}")))?;
        let request = Request {
            body: Some(Body::json(body)),
            ..Request::new("token", Method::POST, token_url.clone()).general()
        };
        let read = |received: &Received| read(&received.body, http.clock.now(), serial);
        http.run(Call::Token, &request, None, &read).await.map_err(Stop::into_error)
    }
}

/// After a failed early fetch: the old token, as long as it lasts and it was not the credentials that were refused.
fn keep(
    token: Option<Token>,
    error: NetworkError,
    now: DateTime<Utc>,
) -> Result<Token, NetworkError> {
    let transient = match error {
        NetworkError::Unavailable(_)
        | NetworkError::Unreadable(_)
        | NetworkError::TooLarge { .. } => true,
        NetworkError::Options(_)
        | NetworkError::Credentials(_)
        | NetworkError::Forbidden(_)
        | NetworkError::Refused { .. } => false,
    };
    match token {
        Some(token) if transient && now < token.expires_at => {
            let renew_at = now + (token.expires_at - now) / 2;
            Ok(Token { renew_at, ..token })
        }
        Some(_) | None => Err(error),
    }
}

/// Reads the token endpoint's good answer. Its errors never quote it.
pub(super) fn read(body: &[u8], now: DateTime<Utc>, serial: u64) -> Result<Token, String> {
    let grant: Grant<'_> =
        object(body).map_err(|_| "the token endpoint's answer is not a JSON object")?;
    let token = grant
        .access_token
        .and_then(|raw| serde_json::from_str::<String>(raw.get()).ok())
        .filter(|token| !token.is_empty())
        .ok_or("the token endpoint's answer holds no token")?;
    let mut header = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| "the token cannot be sent in a header")?;
    header.set_sensitive(true);
    let told = wire::count(grant.expires_in).map(Duration::from_secs);
    if let Some(told) = told.filter(|told| *told < LIFETIME_MIN) {
        tracing::warn!(
            expires_in = told.as_secs(),
            used_for = LIFETIME_MIN.as_secs(),
            "the token endpoint gives tokens that end at once: they are used for longer, until they are refused"
        );
    }
    let lifetime = told.unwrap_or(LIFETIME_UNTOLD).clamp(LIFETIME_MIN, LIFETIME_MAX);
    let jitter = RandomState::new().hash_one(serial);
    Ok(Token {
        header,
        serial,
        renew_at: later(now, renew_after(lifetime, jitter)),
        expires_at: later(now, lifetime),
    })
}

/// When to fetch the next token: after four fifths of the lifetime, or a minute before its end if that is earlier, but
/// never in its first half; less up to a tenth, by `jitter`, so that daemons started together drift apart.
fn renew_after(lifetime: Duration, jitter: u64) -> Duration {
    let early = std::cmp::min(lifetime / 5 * 4, lifetime.saturating_sub(Duration::from_secs(60)));
    let base = std::cmp::max(early, lifetime / 2);
    let percent = u32::try_from(jitter % 11).unwrap_or(0);
    base - base / 100 * percent
}

/// Asserts that a token is used for a while, renewed before its end, and not kept for ever.
#[cfg(any(test, fuzzing))]
pub(super) fn assert_life(token: &Token, now: DateTime<Utc>) {
    let life = (token.expires_at - now).to_std();
    assert!(life.is_ok_and(|life| (LIFETIME_MIN..=LIFETIME_MAX).contains(&life)));
    assert!(now < token.renew_at && token.renew_at <= token.expires_at);
    assert!(token.header.is_sensitive());
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_token_is_renewed_early_but_not_in_its_first_half() {
        assert_eq!(renew_after(s(3600), 0), s(2880));
        assert_eq!(renew_after(s(300), 0), s(240));
        assert_eq!(renew_after(s(200), 0), s(140));
        assert_eq!(renew_after(s(61), 0), Duration::from_millis(30_500));
        assert_eq!(renew_after(s(2), 0), s(1));
        assert_eq!(renew_after(s(0), 7), s(0));
        assert_eq!(renew_after(s(3600), 10), s(2880 - 288));
        for jitter in [0, 1, 10, 11, u64::MAX] {
            let after = renew_after(s(3600), jitter);
            assert!(after <= s(2880) && after >= s(2592), "{after:?}");
        }
    }

    #[test]
    fn a_grant_is_read_leniently() {
        for body in [
            r#"{"access_token":"abc","expires_in":100,"token_type":"Bearer","scope":"x"}"#,
            r#"{"access_token":"abc","expires_in":"100"}"#,
        ] {
            let token = read(body.as_bytes(), at(0), 1).unwrap();
            assert_eq!(token.header.to_str().unwrap(), "Bearer abc");
            assert_eq!(token.expires_at, at(100));
        }
        for lifetime in ["", ",\"expires_in\":null", ",\"expires_in\":-5", ",\"expires_in\":[]"] {
            let body = format!(r#"{{"access_token":"abc"{lifetime}}}"#);
            assert_eq!(read(body.as_bytes(), at(0), 1).unwrap().expires_at, at(300));
        }
        for short in ["0", "\"0\"", "1", "29"] {
            let body = format!(r#"{{"access_token":"abc","expires_in":{short}}}"#);
            assert_eq!(read(body.as_bytes(), at(0), 1).unwrap().expires_at, at(30));
        }
        let forever = br#"{"access_token":"abc","expires_in":18446744073709551615}"#;
        assert_eq!(read(forever, at(0), 1).unwrap().expires_at, at(30 * 24 * 3600));
    }

    #[test]
    fn what_is_no_grant_is_not_quoted() {
        for body in [
            "",
            "s3cret",
            "{}",
            r#"{"access_token":7}"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":"s3cret\n"}"#,
            r#"["s3cret","s3cret"]"#,
            r#"{"access_token":"s3cret","access_token":"s3cret"}"#,
        ] {
            let error = read(body.as_bytes(), at(0), 1).err();
            assert!(error.is_some_and(|error| !error.contains("s3cret")), "{body}");
        }
    }

    #[test]
    fn a_token_is_never_printed() {
        let body = br#"{"access_token":"s3cret","expires_in":100}"#;
        let token = read(body, at(0), 1).unwrap();
        assert!(!format!("{:?}", token.header).contains("s3cret"));
    }

    #[test]
    fn an_old_token_outlives_a_bad_moment_of_the_endpoint() {
        let token = || read(br#"{"access_token":"abc","expires_in":100}"#, at(0), 1).ok();
        let down = || NetworkError::Unavailable("down".to_owned());
        let kept = keep(token(), down(), at(80)).unwrap();
        assert_eq!(kept.renew_at, at(90));
        assert_eq!(keep(token(), down(), at(100)).err(), Some(down()));
        assert_eq!(keep(None, down(), at(80)).err(), Some(down()));
        let refused = || NetworkError::Credentials("no".to_owned());
        assert_eq!(keep(token(), refused(), at(80)).err(), Some(refused()));
    }
}
