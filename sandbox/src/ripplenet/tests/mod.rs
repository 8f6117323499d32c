//! The network as a client meets it: over HTTP.

mod calls;
mod faults;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::header::{DATE, RETRY_AFTER};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::faults::Reply;
use crate::{Clock, HookAnswer, Phase};

/// 2021-03-03T00:00:00Z in ms.
const START: i64 = 1_614_729_600_000;

/// A sandbox, a clock that the test moves, and a client with a token.
struct Bench {
    sandbox: Sandbox,
    millis: Arc<AtomicI64>,
    http: Client,
    token: String,
}

impl Bench {
    async fn new(options: SandboxOptions) -> Self {
        let millis = Arc::new(AtomicI64::new(START));
        let told = Arc::clone(&millis);
        let clock = Clock::from_fn(move || network::time_of(told.load(Ordering::SeqCst)));
        let sandbox = Sandbox::start(SandboxOptions { clock, ..options }).await.unwrap();
        let mut bench = Self { sandbox, millis, http: crate::test_client(), token: String::new() };
        bench.token = bench.fetch_token().await;
        bench
    }

    async fn plain() -> Self {
        Self::new(SandboxOptions::default()).await
    }

    fn pass(&self, time: Duration) {
        self.millis.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    fn tick(&self) {
        self.sandbox.partner_tick(network::time_of(self.millis.load(Ordering::SeqCst)));
    }

    async fn ask_token(&self) -> Response {
        let body = json!({
            "client_id": self.sandbox.client_id(), "client_secret": self.sandbox.client_secret(),
            "audience": self.sandbox.audience(), "grant_type": "client_credentials",
        });
        let request = self.http.post(self.sandbox.token_url());
        let request = request.header("Content-Type", "application/json").body(body.to_string());
        request.send().await.unwrap()
    }

    async fn fetch_token(&self) -> String {
        let body = self.ask_token().await.text().await.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> reqwest::Result<Response> {
        let mut request = self
            .http
            .request(method, format!("{}/v4{path}", self.sandbox.base_url()))
            .header("Accept", "application/json")
            .header("Authorization", format!("Bearer {}", self.token));
        if !body.is_null() {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        request.send().await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let response = self.send(method, path, body).await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, path, Value::Null).await
    }

    async fn call(&self, id: Uuid, operation: Operation, body: Value) -> (u16, Value) {
        self.ask(Method::POST, &format!("/payments/{id}/{operation}"), body).await
    }
}

fn executed() -> PaymentSpec {
    PaymentSpec { state: PaymentState::Executed, ..PaymentSpec::default() }
}
