//! The answer table, row by row, as a user sees it: requests made, exit code, alert begun and ended.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use railpoll::engine::Clock;
use railpoll_sandbox::{
    Endpoint, FaultRates, HookAnswer, Operation, PaymentSpec, Phase, Reply, SandboxOptions,
};

use crate::support::databases::Kind;
use crate::support::world::{Daemon, World, until_true};

const LOCK: Endpoint = Endpoint::Operation(Operation::Lock);
/// A timeout that a test can bear.
const SHORT: &str = "networks.acme.timeout=300ms";
const CREDENTIALS: Option<&str> = Some("credentials_refused");
const UNAVAILABLE: Option<&str> = Some("network_unavailable");

/// A reply that is given so many times, and what becomes of the call that gets it.
struct Case {
    name: &'static str,
    times: u32,
    reply: Reply,
    /// So often the call is made in all.
    tries: u64,
    exit: i32,
    /// The alert that stands after it.
    alert: Option<&'static str>,
}

fn passes(name: &'static str, times: u32, reply: Reply) -> Case {
    Case { name, times, reply, tries: u64::from(times) + 1, exit: 0, alert: None }
}

fn unavailable(name: &'static str, times: u32, reply: Reply) -> Case {
    Case { name, times, reply, tries: u64::from(times), exit: 69, alert: UNAVAILABLE }
}

fn refused(name: &'static str, times: u32, reply: Reply) -> Case {
    Case { name, times, reply, tries: u64::from(times), exit: 77, alert: CREDENTIALS }
}

/// The rows that are the same for every call that changes nothing.
fn what_may_pass() -> Vec<Case> {
    let null = || Reply::Body("null".to_owned());
    vec![
        passes("429 once", 1, Reply::retry_after(429, "0")),
        unavailable("429 each time", 3, Reply::status(429)),
        unavailable("503 each time", 3, Reply::status(503)),
        passes("500 twice", 2, Reply::status(500)),
        unavailable("500 each time", 3, Reply::status(500)),
        unavailable("502 each time", 3, Reply::status(502)),
        unavailable("504 each time", 3, Reply::status(504)),
        passes("no answer once", 1, Reply::Hang),
        unavailable("no answer at all", 3, Reply::Hang),
        unavailable("cut each time", 3, Reply::CutBefore),
        unavailable("a web page each time", 3, Reply::Html),
        passes("half an answer once", 1, Reply::Truncated),
        unavailable("half an answer each time", 3, Reply::Truncated),
        unavailable("null each time", 3, null()),
    ]
}

/// The rows on credentials, for a call that bears a token.
fn what_needs_credentials() -> Vec<Case> {
    vec![
        passes("401 once", 1, Reply::status(401)),
        refused("401 twice", 2, Reply::status(401)),
        refused("403", 1, Reply::status(403)),
    ]
}

/// One sweep meets the reply, and so does a second one if the first ended early; then all is well again. `goes_on` is
/// how many more calls to the endpoint a sweep makes that did not end early, and the replies of `also` come with it.
fn meets(endpoint: Endpoint, goes_on: u64, case: &Case, also: &[(Endpoint, Reply)]) {
    let Case { name, times, reply, tries, exit, alert } = case;
    let world = World::new(Kind::Sqlite);
    world.once("accepted", &[]).expect(0);
    world.sandbox.add_payments(1, &PaymentSpec::default());
    let sweeps = if alert.is_some() { 2 } else { 1 };
    for sweep in 1..=sweeps {
        let before = world.sandbox.requests_to(endpoint);
        world.sandbox.script(endpoint, *times, reply.clone());
        for (endpoint, reply) in also {
            world.sandbox.script(*endpoint, 1, reply.clone());
        }
        world.once("accepted", &[SHORT]).expect(*exit);
        let expected = if alert.is_some() { *tries } else { tries + goes_on };
        assert_eq!(world.sandbox.requests_to(endpoint) - before, expected, "{name}, {sweep}");
        let standing: Vec<String> = alert.iter().map(|alert| format!("{alert} stands")).collect();
        assert_eq!(world.alerts(), standing, "{name}, {sweep}");
    }
    world.sandbox.clear_scripts();
    world.once("accepted", &[SHORT]).expect(0);
    let ended: Vec<String> = alert.iter().map(|alert| format!("{alert} ended")).collect();
    assert_eq!(world.alerts(), ended, "{name}");
    assert_eq!(world.events("alert.raised"), ended.len(), "{name}");
    assert_eq!(world.events("alert.cleared"), ended.len(), "{name}");
    assert_eq!(world.sandbox.calls_more_than_once(), [], "{name}");
    assert_eq!(world.sandbox.violations(), Vec::<String>::new(), "{name}");
}

#[test]
fn the_list() {
    // A whole sweep asks twice: for what is new, and for the count.
    let cases = what_may_pass().into_iter().chain(what_needs_credentials());
    let never_again = [("400", 400), ("404", 404)];
    let never_again = never_again.map(|(name, code)| Case {
        alert: Some("requests_refused"),
        ..unavailable(name, 1, Reply::status(code))
    });
    cases.chain(never_again).for_each(|case| meets(Endpoint::List, 1, &case, &[]));
}

#[test]
fn a_token() {
    what_may_pass().iter().for_each(|case| meets(Endpoint::Token, 0, case, &[]));
    for (name, code) in [("400", 400), ("401", 401), ("403", 403), ("404", 404)] {
        meets(Endpoint::Token, 0, &refused(name, 1, Reply::status(code)), &[]);
    }
}

/// Sweeps until the payment that was put off has been tried again: it is not before its time.
fn until_tried_again(world: &World) {
    until_true("the payment to be tried again", || {
        world.once("accepted", &[]).expect(0);
        world.count("operations WHERE status = 'done'") == 1
    });
    assert_eq!(world.count("put_off"), 0);
    assert_eq!(world.sandbox.calls_more_than_once(), []);
}

#[test]
fn one_payment() {
    let cases = what_may_pass().into_iter().chain(what_needs_credentials());
    for Case { name, times, reply, tries, alert, .. } in cases {
        let world = World::new(Kind::Sqlite);
        world.sandbox.add_payments(1, &PaymentSpec::default());
        // A lock that is refused has the payment looked at.
        world.sandbox.script(LOCK, 1, Reply::status(400));
        world.sandbox.script(Endpoint::Get, times, reply);
        world.once("accepted", &[SHORT]).expect(0);
        assert_eq!(world.sandbox.requests_to(Endpoint::Get), tries, "{name}");
        // What would be the network's failure if the list failed too is the payment's.
        let is_put_off = alert.is_some();
        assert_eq!(world.count("put_off"), usize::from(is_put_off), "{name}");
        assert_eq!(world.alerts(), Vec::<String>::new(), "{name}");
        if is_put_off {
            until_tried_again(&world);
        }
    }
    let gone = Case { tries: 1, ..passes("404", 1, Reply::status(404)) };
    meets(Endpoint::Get, 0, &gone, &[(LOCK, Reply::status(400))]);
}

#[test]
fn a_401_gets_one_new_token_and_no_more() {
    for (times, exit) in [(1, 0), (2, 77)] {
        let world = World::new(Kind::Sqlite);
        world.once("accepted", &[]).expect(0);
        let issued = world.sandbox.tokens_issued();
        world.sandbox.script(Endpoint::List, times, Reply::status(401));
        world.once("accepted", &[]).expect(exit);
        assert_eq!(world.sandbox.tokens_issued() - issued, 2);
    }
}

#[test]
fn a_token_that_expires_under_way_is_renewed() {
    let world = World::new(Kind::Sqlite);
    let daemon = world.start("accepted", &[]);
    until_true("a sweep", || world.sandbox.requests_to(Endpoint::List) > 5);
    world.sandbox.revoke_tokens();
    world.sandbox.add_payments(20, &PaymentSpec::default());
    until_true("20 locks", || world.count("operations WHERE status = 'done'") == 20);
    daemon.signal("TERM");
    daemon.ended().expect(0);
    assert_eq!(world.sandbox.tokens_issued(), 2);
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn retry_after_is_waited_for() {
    let in_3_s = || {
        let at = Clock::system().now() + TimeDelta::seconds(3);
        at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let seconds = |seconds: &'static str| move || seconds.to_owned();
    let cases: [(Endpoint, u16, &dyn Fn() -> String, u64); 4] = [
        (Endpoint::List, 429, &seconds("2"), 2),
        // A date is of whole seconds, and what has passed since it was written is no more to be waited for.
        (Endpoint::List, 503, &in_3_s, 1),
        (Endpoint::Token, 503, &seconds("0"), 1),
        (LOCK, 429, &seconds("2"), 2),
    ];
    for (endpoint, status, when, least) in cases {
        let world = World::new(Kind::Sqlite);
        let ids = world.sandbox.add_payments(1, &PaymentSpec::default());
        world.sandbox.script(endpoint, 1, Reply::retry_after(status, when()));
        let begun = Instant::now();
        world.once("accepted", &[]).expect(0);
        assert!(begun.elapsed() >= Duration::from_secs(least), "{endpoint:?} {status}");
        assert_eq!(world.sandbox.accepted_calls(ids[0], Operation::Lock), 1);
    }
}

/// A lock that meets `reply`. How often it was tried in that sweep.
fn lock(world: &World, times: u32, reply: Reply, exit: i32) -> u64 {
    world.sandbox.script(LOCK, times, reply);
    world.once("accepted", &[SHORT]).expect(exit);
    world.sandbox.requests_to(LOCK)
}

fn operations(world: &World) -> Vec<String> {
    let seen = "operation || ' ' || status || ' ' || CAST(attempt AS text)";
    world.texts(&format!("SELECT {seen} FROM operations ORDER BY operation_id"))
}

#[test]
fn an_operation_that_needs_credentials_waits_for_them() {
    for (times, code, tries) in [(1, 401, 2), (2, 401, 2), (1, 403, 1)] {
        let world = World::new(Kind::Sqlite);
        let ids = world.sandbox.add_payments(1, &PaymentSpec::default());
        // We are known to the list: so it is this payment that does not know us.
        assert_eq!(lock(&world, times, Reply::status(code), 0), tries, "{code}");
        until_tried_again(&world);
        assert_eq!(world.sandbox.accepted_calls(ids[0], Operation::Lock), 1);
        assert_eq!(world.alerts(), Vec::<String>::new());
    }
}

#[test]
fn credentials_that_are_refused_under_way_are_the_networks() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(1, &PaymentSpec::default());
    world.sandbox.script(LOCK, 1, Reply::status(403));
    // The list is read, and its count; then it is asked whether we are known at all.
    let sandbox = world.sandbox.clone();
    world.sandbox.set_hook(move |request| {
        if (request.endpoint, request.phase) == (LOCK, Phase::BeforeApply) {
            sandbox.script(Endpoint::List, 1, Reply::status(403));
        }
        HookAnswer::Go
    });
    world.once("accepted", &[]).expect(77);
    world.sandbox.clear_hook();
    assert_eq!(world.alerts(), ["credentials_refused stands"]);
    assert_eq!(world.count("put_off"), 0, "nothing that failed meanwhile is blamed");
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.alerts(), ["credentials_refused ended"]);
    assert_eq!(world.count("operations WHERE status = 'done'"), 1);
}

#[test]
fn an_operation_that_is_refused_is_held_with_the_networks_reason() {
    for code in [400, 404] {
        let world = World::new(Kind::Sqlite);
        let ids = world.sandbox.add_payments(2, &PaymentSpec::default());
        let body = r#"{"title":"Bad Request","detail":"the account is closed","status":400,
                       "ripplenet_error_code":"E0120","finality":"PERMANENT"}"#;
        let reply = Reply::Status { status: code, headers: Vec::new(), body: body.to_owned() };
        assert_eq!(lock(&world, 1, reply, 0), 2, "the other one is locked in the same sweep");
        let reasons = world.texts("SELECT reason FROM operations WHERE status = 'refused'");
        let [reason] = reasons.as_slice() else { panic!("{reasons:?}") };
        assert!(reason.contains("the account is closed") && reason.contains("E0120"), "{reason}");
        assert!(reason.starts_with(&code.to_string()), "{reason}");
        assert_eq!(world.count("payments WHERE review = 'held' AND state = 'ACCEPTED'"), 1);
        assert_eq!(world.events("operation.refused"), 1);
        world.once("accepted", &[]).expect(0);
        assert_eq!(world.sandbox.requests_to(LOCK), 2, "never tried again");
        let locked = ids.iter().map(|id| world.sandbox.accepted_calls(*id, Operation::Lock));
        assert_eq!(locked.sum::<u64>(), 1);
        assert_eq!(world.alerts(), Vec::<String>::new());
    }
}

#[test]
fn an_operation_without_a_clear_answer_is_looked_at_and_then_tried_again() {
    let world = World::new(Kind::Sqlite);
    let unclear = [
        Reply::status(500),
        Reply::status(502),
        Reply::status(504),
        Reply::retry_after(503, "1"),
        Reply::Hang,
        Reply::CutBefore,
        Reply::Html,
    ];
    let applied = [Reply::CutAfter, Reply::HangAfter, Reply::Truncated, Reply::Huge];
    let count = unclear.len() + applied.len();
    let ids = world.sandbox.add_payments(count, &PaymentSpec::default());
    for reply in unclear.iter().chain(&applied) {
        world.sandbox.script(LOCK, 1, reply.clone());
    }
    world.once("accepted", &[SHORT]).expect(0);
    assert_eq!(world.sandbox.requests_to(LOCK), count as u64, "each once: none blindly again");
    assert_eq!(world.count("operations WHERE status = 'unknown'"), count);
    assert_eq!(world.events("operation.unknown"), count);
    let daemon = world.start("accepted", &[]);
    until_true("the end of all", || world.count("operations WHERE status = 'done'") == count);
    daemon.signal("TERM");
    daemon.ended().expect(0);
    let tried_again = u64::try_from(unclear.len()).unwrap();
    assert_eq!(world.sandbox.requests_to(LOCK), count as u64 + tried_again);
    for id in ids {
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Lock), 1);
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn an_operation_for_which_there_is_no_time_is_not_applied_and_comes_later() {
    let world = World::new(Kind::Sqlite);
    let ids = world.sandbox.add_payments(1, &PaymentSpec::default());
    assert_eq!(lock(&world, 3, Reply::status(429), 0), 3);
    assert_eq!(operations(&world), ["lock unknown 1"]);
    let daemon = world.start("accepted", &[]);
    until_true("the lock", || operations(&world) == ["lock done 2"]);
    drop(daemon);
    assert_eq!(world.sandbox.accepted_calls(ids[0], Operation::Lock), 1);
}

#[test]
fn a_network_that_is_not_there() {
    let mut world = World::new(Kind::Sqlite);
    world.once("accepted", &[]).expect(0);
    world.sandbox.stop();
    for _ in 0..2 {
        world.once("accepted", &[]).expect(69);
        assert_eq!(world.alerts(), ["network_unavailable stands"]);
    }
    world.replace_sandbox(SandboxOptions::default());
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.alerts(), ["network_unavailable ended"]);
    assert_eq!((world.events("alert.raised"), world.events("alert.cleared")), (1, 1));
}

fn sweeps(world: &World, outcome: &str) -> usize {
    world.count(&format!("sweeps WHERE outcome = '{outcome}'"))
}

#[test]
fn an_alert_is_raised_once_and_not_once_a_sweep() {
    let world = World::new(Kind::Sqlite);
    let daemon = world.start("accepted", &["pollers.accepted.fixed_delay=10ms"]);
    daemon.wait_for_log("lease taken");
    until_true("a good sweep", || sweeps(&world, "complete") > 0);
    world.sandbox.set_faults(FaultRates { status_500: 1000, ..FaultRates::default() });
    until_true("bad sweeps", || sweeps(&world, "network_unavailable") > 5);
    assert_eq!(world.alerts(), ["network_unavailable stands"]);
    world.sandbox.set_faults(FaultRates::default());
    until_true("the end of it", || world.alerts() == ["network_unavailable ended"]);
    world.sandbox.set_faults(FaultRates { html: 1000, ..FaultRates::default() });
    until_true("a second time", || world.alerts().len() == 2);
    world.sandbox.set_faults(FaultRates::default());
    until_true("the end of that", || world.alerts() == ["network_unavailable ended"; 2]);
    assert_eq!((world.events("alert.raised"), world.events("alert.cleared")), (2, 2));
    daemon.signal("TERM");
    daemon.ended().expect(0);
}

fn pauses(daemon: &Daemon) -> Vec<String> {
    let told = "credentials were refused; trying again later";
    daemon.log().into_iter().filter(|line| line.contains(told)).collect()
}

#[test]
fn refused_credentials_are_left_alone_for_a_while() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.refuse_tokens(Some(401));
    let daemon = world.start("accepted", &[]);
    until_true("the first pause", || pauses(&daemon).len() == 1);
    assert!(pauses(&daemon)[0].contains("\"seconds\":300"), "{:?}", pauses(&daemon));
    let pause = "SELECT CAST(round((julianday(next_sweep_at) - julianday(finished_at)) * 86400) AS text) \
                 FROM sweeps JOIN cursors USING (poller, network)";
    assert_eq!(world.texts(pause), ["300.0"]);
    daemon.signal("USR1");
    until_true("the second pause", || pauses(&daemon).len() == 2);
    assert!(pauses(&daemon)[1].contains("\"seconds\":600"), "{:?}", pauses(&daemon));
    assert_eq!(world.sandbox.requests_to(Endpoint::Token), 2, "only when asked to");
    assert_eq!(world.alerts(), ["credentials_refused stands"]);
    world.sandbox.refuse_tokens(None);
    daemon.signal("USR1");
    until_true("the end of it", || world.alerts() == ["credentials_refused ended"]);
    assert_eq!((world.events("alert.raised"), world.events("alert.cleared")), (1, 1));
    until_true("the usual pace again", || sweeps(&world, "complete") > 3);
    daemon.signal("TERM");
    daemon.ended().expect(0);
}
