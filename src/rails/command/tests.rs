//! Real programs, each of which behaves in one way.

use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::engine::{Arrival, PayoutState, Purpose};

const SHORT: Duration = Duration::from_millis(200);

fn options(program: &str, args: &[&str]) -> CommandRailOptions {
    CommandRailOptions {
        name: "bank".to_owned(),
        program: program.to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        currencies: vec!["USD".to_owned()],
        timeout: Duration::from_secs(20),
        parallel: 4,
        retry: RetryPolicy { max_attempts: 3, max_interval: Duration::from_millis(2) },
    }
}

/// A rail whose program is a shell script. The rail itself knows no shell.
fn script(text: &str) -> CommandRail {
    CommandRail::new(options("sh", &["-c", text]), |_| {}).unwrap()
}

fn hasty(text: &str) -> CommandRail {
    let options = CommandRailOptions { timeout: SHORT, ..options("sh", &["-c", text]) };
    CommandRail::new(options, |_| {}).unwrap()
}

fn payout() -> Payout {
    Payout {
        key: "k1".to_owned(),
        purpose: Purpose::Payout,
        transfer_id: Some("t1".to_owned()),
        refund_id: None,
        incoming_id: None,
        amount: "10.50".parse().unwrap(),
        currency: "USD".to_owned(),
        beneficiary: Some(RawValue::from_string(r#"{"iban":"DE1"}"#.to_owned()).unwrap()),
        subject: Some("thanks".to_owned()),
        attempt: 1,
    }
}

fn asked() -> [PayoutRef; 1] {
    [PayoutRef { key: "k1".to_owned(), reference: None }]
}

fn unknown(outcome: &PayoutOutcome) -> Option<&str> {
    match outcome {
        PayoutOutcome::Unknown { reason } => Some(reason),
        PayoutOutcome::Told(_) | PayoutOutcome::NotSent(_) => None,
    }
}

#[tokio::test]
async fn a_whole_talk_with_a_program_in_python() {
    let program = r#"
import json, sys
ask = json.load(sys.stdin)
call = ask.pop("call")
print(json.dumps({
    "check": {"name": "railpoll-rail", "version": 1, "currencies": ["USD"]},
    "deposits": {"deposits": [{"transfer_id": "t1", "status": "received", "amount": "10.50",
        "reference": json.dumps(ask, sort_keys=True)}]},
    "pay_out": {"status": "initiated", "reference": json.dumps(ask, sort_keys=True)},
    "payouts": {"payouts": [{"key": k, "status": "delivered"} for k in ask.get("keys", [])]},
}[call]))
"#;
    let rail = CommandRail::new(options("python3", &["-c", program]), |_| {}).unwrap();
    rail.check().await.unwrap();
    let expected = ExpectedDeposit {
        transfer_id: "t1".to_owned(),
        subject: Some("A 1".to_owned()),
        amount: None,
        currency: "USD".to_owned(),
        since: chrono::DateTime::from_timestamp(0, 0).unwrap(),
    };
    let arrivals = rail.deposits(&[expected], None).await.unwrap();
    let Arrival::Received { reference: Some(heard), .. } = &arrivals.answers[0].1 else { panic!() };
    let question = json!({ "deposits": [{ "transfer_id": "t1", "subject": "A 1", "amount": null,
        "currency": "USD", "since": "1970-01-01T00:00:00.000000Z" }] });
    assert_eq!(serde_json::from_str::<Value>(heard).unwrap(), question);
    let outcome = rail.pay_out(&payout()).await;
    let PayoutOutcome::Told(PayoutState::Initiated { reference: Some(heard) }) = outcome else {
        panic!()
    };
    let order = json!({ "key": "k1", "purpose": "payout", "transfer_id": "t1", "refund_id": null,
        "incoming_id": null, "amount": "10.50", "currency": "USD", "beneficiary": { "iban": "DE1" }, "subject": "thanks", "attempt": 1 });
    assert_eq!(serde_json::from_str::<Value>(&heard).unwrap(), order);
    let reports = rail.payouts(&asked()).await.unwrap();
    assert!(matches!(reports[0].state, PayoutState::Delivered { .. }));
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_with_all_that_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("alive");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    // The child of the child holds the writing end of the pipe for as long as it lives.
    let text = format!("(exec 3>'{}'; sleep 600) & wait", fifo.display());
    let rail = hasty(&text);
    let reader = fifo.clone();
    let lifetime = std::thread::spawn(move || {
        let mut pipe = std::fs::File::open(reader).unwrap();
        pipe.read_to_end(&mut Vec::new()).unwrap()
    });
    let start = Instant::now();
    let outcome = rail.pay_out(&payout()).await;
    assert!(
        unknown(&outcome).is_some_and(|why| why.contains("did not answer within")),
        "{outcome:?}"
    );
    assert!(start.elapsed() >= SHORT);
    // Ends only when nobody holds the pipe any more.
    assert_eq!(lifetime.join().unwrap(), 0);
}

#[tokio::test]
async fn a_call_that_is_dropped_kills_its_program() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let rail = Arc::new(script(&format!("exec 3>'{}'; sleep 600", fifo.display())));
    let call = tokio::spawn({
        let rail = Arc::clone(&rail);
        async move { rail.pay_out(&payout()).await }
    });
    // Opening waits until the program has opened its end.
    let mut pipe =
        tokio::task::spawn_blocking(move || std::fs::File::open(fifo).unwrap()).await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let rest = tokio::task::spawn_blocking(move || pipe.read_to_end(&mut Vec::new()).unwrap());
    assert_eq!(rest.await.unwrap(), 0);
}

#[tokio::test]
async fn garbage_leaves_it_open() {
    for text in ["true", "echo ok", "echo '[]'", r#"echo '{"status":"fine"}'"#, "printf '\\377'"] {
        let rail = script(text);
        let outcome = rail.pay_out(&payout()).await;
        assert!(unknown(&outcome).is_some(), "{text}: {outcome:?}");
        assert!(matches!(
            rail.check().await,
            Err(RailError::Unreadable(_) | RailError::Options(_))
        ));
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_heard_to_its_end() {
    let rail = script("exec yes");
    let outcome = rail.pay_out(&payout()).await;
    assert!(unknown(&outcome).is_some_and(|why| why.contains("more than")), "{outcome:?}");
    assert!(matches!(rail.payouts(&asked()).await, Err(RailError::Unavailable(_))));
}

#[tokio::test]
async fn exit_75_says_that_nothing_was_done() {
    let rail = script("cat >/dev/null; echo '{\"status\":\"delivered\"}'; exit 75");
    let outcome = rail.pay_out(&payout()).await;
    assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Unavailable(_))), "{outcome:?}");
    assert!(matches!(rail.payouts(&asked()).await, Err(RailError::Unavailable(_))));
}

#[tokio::test]
async fn any_other_end_says_nothing() {
    for (text, why) in [
        ("echo '{\"status\":\"delivered\"}'; exit 1", "exit status: 1"),
        ("kill -9 $$", "signal: 9"),
        ("exit 255", "exit status: 255"),
    ] {
        let outcome = script(text).pay_out(&payout()).await;
        assert!(unknown(&outcome).is_some_and(|reason| reason.contains(why)), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_could_not_be_started_was_not_done() {
    for program in ["/nonexistent/bank", "/", "/etc/passwd"] {
        let rail = CommandRail::new(options(program, &[]), |_| {}).unwrap();
        let outcome = rail.pay_out(&payout()).await;
        assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Options(_))), "{outcome:?}");
        assert!(matches!(rail.check().await, Err(RailError::Options(_))));
    }
    assert!(matches!(CommandRail::new(options("", &[]), |_| {}), Err(RailError::Options(_))));
}

#[tokio::test]
async fn arguments_are_not_read_by_a_shell() {
    let text = r#"{"status":"initiated","reference":"$HOME `id` ; x"}"#;
    let rail = CommandRail::new(options("printf", &["%s", text]), |_| {}).unwrap();
    let outcome = rail.pay_out(&payout()).await;
    assert!(matches!(outcome, PayoutOutcome::Told(PayoutState::Initiated { reference: Some(r) })
        if r == "$HOME `id` ; x"));
}

#[tokio::test]
async fn questions_are_asked_again_and_orders_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let text = "cd \"$0\"; echo x >>runs; test $(wc -l <runs) -lt 3 && exit 1; \
        echo '{\"payouts\":[{\"key\":\"k1\",\"status\":\"delivered\"}]}'";
    let seen = Arc::new(Mutex::new(Vec::new()));
    let runs = Arc::clone(&seen);
    let options = options("sh", &["-c", text, dir.path().to_str().unwrap()]);
    let rail = CommandRail::new(options, move |seen| {
        runs.lock().unwrap().push((seen.endpoint, seen.status));
    })
    .unwrap();
    assert!(unknown(&rail.pay_out(&payout()).await).is_some());
    assert!(rail.payouts(&asked()).await.is_ok());
    let expected = [("pay_out", Some(1)), ("payouts", Some(1)), ("payouts", Some(0))];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn no_more_run_at_once_than_are_allowed() {
    let dir = tempfile::tempdir().unwrap();
    // `mkdir` fails if another run is under way.
    let text = "cd \"$0\"; mkdir busy || exit 1; cat >/dev/null; rmdir busy; \
        echo '{\"status\":\"initiated\"}'";
    let options = CommandRailOptions {
        parallel: 1,
        ..options("sh", &["-c", text, dir.path().to_str().unwrap()])
    };
    let rail = CommandRail::new(options, |_| {}).unwrap();
    let payouts: Vec<_> = (0..8).map(|_| payout()).collect();
    let all = futures_util::future::join_all(payouts.iter().map(|one| rail.pay_out(one))).await;
    assert!(all.iter().all(|outcome| matches!(outcome, PayoutOutcome::Told(_))), "{all:?}");
}
