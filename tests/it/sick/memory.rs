//! Large payments with a reviewer: what is under way has a bound.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// What the reviewer has in hand at once, in bytes, and the most that it ever had.
#[derive(Default)]
struct UnderWay {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A service that holds everything for a century.
fn reviewer(world: &World, under_way: &Arc<UnderWay>) -> String {
    let under_way = Arc::clone(under_way);
    world.wait(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let hold = move |request: Request| {
            let under_way = Arc::clone(&under_way);
            async move {
                let body = axum::body::to_bytes(request.into_body(), 8 << 20).await.unwrap();
                let now = under_way.now.fetch_add(body.len(), Ordering::SeqCst) + body.len();
                under_way.most.fetch_max(now, Ordering::SeqCst);
                // Whoever would ask about more at once has every chance to.
                for _ in 0..1_000 {
                    tokio::task::yield_now().await;
                }
                under_way.now.fetch_sub(body.len(), Ordering::SeqCst);
                r#"{"decision":"hold","until":"2126-01-31T09:00:00Z"}"#
            }
        };
        tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(hold)).await.unwrap();
        });
        base
    })
}

/// A program that does the same.
fn program(world: &World) -> String {
    let path = world.folder.path().join("review");
    let text = "#!/bin/sh\ncat >/dev/null\necho '{\"decision\":\"hold\",\"until\":\"2126-01-31T09:00:00Z\"}'\n";
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    format!("pollers.accepted.review.command=[\"{}\"]", path.display())
}

#[test]
fn eight_payments_of_two_megabytes_and_a_service() {
    let under_way = Arc::default();
    eight_payments_of_two_megabytes("http", |world| {
        format!("pollers.accepted.review.url={}", reviewer(world, &under_way))
    });
    let most = under_way.most.load(Ordering::SeqCst);
    assert!(most >= 2_000_000, "{most}: they are large");
    assert!(most <= 9_000_000, "{most} bytes at once");
}

#[test]
fn eight_payments_of_two_megabytes_and_a_program() {
    eight_payments_of_two_megabytes("command", program);
}

fn eight_payments_of_two_megabytes(mode: &str, reviewer: impl Fn(&World) -> String) {
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
    let (mode, reviewer) = (format!("pollers.accepted.review.mode={mode}"), reviewer(&world));
    let sets = [mode.as_str(), reviewer.as_str()];
    // Who looks into a database finds one.
    world.once("completed", &[]).expect(0);
    let daemon = world.start("accepted", &sets);
    until_true("all to be held", || world.count("payments WHERE review = 'held'") == 9);
    let most = most_memory(daemon.pid());
    assert!(most < 200, "{most} MB");
    daemon.signal("TERM");
    daemon.ended().expect(0);
}
