//! The pages for whoever watches.

use railpoll_sandbox::PaymentSpec;

use crate::support::databases::Kind;
use crate::support::transfers::Transfers;
use crate::support::web::{ask, free_address, get};
use crate::support::world::{World, finish, until, until_true};

/// Everything that is promised, with the labels that it bears.
const METRICS: [&str; 25] = [
    r#"railpoll_sweeps_total{poller="accepted",place="acme",outcome="complete"} "#,
    r#"railpoll_sweep_duration_seconds_count{poller="accepted",place="acme"} "#,
    r#"railpoll_last_success_timestamp_seconds{poller="accepted",place="acme"} "#,
    r#"railpoll_source_lag_seconds{poller="accepted",place="acme"} "#,
    r#"railpoll_payments_collected_total{poller="accepted",place="acme",change="new"} 2"#,
    r#"railpoll_payments_in_state{poller="accepted",place="acme"} 0"#,
    r#"railpoll_drift{poller="accepted",place="acme"} 0"#,
    r#"railpoll_reconcile_found_total{poller="accepted",place="acme"} 0"#,
    r#"railpoll_quarantined{poller="accepted",place="acme"} 0"#,
    r#"railpoll_operations_total{poller="accepted",place="acme",operation="lock",result="done"} 2"#,
    r#"railpoll_network_requests_total{place="acme",endpoint="list",status="200"} "#,
    r#"railpoll_network_request_duration_seconds_count{place="acme",endpoint="list"} "#,
    r#"railpoll_alert{poller="accepted",place="acme",name="credentials_refused"} 0"#,
    concat!(r#"railpoll_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
    r#"railpoll_lease_held{poller="accepted",place="acme"} 1"#,
    r#"railpoll_sweeps_total{poller="accepted",place="acme",outcome="panicked"} 0"#,
    r#"railpoll_operations_total{poller="accepted",place="acme",operation="lock",result="unknown"} 0"#,
    r#"railpoll_database_errors_total{poller="accepted",place="acme"} 0"#,
    r#"railpoll_reviews_waiting{poller="accepted",place="acme",review="held"} 0"#,
    r#"railpoll_database_held 0"#,
    r#"railpoll_last_reload_successful 1"#,
    r#"process_start_time_seconds 1"#,
    r#"process_resident_memory_bytes "#,
    r#"process_cpu_seconds_total "#,
    r#"process_open_fds "#,
];

#[test]
fn the_metrics_are_those_that_are_promised() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(2, &PaymentSpec::default());
    let address = free_address();
    let sets = [&*format!("pollers.accepted.listen={address}"), "pollers.accepted.fixed_delay=1h"];
    let daemon = world.start("accepted", &sets);
    let is_swept = |page: &str| page.contains("outcome=\"complete\"} 1");
    let swept = || get(address, "/metrics").ok().filter(|(_, page)| is_swept(page));
    let (status, page) = until("a sweep", swept);
    assert_eq!(status, 200);
    for metric in METRICS {
        assert!(page.lines().any(|line| line.starts_with(metric)), "no {metric} in\n{page}");
    }
    for change in ["changed", "unchanged", "stale"] {
        assert!(page.contains(&format!("change=\"{change}\"")), "no {change} in\n{page}");
    }
    assert!(page.ends_with("# EOF\n"), "{page}");
    assert_eq!(get(address, "/healthz").unwrap().0, 200);
    assert_eq!(get(address, "/readyz").unwrap().0, 200);
    assert_eq!(get(address, "/nothing").unwrap().0, 404);

    world.sandbox.refuse_tokens(Some(401));
    world.sandbox.revoke_tokens();
    daemon.signal("USR1");
    let refused = r#"railpoll_alert{poller="accepted",place="acme",name="credentials_refused"} 1"#;
    until_true("the alert", || get(address, "/metrics").unwrap().1.contains(refused));
    // It is the network that is not well.
    assert_eq!(get(address, "/healthz").unwrap().0, 200);
    assert_eq!(get(address, "/readyz").unwrap().0, 200);
}

#[test]
fn a_reader_gets_the_format_that_it_wants() {
    let world = World::new(Kind::Sqlite);
    let address = free_address();
    let _daemon = world.start("accepted", &[&format!("pollers.accepted.listen={address}")]);
    until_true("the pages", || get(address, "/readyz").is_ok_and(|(status, _)| status == 200));
    let (head, page) = ask(address, "/metrics", "Accept: text/plain;version=0.0.4\r\n").unwrap();
    assert!(head.to_lowercase().contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(page.contains("\n# TYPE railpoll_sweeps_total counter\n"), "{page}");
    assert!(!page.contains("# EOF") && !page.contains("# UNIT"), "{page}");
    let (head, page) = ask(address, "/metrics", "Accept: */*\r\n").unwrap();
    assert!(head.to_lowercase().contains("content-type: application/openmetrics-text"), "{head}");
    assert!(page.ends_with("# EOF\n"), "{page}");
}

/// The series of one that has just started know when it was well last, and of one that stands by that it is not its turn.
#[test]
fn a_daemon_knows_from_the_beginning_when_all_was_well() {
    let world = World::new(Kind::Sqlite);
    world.once("accepted", &[]).expect(0);
    world.sandbox.refuse_tokens(Some(401));
    let (address, other) = (free_address(), free_address());
    let listen = |address| format!("pollers.accepted.listen={address}");
    let series = r#"railpoll_last_success_timestamp_seconds{poller="accepted",place="acme"} 1"#;
    let lease =
        |held| format!("railpoll_lease_held{{poller=\"accepted\",place=\"acme\"}} {held}\n");
    let holder = world.start("accepted", &[&listen(address)]);
    holder.wait_for_log("lease taken");
    until_true("it", || get(address, "/metrics").is_ok_and(|(_, page)| page.contains(series)));
    assert!(get(address, "/metrics").unwrap().1.contains(&lease(1)));
    let standby = world.start("accepted", &[&listen(other)]);
    standby.wait_for_log("standing by");
    let page = get(other, "/metrics").unwrap().1;
    assert!(
        page.contains(&lease(0)) && !page.contains("last_success_timestamp_seconds{"),
        "{page}"
    );
}

#[test]
fn without_its_database_it_is_neither_ready_nor_alive() {
    let world = World::new(Kind::Postgres);
    let address = free_address();
    let _daemon = world.start("accepted", &[&format!("pollers.accepted.listen={address}")]);
    let ready = |status| get(address, "/readyz").is_ok_and(|(answer, _)| answer == status);
    until_true("readiness", || ready(200));
    world.database.go_away();
    until_true("unreadiness", || ready(503));
    // Whoever cannot record what it does is not alive either, after three times.
    until_true("standstill", || get(address, "/healthz").is_ok_and(|(status, _)| status == 503));
    world.database.come_back();
    until_true("readiness", || ready(200));
    let sweeps = world.count("sweeps");
    until_true("sweeps again", || world.count("sweeps") > sweeps);
}

#[test]
fn an_address_that_is_taken_may_be_free_at_the_next_try() {
    let world = World::new(Kind::Sqlite);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let set = format!("pollers.accepted.listen={address}");
    let ended = world.start("accepted", &[&set]).ended().expect(69);
    assert!(ended.stderr.contains(&address.to_string()), "{}", ended.stderr);
    // A single sweep serves no pages.
    world.once("accepted", &[&set]).expect(0);
}

#[test]
fn the_pages_tell_of_a_database_that_was_restored() {
    let transfers = Transfers::new(Kind::Sqlite);
    transfers.sends(2);
    // The rail cannot be asked: what is to be looked up stays so.
    transfers.world.wait(transfers.bank.go_down());
    let restored = |words: &[&str]| {
        let mut command = transfers.world.command("railpoll", &[]);
        finish(command.arg("restored").args(words).args(["--reason", "a backup"])).expect(0)
    };
    let address = free_address();
    let daemon = transfers.start(&[&format!("pollers.outgoing.listen={address}")]);
    let pages = || ["/healthz", "/readyz"].map(|path| get(address, path));
    let both = |lines: [&str; 2]| {
        until_true(&format!("{lines:?}"), || {
            pages()
                .into_iter()
                .zip(lines)
                .all(|(page, line)| page.is_ok_and(|page| page == (200, line.to_owned())))
        });
    };
    both(["alive\n", "ready\n"]);
    restored(&["--begin"]);
    let held = "the database was restored, and nothing goes out: see `railpoll restored`\n";
    both([&format!("alive\n{held}"), &format!("ready\n{held}")]);
    restored(&["--confirm"]);
    both(["alive\n", "ready\n"]);
    daemon.signal("TERM");
    daemon.ended().expect(0);
}
