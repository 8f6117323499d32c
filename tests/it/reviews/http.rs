//! A service decides.

use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::response::IntoResponse as _;
use chrono::TimeDelta;
use railpoll_sandbox::{Operation, PaymentSpec, PaymentState};
use serde_json::{Value, json};

use super::service::{Reply, Service, ok, status};
use super::{expect_held, expect_locked, expect_times, holds, let_the_hold_pass, offer, until_in};
use crate::support::databases::Kind;
use crate::support::world::{World, finish};

const APPROVE: &str = r#"{"decision":"approve"}"#;

/// Something that is not a decision.
type Failure = fn() -> Reply;

#[test]
fn an_approval_is_carried_out() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    let service = Service::start(&world, |_, _| ok(APPROVE));
    service.sweep(&world);
    service.sweep(&world);
    expect_locked(&world, id);
    let asked = service.asked();
    assert_eq!(asked.len(), 1, "one that is decided is not asked about again");
    let question = &asked[0];
    assert_eq!(question.path, "/review");
    assert_eq!(question.headers["content-type"], "application/json");
    let body = &question.body;
    assert_eq!(body["network"], "acme");
    assert_eq!(body["payment_id"], id.to_string());
    assert_eq!(body["state"], "ACCEPTED");
    assert!(body["amount"].is_string() && body["currency"].is_string(), "{body}");
    assert!(body["user_info"]["Cdtr"]["Nm"].is_string(), "{body}");
    assert_eq!(body["document"]["payment_id"], id.to_string());
    assert!(body["expires_at"].is_string(), "{body}");
    assert_eq!(world.texts("SELECT decided_by FROM reviews"), ["http"]);
}

#[test]
fn a_decline_carries_its_code_and_reason() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    let decline = r#"{"decision":"decline","code":"AC04","reason":"the account is closed"}"#;
    let service = Service::start(&world, move |_, _| ok(decline));
    service.sweep(&world);
    assert_eq!(world.sandbox.accepted_calls(id, Operation::Reject), 1);
    let document = world.sandbox.document(id).unwrap();
    for part in ["\"AC04\"", "\"the account is closed\"", "\"RECEIVER_DATA_VALIDATION\""] {
        assert!(document.contains(part), "no {part} in {document}");
    }
}

#[test]
fn a_hold_is_kept_until_its_time() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    let until = "2126-01-31T09:00:00Z";
    let hold = json!({"decision": "hold", "until": until, "reason": "in the queue"});
    let service = Service::start(&world, move |n, _| match n {
        0 => ok(hold.to_string()),
        _ => ok(APPROVE),
    });
    for _ in 0..2 {
        service.sweep(&world);
        expect_held(&world, id);
        assert_eq!(service.asked().len(), 1);
    }
    assert_eq!(world.texts("SELECT not_before FROM payments"), ["2126-01-31T09:00:00.000000Z"]);
    assert_eq!(world.texts("SELECT reason FROM reviews"), ["in the queue"]);
    let_the_hold_pass(&world);
    service.sweep(&world);
    expect_locked(&world, id);
}

#[test]
fn a_daemon_asks_again_once_the_time_has_passed() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    let clock = railpoll::engine::Clock::system();
    let service = Service::start(&world, move |n, _| {
        if n > 0 {
            return ok(APPROVE);
        }
        let until = clock.now() + TimeDelta::milliseconds(700);
        ok(json!({"decision": "hold", "until": until.to_rfc3339()}).to_string())
    });
    let url = format!("pollers.accepted.review.url={}", service.base);
    let _daemon = world.start("accepted", &["pollers.accepted.review.mode=http", &url]);
    until_in(&world, id, PaymentState::Locked);
    assert_eq!(service.asked().len(), 2);
    let held = holds(&world, id);
    assert_eq!(held.len(), 1);
    expect_locked(&world, id);
}

#[test]
fn a_failed_review_is_a_hold_that_grows_and_never_an_approval() {
    let failures: [(&str, Failure, &str); 9] = [
        ("an error", || status(500, APPROVE), "500"),
        ("another success", || status(202, APPROVE), "202"),
        ("no content", || status(204, ""), "204"),
        ("silence", || Reply::Silence, "did not answer"),
        ("a web page", || ok("<html>approve</html>"), "not a decision"),
        ("another word", || ok(r#"{"decision":"approved"}"#), "not a decision"),
        ("more than a decision", || ok(r#"{"decision":"approve","if":"paid"}"#), "not a decision"),
        ("half an answer", || ok(r#"{"decision":"approve""#), "not a decision"),
        ("too much", || ok(format!("{APPROVE}{}", " ".repeat(70_000))), "more than 65536 bytes"),
    ];
    for (name, failure, why) in failures {
        let world = World::new(Kind::Sqlite);
        let id = offer(&world);
        let service = Service::start(&world, move |n, _| match n {
            0..3 => failure(),
            _ => ok(APPROVE),
        });
        for failed in 1..=3 {
            service.sweep(&world);
            expect_held(&world, id);
            // Not before its time.
            service.sweep(&world);
            assert_eq!(service.asked().len(), failed, "{name}");
            let_the_hold_pass(&world);
        }
        let held = holds(&world, id);
        expect_times(name, &held, &[10, 20, 40]);
        for (_, reason) in held {
            assert!(reason.starts_with("http: no decision: "), "{name}: {reason}");
            assert!(reason.contains(why), "{name}: {reason}");
        }
        service.sweep(&world);
        expect_locked(&world, id);
        let asked = service.asked();
        let keys: Vec<_> = asked.iter().map(|asked| &asked.headers["idempotency-key"]).collect();
        assert_eq!(keys, [keys[0]; 4], "{name}: the same question has the same key");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    let service = Service::start(&world, |_, asked| match asked.path.as_str() {
        "/review" => Reply::Answer(
            (axum::http::StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/other")]).into_response(),
        ),
        _ => ok(APPROVE),
    });
    service.sweep(&world);
    expect_held(&world, id);
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn a_service_that_is_away_holds_each_payment_alone() {
    let world = World::new(Kind::Sqlite);
    let ids = world.sandbox.add_payments(3, &PaymentSpec::default());
    let broken = ids[1].to_string();
    let service = Service::start(&world, move |_, asked| {
        if asked.body["payment_id"] == *broken { status(503, "") } else { ok(APPROVE) }
    });
    service.sweep(&world);
    let locked = |id| world.sandbox.accepted_calls(id, Operation::Lock);
    assert_eq!([locked(ids[0]), locked(ids[1]), locked(ids[2])], [1, 0, 1]);
}

#[test]
fn a_service_that_asks_to_be_left_alone_is() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(20, &PaymentSpec::default());
    let service = Service::start(&world, |n, _| match n {
        0 => Reply::Answer(
            (axum::http::StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "600")]).into_response(),
        ),
        _ => ok(APPROVE),
    });
    // Eight are asked about at once. Whoever is not yet is not.
    service.sweep(&world);
    let asked = service.asked().len();
    assert!(asked < 20, "{asked}");
    assert_eq!(world.count("payments WHERE review = 'held'"), 21 - asked);
    // Nor is anything by the next process, until it is over.
    for turn in ["heeded", "over"] {
        world.sql("UPDATE known_payments SET not_before = recorded_at WHERE review = 'held'");
        service.sweep(&world);
        if turn == "heeded" {
            assert_eq!(service.asked().len(), asked);
            world.sql("DELETE FROM put_off");
        }
    }
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 20);
}

#[test]
fn another_version_of_a_payment_is_another_question() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    let service = Service::start(&world, |_, _| status(500, ""));
    service.sweep(&world);
    world.sandbox.change_amount(id, "77.000000000");
    let_the_hold_pass(&world);
    service.sweep(&world);
    let asked = service.asked();
    let key = |n: usize| asked[n].headers["idempotency-key"].clone();
    let amount = |n: usize| -> Value { asked[n].body["amount"].clone() };
    assert_eq!(asked.len(), 2);
    assert_ne!(amount(0), amount(1));
    assert_ne!(key(0), key(1));
}

#[test]
fn no_proxy_sees_what_is_asked_on_loopback_nor_answers_it() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    let service = Service::start(&world, |_, _| ok(r#"{"decision":"hold","reason":"ours"}"#));
    let proxy = Service::start(&world, |_, _| ok(APPROVE));
    let url = format!("pollers.accepted.review.url={}/review", service.base);
    let mut command = world.poller("accepted", &["pollers.accepted.review.mode=http", &url]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, &proxy.base);
    }
    finish(&mut command).expect(0);
    assert_eq!(service.asked().len(), 1);
    assert_eq!(proxy.asked().len(), 0);
    expect_held(&world, id);
}
