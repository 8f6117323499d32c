//! The gateway as a client meets it: over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::DateTime;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::*;
use crate::Clock;
use crate::faults::Reply;

/// 2026-01-01T00:00:00Z in seconds.
const START: i64 = 1_767_225_600;
const KIM: &str = "payto://iban/DE75512108001245126199?receiver-name=Kim";
const LEE: &str = "payto://iban/FR7630006000011234567890189?receiver-name=Lee";

/// A gateway, a clock that the test moves, and a client.
struct Bench {
    gateway: WireGateway,
    seconds: Arc<AtomicI64>,
    http: Client,
}

impl Bench {
    async fn new(options: GatewayOptions) -> Self {
        let seconds = Arc::new(AtomicI64::new(START));
        let told = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || {
            DateTime::from_timestamp(told.load(Ordering::SeqCst), 0).unwrap_or_default()
        });
        let gateway = WireGateway::start(GatewayOptions { clock, ..options }).await.unwrap();
        Self { gateway, seconds, http: crate::test_client() }
    }

    async fn plain() -> Self {
        Self::new(GatewayOptions::default()).await
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    fn request(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.gateway.url()))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.gateway.url()));
        answer(request.body(body.to_string())).await
    }

    /// Orders a transfer, and gives its row.
    async fn order(&self, body: &Value) -> u64 {
        let (status, told) = self.post("transfer", body).await;
        assert_eq!(status, 200, "{told}");
        told["row_id"].as_u64().unwrap()
    }

    async fn status(&self, row_id: u64) -> String {
        let (_, told) = self.get(&format!("transfers/{row_id}")).await;
        told["status"].as_str().unwrap().to_owned()
    }
}

/// The status, and the body; nothing where there is none.
async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
}

fn order(number: u8, metadata: &str) -> Value {
    json!({
        "request_uid": base32::encode(&[number; 64]), "amount": "EUR:12.50",
        "exchange_base_url": "https://exchange.example/", "metadata": metadata,
        "wtid": base32::encode(&[number; 32]), "credit_account": KIM,
    })
}

fn rows(told: &Value, list: &str) -> Vec<u64> {
    told[list].as_array().unwrap().iter().map(|row| row["row_id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_gateway_says_what_it_is() {
    let bench = Bench::plain().await;
    let (status, config) = bench.get("config").await;
    assert_eq!(status, 200);
    assert_eq!(config["name"], "taler-wire-gateway");
    assert_eq!(config["version"], "5:0:4");
    assert_eq!(config["currency"], "EUR");
    let protocol = Protocol { current: 2, revision: 1, age: 0 };
    let old = Bench::new(GatewayOptions { protocol, ..GatewayOptions::default() }).await;
    assert_eq!(old.get("config").await.1["version"], "2:1:0");
    let row_id = old.order(&order(1, "m")).await;
    let (status, told) = old.get(&format!("transfers/{row_id}")).await;
    assert_eq!((status, &told["code"]), (404, &json!(21)), "not in this version");
    assert_eq!(old.gateway.transfer(row_id).unwrap().metadata, None, "unknown in this version");
}

#[tokio::test]
async fn a_transfer_is_carried_out_once_however_often_it_is_ordered() {
    let bench = Bench::plain().await;
    let (status, first) = bench.post("transfer", &order(1, "t-1")).await;
    assert_eq!((status, &first["timestamp"]), (200, &json!({"t_s": START})));
    bench.pass(60);
    assert_eq!(bench.post("transfer", &order(1, "t-1")).await, (200, first.clone()));
    let mut lower = order(1, "t-1");
    lower["wtid"] = json!(lower["wtid"].as_str().unwrap().to_lowercase());
    lower["amount"] = json!("EUR:12.5");
    assert_eq!(bench.post("transfer", &lower).await, (200, first.clone()), "it means the same");
    assert_eq!(bench.gateway.violation_count(), 0);
    for (field, value) in [
        ("amount", json!("EUR:12.51")),
        ("credit_account", json!(LEE)),
        ("metadata", json!("t-2")),
        ("metadata", Value::Null),
        ("wtid", json!(base32::encode(&[2; 32]))),
        ("exchange_base_url", json!("https://other.example/")),
    ] {
        let mut other = order(1, "t-1");
        other[field] = value;
        let (status, told) = bench.post("transfer", &other).await;
        assert_eq!((status, &told["code"]), (409, &json!(5112)), "{field}");
    }
    let mut other = order(1, "t-1");
    other["request_uid"] = json!(base32::encode(&[2; 64]));
    let (status, told) = bench.post("transfer", &other).await;
    assert_eq!((status, &told["code"]), (409, &json!(5154)));
    assert_eq!(bench.gateway.violation_count(), 7);
    let records = bench.gateway.transfers_about("t-1");
    assert_eq!((records.len(), records[0].ordered), (1, 9));
    assert_eq!(bench.gateway.paid()[KIM].to_string(), "12.5");
}

#[tokio::test]
async fn a_transfer_goes_from_stage_to_stage() {
    let bench = Bench::plain().await;
    bench.gateway.set_stages(vec![
        Stage::of(TransferStatus::Pending, 2),
        Stage {
            message: Some("the account is full".to_owned()),
            after: Duration::from_secs(60),
            ..Stage::of(TransferStatus::TransientFailure, 0)
        },
        Stage::of(TransferStatus::Success, 0),
    ]);
    let row_id = bench.order(&order(1, "t-1")).await;
    assert_eq!(bench.status(row_id).await, "pending");
    assert_eq!(bench.status(row_id).await, "pending");
    let (_, told) = bench.get(&format!("transfers/{row_id}")).await;
    assert_eq!(
        told,
        json!({"status": "transient_failure", "status_msg": "the account is full",
               "amount": "EUR:12.5", "exchange_base_url": "https://exchange.example/",
               "metadata": "t-1", "wtid": base32::encode(&[1; 32]), "credit_account": KIM,
               "timestamp": {"t_s": START}})
    );
    bench.pass(60);
    assert_eq!(bench.status(row_id).await, "success");
    assert_eq!(bench.status(row_id).await, "success");
    assert_eq!(bench.get("transfers/1").await.1["code"], 5107);
    assert_eq!(bench.get("transfers/x").await.1["code"], 26);
    assert_eq!(bench.gateway.transfer(row_id).unwrap().looked_up, 5);
}

#[tokio::test]
async fn money_that_does_not_arrive_is_back() {
    let balance = Some("30".to_owned());
    let bench = Bench::new(GatewayOptions { balance, ..GatewayOptions::default() }).await;
    bench.gateway.set_stages_for("bad", vec![Stage::of(TransferStatus::PermanentFailure, 0)]);
    bench.order(&order(1, "good")).await;
    assert_eq!(bench.gateway.transfers_about("good")[0].status, TransferStatus::Success);
    let bad = bench.order(&order(2, "bad")).await;
    assert_eq!(bench.status(bad).await, "permanent_failure");
    let late = bench.order(&order(3, "late")).await;
    assert_eq!(bench.gateway.paid()[KIM].to_string(), "25");
    let (status, told) = bench.post("transfer", &order(4, "more")).await;
    assert_eq!((status, &told["code"]), (409, &json!(5102)), "there are 5 left");
    let failed = TransferStatus::LateFailure;
    assert!(bench.gateway.conclude(late, failed, Some("it came back")));
    assert!(!bench.gateway.conclude(1, failed, None));
    assert_eq!(bench.status(late).await, "late_failure");
    assert_eq!(bench.gateway.paid()[KIM].to_string(), "12.5");
    assert_eq!(bench.post("transfer", &order(4, "more")).await.0, 200);
    assert_eq!(bench.gateway.violation_count(), 0, "no fault of the client's");
}

#[tokio::test]
async fn histories_are_read_by_row_in_both_directions() {
    let bench = Bench::plain().await;
    assert_eq!(bench.get("history/incoming?limit=5").await, (204, Value::Null));
    let mut told = Vec::new();
    for number in 1..=3 {
        let key = bench.gateway.key(number);
        told.push(bench.gateway.receive("EUR:1.5", &key, LEE).unwrap());
    }
    let account = bench.gateway.receive_kycauth("EUR:2", &bench.gateway.key(9), LEE).unwrap();
    let (_, page) = bench.get("history/incoming?limit=2&offset=0").await;
    assert_eq!(rows(&page, "incoming_transactions"), told[..2]);
    assert_eq!(page["credit_account"], bench.gateway.account());
    assert_eq!(
        page["incoming_transactions"][0],
        json!({"type": "RESERVE", "row_id": told[0], "date": {"t_s": START},
               "amount": "EUR:1.5", "debit_account": LEE, "reserve_pub": bench.gateway.key(1)})
    );
    let rest = format!("history/incoming?delta=9&start={}&limit=9&offset={}", told[1], told[1]);
    let (_, page) = bench.get(&rest).await;
    assert_eq!(rows(&page, "incoming_transactions"), [told[2], account]);
    assert_eq!(page["incoming_transactions"][1]["type"], "KYCAUTH");
    assert_eq!(page["incoming_transactions"][1]["account_pub"], bench.gateway.key(9));
    let (_, page) = bench.get("history/incoming").await;
    assert_eq!(rows(&page, "incoming_transactions"), [account, told[2], told[1], told[0]]);
    assert_eq!(bench.gateway.received().to_string(), "6.5");
    let fee = bench.gateway.receive_less_fee("EUR:3", "EUR:0.10", &bench.gateway.key(1), LEE);
    let (_, page) = bench.get(&format!("history/incoming?limit=1&offset={account}")).await;
    assert_eq!(rows(&page, "incoming_transactions"), [fee.unwrap()], "the same key again");
    assert_eq!(page["incoming_transactions"][0]["credit_fee"], "EUR:0.1");
    assert_eq!(bench.gateway.credits().len(), 5);
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_row_or_with_its_time() {
    let bench = Bench::plain().await;
    let poll = "history/incoming?limit=5&timeout_ms=15000";
    let ((status, page), ()) = tokio::join!(bench.get(poll), async {
        let incoming = GatewayEndpoint::Incoming;
        bench.gateway.wait_until(|gateway| gateway.requests_to(incoming) == 1).await;
        bench.gateway.receive("EUR:1", &bench.gateway.key(1), LEE).unwrap();
    });
    assert_eq!((status, rows(&page, "incoming_transactions").len()), (200, 1));
    let last = rows(&page, "incoming_transactions")[0];
    let brief = format!("history/incoming?limit=5&offset={last}&timeout_ms=30");
    assert_eq!(bench.get(&brief).await.0, 204);
    let backwards = "history/incoming?limit=-5&offset=1&timeout_ms=15000";
    assert_eq!(bench.get(backwards).await.0, 204, "only what is to come is waited for");
    bench.gateway.change(|gateway, _| gateway.quirks.empty_lists = true);
    assert_eq!(bench.get(&brief).await, (200, json!({"incoming_transactions": []})));
}

#[tokio::test]
async fn a_long_poll_is_cut_when_the_gateway_goes_down() {
    let bench = Bench::plain().await;
    let poll = bench.request("history/incoming?limit=5&timeout_ms=15000");
    let (ended, ()) = tokio::join!(poll.send(), async {
        let incoming = GatewayEndpoint::Incoming;
        bench.gateway.wait_until(|gateway| gateway.requests_to(incoming) == 1).await;
        bench.gateway.go_down().await;
    });
    assert!(!ended.unwrap_err().is_timeout());
    bench.gateway.come_up().await;
    assert_eq!(bench.get("config").await.0, 200);
}

#[tokio::test]
async fn old_and_new_gateways_know_their_own_names() {
    let options = |names| GatewayOptions { names, ..GatewayOptions::default() };
    for (names, only_new, only_old) in [
        (ParameterNames::Both, 1, 1),
        (ParameterNames::OldOnly, 0, 1),
        (ParameterNames::NewOnly, 1, 2),
    ] {
        let bench = Bench::new(options(names)).await;
        for number in 1..=2 {
            bench.gateway.receive("EUR:1", &bench.gateway.key(number), LEE).unwrap();
        }
        for (query, count) in [("limit=1", only_new), ("delta=1", only_old), ("limit=1&delta=1", 1)]
        {
            let (status, page) = bench.get(&format!("history/incoming?{query}")).await;
            let told = if status == 200 { rows(&page, "incoming_transactions").len() } else { 0 };
            assert_eq!(told, count, "{names:?} {query}");
        }
    }
}

#[tokio::test]
async fn only_those_who_may_are_let_in() {
    let basic = GatewayAuth::Basic { username: "kim".to_owned(), password: "pass".to_owned() };
    let bench = Bench::new(GatewayOptions { auth: basic, ..GatewayOptions::default() }).await;
    assert_eq!(bench.gateway.secret(), "pass");
    assert_eq!(bench.get("config").await.0, 200, "open to everybody");
    let (status, told) = bench.get("history/incoming").await;
    assert_eq!((status, &told["code"]), (401, &json!(40)));
    let known = bench.request("history/incoming").basic_auth("kim", Some("pass"));
    assert_eq!(answer(known).await.0, 204);
    let token = "secret-token:x".to_owned();
    bench.gateway.change(|gateway, _| gateway.auth = GatewayAuth::Bearer { token });
    bench.gateway.change(|gateway, _| gateway.quirks.auth_on_config = true);
    assert_eq!(bench.get("config").await.0, 401);
    let known = bench.request("config").bearer_auth(bench.gateway.secret());
    assert_eq!(answer(known).await.0, 200);
    assert_eq!(bench.gateway.violation_count(), 2);
}

#[tokio::test]
async fn an_account_may_be_missing() {
    let bench = Bench::plain().await;
    bench.gateway.forget_account(KIM);
    let (status, told) = bench.post("transfer", &order(1, "t-1")).await;
    assert_eq!((status, &told["code"]), (409, &json!(5124)));
    assert_eq!(bench.gateway.violation_count(), 0);
}

#[tokio::test]
async fn a_person_can_add_what_comes_in() {
    let bench = Bench::plain().await;
    let key = bench.gateway.key(1);
    let reserve = json!({"amount": "EUR:3", "reserve_pub": key, "debit_account": LEE});
    let (status, told) = bench.post("admin/add-incoming", &reserve).await;
    assert_eq!((status, &told["timestamp"]), (200, &json!({"t_s": START})));
    let (status, told) = bench.post("admin/add-incoming", &reserve).await;
    assert_eq!((status, &told["code"]), (409, &json!(5114)));
    assert_eq!(bench.gateway.credits().len(), 1);
}

#[tokio::test]
async fn what_is_not_in_the_specification_is_refused_and_noted() {
    let bench = Bench::plain().await;
    let with = |field: &str, value: Value| {
        let mut body = order(1, "t-1");
        body[field] = value;
        body
    };
    let bad = [
        (with("amount", json!("12.50")), 26),
        (with("amount", json!("EUR:0")), 26),
        (with("amount", json!("EUR:1.000000001")), 26),
        (with("amount", json!("USD:1")), 30),
        (with("amount", json!(1)), 22),
        (with("request_uid", json!(base32::encode(&[1; 32]))), 26),
        (with("wtid", json!("U".repeat(51))), 26),
        (with("exchange_base_url", json!("https://exchange.example")), 26),
        (with("exchange_base_url", json!("exchange.example/")), 26),
        (with("metadata", json!("a b")), 26),
        (with("metadata", json!("")), 26),
        (with("metadata", json!("x".repeat(41))), 26),
        (with("credit_account", json!("DE75")), 24),
        (with("credit_account", json!("payto://iban/DE75")), 24),
        (with("memo", json!("x")), 22),
        (json!([]), 22),
    ];
    for (body, code) in &bad {
        let (status, told) = bench.post("transfer", body).await;
        assert_eq!((status, &told["code"]), (400, &json!(code)), "{body}");
    }
    for query in ["limit=0", "limit=ten", "page=1", "limit=1&limit=1", "limit=1&delta=2"] {
        let (status, told) = bench.get(&format!("history/incoming?{query}")).await;
        assert_eq!((status, &told["code"]), (400, &json!(26)), "{query}");
    }
    assert_eq!(bench.get("history/outgoing").await.0, 404);
    assert_eq!(bench.get("transfer").await.1["code"], 21);
    assert_eq!(bench.gateway.violation_count(), 23);
    assert_eq!(bench.gateway.transfers(), []);
}

#[tokio::test]
async fn an_answer_can_be_lost_before_and_after_the_transfer_was_made() {
    let bench = Bench::plain().await;
    let replies = [
        (Reply::status(500), 0),
        (Reply::CutBefore, 0),
        (Reply::StatusAfter(502), 1),
        (Reply::CutAfter, 1),
        (Reply::Truncated, 1),
    ];
    for (number, (reply, made)) in (0_u8..).zip(replies) {
        let metadata = format!("t-{number}");
        bench.gateway.script_for(GatewayEndpoint::Transfer, &metadata, 1, reply.clone());
        let body = order(number, &metadata);
        let url = format!("{}transfer", bench.gateway.url());
        let lost = bench.http.post(url).body(body.to_string()).send().await;
        drop(lost);
        assert_eq!(bench.gateway.transfers_about(&metadata).len(), made, "{reply:?}");
        bench.order(&body).await;
        assert_eq!(bench.gateway.transfers_about(&metadata).len(), 1);
    }
    assert_eq!(bench.gateway.transfer_count(), 5);
    assert_eq!(bench.gateway.violation_count(), 0);
}
