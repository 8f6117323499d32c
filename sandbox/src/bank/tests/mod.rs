//! The bank as a client meets it: over HTTP.

mod contract;
mod faults;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use chrono::DateTime;
use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::signature::Secret;
use super::*;
use crate::Clock;
use crate::faults::{FaultRates, Reply};

/// 2026-01-01T00:00:00Z in seconds.
const START: i64 = 1_767_225_600;

/// A bank, a clock that the test moves, and a client that signs.
struct Bench {
    bank: Bank,
    seconds: Arc<AtomicI64>,
    http: Client,
    secret: Secret,
}

impl Bench {
    async fn new(options: BankOptions) -> Self {
        let seconds = Arc::new(AtomicI64::new(START));
        let told = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || {
            DateTime::from_timestamp(told.load(Ordering::SeqCst), 0).unwrap_or_default()
        });
        let bank = Bank::start(BankOptions { clock, ..options }).await.unwrap();
        let text = bank.secret();
        let bytes = BASE64.decode(text.strip_prefix("whsec_").unwrap()).unwrap();
        let secret = Secret::new(bytes.try_into().unwrap());
        Self { bank, seconds, http: crate::test_client(), secret }
    }

    async fn plain() -> Self {
        Self::new(BankOptions::default()).await
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A signed request with these bytes, and the key that they name.
    fn request(&self, path: &str, body: &str) -> reqwest::RequestBuilder {
        let at = self.seconds.load(Ordering::SeqCst);
        let signature = self.secret.sign("msg_1", at, body.as_bytes()).unwrap();
        let url = format!("{}{path}", self.bank.url());
        let request = if body.is_empty() {
            self.http.get(url)
        } else {
            self.http.post(url).body(body.to_owned())
        };
        let request = request
            .header("content-type", "application/json")
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature);
        match serde_json::from_str::<Value>(body)
            .ok()
            .and_then(|body| body["key"].as_str().map(str::to_owned))
        {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }

    async fn send(&self, path: &str, body: &Value) -> reqwest::Result<Response> {
        self.request(path, &body.to_string()).send().await
    }

    async fn ask(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.send(path, body).await.unwrap()).await
    }

    async fn pay(&self, body: &Value) -> (u16, Value) {
        self.ask("payouts", body).await
    }

    /// What a lookup of one key tells.
    async fn look_up(&self, key: &str) -> Value {
        let (status, body) = self.ask("payouts/lookup", &json!({ "keys": [key] })).await;
        assert_eq!(status, 200, "{body}");
        body["payouts"][0].clone()
    }

    /// What a lookup of one deposit tells.
    async fn deposit(&self, id: &str, subject: &str) -> Value {
        let (status, body) = self.ask("deposits/lookup", &expected(id, subject)).await;
        assert_eq!(status, 200, "{body}");
        body["deposits"][0].clone()
    }
}

async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

fn payout(key: &str, id: &str) -> Value {
    json!({
        "key": key, "purpose": "payout", "transfer_id": id, "amount": "12.50", "currency": "USD",
        "beneficiary": {"account": "DE02"}, "subject": "thanks", "attempt": 1,
    })
}

fn expected(id: &str, subject: &str) -> Value {
    json!({ "deposits": [{
        "transfer_id": id, "subject": subject, "amount": "10.00", "currency": "USD",
        "since": "2026-01-01T00:00:00Z",
    }] })
}
