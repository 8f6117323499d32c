//! Large payments with a reviewer: what is under way has a bound.

use std::fs;

use axum::Router;
use axum::extract::Request;
use railpoll_sandbox::{PaymentSpec, PaymentState, Role};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::databases::Kind;
use crate::support::world::{World, until_true};

/// The most memory that a process has had, in MB.
fn most_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// A service that holds everything for a century.
fn reviewer(world: &World) -> String {
    world.wait(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let hold = async |request: Request| {
            axum::body::to_bytes(request.into_body(), 8 << 20).await.unwrap();
            r#"{"decision":"hold","until":"2126-01-31T09:00:00Z"}"#
        };
        tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(hold)).await.unwrap();
        });
        base
    })
}

#[test]
fn eight_payments_of_two_megabytes() {
    let world = World::new(Kind::Sqlite);
    let model = world.sandbox.add_payments(1, &PaymentSpec::default())[0];
    let now = railpoll::engine::Clock::system().now();
    // Many small values: a tree of them would need many times as much.
    let attachment = format!("[{}1]", "1,".repeat(1_000_000));
    for _ in 0..8 {
        let text = world.sandbox.document(model).unwrap();
        let mut row: Value = serde_json::from_str(&text).unwrap();
        row["payment_id"] = "$payment_id".into();
        row["modified_at"] = "$modified_at".into();
        let row = row.to_string().replacen('{', &format!("{{\"attachment\":{attachment},"), 1);
        world.sandbox.add_raw_row(PaymentState::Accepted, Role::Receiving, now, &row);
    }
    let url = format!("pollers.accepted.review.url={}", reviewer(&world));
    let sets = ["pollers.accepted.review.mode=http", url.as_str()];
    // Who looks into a database finds one.
    world.once("completed", &[]).expect(0);
    let daemon = world.start("accepted", &sets);
    until_true("all to be held", || world.count("payments WHERE review = 'held'") == 9);
    let most = most_memory(daemon.pid());
    assert!(most < 200, "{most} MB");
    daemon.signal("TERM");
    daemon.ended().expect(0);
}
