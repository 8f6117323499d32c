//! A rail that is down, hangs, or does not know us.

use std::fs;
use std::time::Duration;

use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::BankEndpoint;

use crate::support::databases::Kind;
use crate::support::transfers::Transfers;
use crate::support::world::until_true;

fn a_rail_that_is_down_is_left_alone(kind: Kind) {
    let transfers = Transfers::new(kind);
    let ids = transfers.sends(20);
    transfers.world.wait(transfers.bank.go_down());
    transfers.pay(&[]).expect(69);
    assert_eq!(transfers.world.alerts(), ["rail_unavailable stands"]);
    assert_eq!(transfers.world.count("payouts"), 0, "nobody's payout was begun");
    transfers.world.wait(transfers.bank.come_up());
    transfers.pay(&[]).expect(0);
    assert_eq!(transfers.world.alerts(), ["rail_unavailable ended"]);
    transfers.check_paid_once(&ids, "at the end");
}

#[test]
fn a_rail_that_is_down_is_left_alone_on_sqlite() {
    a_rail_that_is_down_is_left_alone(Kind::Sqlite);
}

#[test]
fn a_rail_that_is_down_is_left_alone_on_postgres() {
    a_rail_that_is_down_is_left_alone(Kind::Postgres);
}

/// It goes down in the middle of a sweep: some payouts fail, and the others are not touched.
fn a_rail_that_goes_down_costs_few(kind: Kind) {
    let transfers = Transfers::new(kind);
    let ids = transfers.sends(100);
    // Once it answers well, and then nothing does.
    transfers.bank.script(BankEndpoint::Config, 1, Reply::Slow(Duration::ZERO));
    transfers.bank.script(BankEndpoint::Config, 1_000, Reply::status(503));
    transfers.bank.script(BankEndpoint::Payouts, 1_000, Reply::status(503));
    let sets = ["rails.bank.parallel=2"];
    transfers.pay(&sets).expect(69);
    assert!(transfers.bank.requests_to(BankEndpoint::Payouts) < 10);
    assert_eq!(transfers.world.alerts(), ["rail_unavailable stands"]);
    // As long as it is down, a sweep costs one call that is nobody's.
    let before = transfers.bank.requests_to(BankEndpoint::Payouts);
    transfers.pay(&sets).expect(69);
    assert_eq!(transfers.bank.requests_to(BankEndpoint::Payouts), before);
    transfers.bank.clear_scripts();
    let daemon = transfers.start(&sets);
    until_true("all of them", || transfers.count_in("completed") == 100);
    until_true("the sweep's end", || transfers.world.alerts() == ["rail_unavailable ended"]);
    drop(daemon);
    transfers.check_paid_once(&ids, "at the end");
    transfers.check_trail("at the end");
}

#[test]
fn a_rail_that_goes_down_costs_few_on_sqlite() {
    a_rail_that_goes_down_costs_few(Kind::Sqlite);
}

#[test]
fn a_rail_that_goes_down_costs_few_on_postgres() {
    a_rail_that_goes_down_costs_few(Kind::Postgres);
}

/// One payout gets no answer: the others do not wait for it.
#[test]
fn a_call_that_hangs_delays_no_other() {
    let transfers = Transfers::new(Kind::Sqlite);
    let ids = transfers.sends(60);
    transfers.bank.script_for(BankEndpoint::Payouts, &ids[0], 1, Reply::Hang);
    let sets =
        ["rails.bank.timeout=30s", "rails.bank.parallel=2", "pollers.outgoing.batch_size=10"];
    let daemon = transfers.start(&sets);
    until_true("all others", || transfers.count_in("completed") == 59);
    assert_eq!(transfers.status(&ids[0]), "pending_receiver");
    daemon.signal("TERM");
    let ended = daemon.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // What it had in hand is looked up, and done.
    let daemon = transfers.start(&sets);
    until_true("the last", || transfers.count_in("completed") == 60);
    drop(daemon);
    transfers.check_paid_once(&ids, "at the end");
}

/// A rail that hangs delays only its own transfers.
#[test]
fn a_rail_that_hangs_delays_no_other_rail() {
    let transfers = Transfers::new(Kind::Sqlite);
    let secret = transfers.world.folder.path().join("bank-secret");
    // Nobody accepts what comes to this port, and nobody refuses it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = format!(
        "[rails.silent]\nkind = \"http\"\nurl = \"http://{}/\"\nsecret_file = \"{}\"\ntimeout = \"20s\"",
        silent.local_addr().unwrap(),
        secret.display()
    );
    transfers.configure(&other);
    let ids = transfers.sends(5);
    let stuck = railpoll::engine::NewTransfer {
        rail: "silent".to_owned(),
        ..crate::support::transfers::send("stuck")
    };
    transfers.create(&[stuck]);
    let daemon = transfers.start(&[]);
    until_true("those of the bank", || transfers.count_in("completed") == 5);
    assert_eq!(transfers.status("stuck"), "pending_receiver");
    drop(daemon);
    transfers.check_paid_once(&ids, "at the end");
}

/// A wrong secret is found out before anybody's money is tried.
#[test]
fn a_rail_that_does_not_know_us_ends_the_sweep() {
    let transfers = Transfers::new(Kind::Sqlite);
    transfers.sends(3);
    let secret = transfers.world.folder.path().join("bank-secret");
    fs::write(secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    transfers.pay(&[]).expect(77);
    assert_eq!(transfers.world.alerts(), ["credentials_refused stands"]);
    assert_eq!(transfers.world.count("payouts"), 0);
}

/// A bank that says "not now" is asked again later, with the same key.
#[test]
fn what_the_bank_had_no_time_for_is_tried_again() {
    let transfers = Transfers::new(Kind::Sqlite);
    let ids = transfers.sends(2);
    transfers.bank.script_for(BankEndpoint::Payouts, &ids[1], 2, Reply::status(429));
    transfers.bank.set_latency(Duration::from_millis(1));
    let daemon = transfers.start(&[]);
    until_true("both", || transfers.count_in("completed") == 2);
    drop(daemon);
    transfers.check_paid_once(&ids, "at the end");
    assert_eq!(transfers.bank.payout_count(), 2);
}

/// A bank calls an order malformed each time it gets it: the order is tried on, and a person hears of it.
#[test]
fn a_payout_that_is_never_taken_is_told() {
    let transfers = Transfers::new(Kind::Sqlite);
    let ids = transfers.sends(3);
    transfers.bank.script_for(BankEndpoint::Payouts, &ids[0], 1_000, Reply::status(400));
    let daemon = transfers.start(&[]);
    let world = &transfers.world;
    let look_now = || {
        world.sql(
            "UPDATE payouts SET not_before = '2000-01-01T00:00:00.000000Z' WHERE finished_at IS NULL",
        );
    };
    until_true("an alert", || {
        look_now();
        world.alerts().contains(&"payout_not_taken stands".to_owned())
    });
    let detail = world.texts("SELECT detail FROM alerts WHERE name = 'payout_not_taken'").remove(0);
    assert!(detail.contains(&ids[0]) && detail.contains("not taken"), "{detail}");
    assert_eq!(transfers.count_in("completed"), 2, "the others go on");
    transfers.bank.clear_scripts();
    until_true("its end", || {
        look_now();
        world.alerts().iter().all(|alert| alert.ends_with(" ended"))
    });
    drop(daemon);
    transfers.check_paid_once(&ids, "at the end");
    assert_eq!(transfers.bank.payout_count(), 3, "one key, however often it is handed over");
}
