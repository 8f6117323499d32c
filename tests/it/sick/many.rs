//! Twelve sick things beside three well ones are no outage: the rail answers well whenever it is asked for nobody's sake.

use std::time::Duration;

use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::{BankEndpoint, Course};

use super::{ALWAYS, sicknesses};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, on_both_kinds};
use crate::support::transfers::{Transfers, send};
use crate::support::world::{Daemon, finish, until_true};

const QUICK: &[&str] = &["rails.bank.timeout=300ms", "defaults.poller.retry.max_attempts=1"];
const SICK: usize = 12;
const WELL: usize = 3;

/// Those that are sick come first.
fn fifteen() -> impl Iterator<Item = String> {
    (0..SICK).map(|n| format!("sick-{n}")).chain((0..WELL).map(|n| format!("well-{n}")))
}

fn is_sick(id: &str) -> bool {
    id.starts_with("sick")
}

/// Both databases, in turns: what is sick makes no difference to them.
fn each(test: impl Fn(Kind, &str, Reply)) {
    for (place, (what, reply)) in sicknesses().into_iter().enumerate() {
        let kind = if place % 2 == 1 { Kind::Postgres } else { Kind::Sqlite };
        test(kind, what, reply);
    }
}

fn bank_with_fifteen(kind: Kind) -> Transfers {
    let transfers = Transfers::new(kind);
    transfers.create(&fifteen().map(|id| send(&id)).collect::<Vec<_>>());
    transfers
}

fn well_in(transfers: &Transfers, status: &str) -> usize {
    let well = "transfer_id NOT LIKE 'sick%'";
    transfers.world.count(&format!("transfers WHERE status = '{status}' AND {well}"))
}

/// What is looked at, or tried again, after a while is so at once.
fn look_now(transfers: &Transfers) {
    let past = match transfers.world.database.kind {
        Kind::Sqlite => "'2000-01-01T00:00:00.000000Z'",
        Kind::Postgres => "timestamptz '2000-01-01'",
    };
    let due = format!("UPDATE payouts SET not_before = {past} WHERE finished_at IS NULL");
    transfers.world.sql(&due);
}

#[test]
fn asking() {
    each(|kind, what, reply| {
        let anchor = Anchor::new(kind);
        let to = anchor.customer("customer").account();
        let new: Vec<_> = fifteen().map(|id| anchor.expected_deposit(&id, &to)).collect();
        anchor.transfers.create(&new);
        let bank = &anchor.transfers.bank;
        for id in fifteen() {
            bank.receive(&id, "10.50", "DE02").unwrap();
            if is_sick(&id) {
                bank.script_for(BankEndpoint::DepositsLookup, id, ALWAYS, reply.clone());
            }
        }
        for _ in 0..2 {
            finish(&mut anchor.pending_deposits(QUICK)).expect(0);
        }
        let came = anchor.transfers.world.count("transfers WHERE amount_in IS NOT NULL");
        assert_eq!(came, WELL, "{what}");
        assert_eq!(anchor.transfers.world.count("put_off"), SICK, "{what}");
    });
}

#[test]
fn paying() {
    each(|kind, what, reply| {
        let transfers = bank_with_fifteen(kind);
        for id in fifteen().filter(|id| is_sick(id)) {
            transfers.bank.script_for(BankEndpoint::Payouts, id, ALWAYS, reply.clone());
        }
        for _ in 0..2 {
            transfers.pay(QUICK).expect(0);
        }
        assert_eq!(well_in(&transfers, "completed"), WELL, "{what}");
        assert_eq!(transfers.bank.paid_more_than_once(), [], "{what}");
    });
}

#[test]
fn following() {
    each(|kind, what, reply| {
        let transfers = bank_with_fifteen(kind);
        transfers.bank.set_course(Course::later(0, Course::Deliver));
        transfers.pay(QUICK).expect(0);
        assert_eq!(transfers.count_in("pending_external"), SICK + WELL, "{what}");
        for id in fifteen().filter(|id| is_sick(id)) {
            let key = transfers.bank.payouts_of(&id).remove(0).key;
            transfers.bank.script_for(BankEndpoint::PayoutsLookup, key, ALWAYS, reply.clone());
        }
        for _ in 0..2 {
            look_now(&transfers);
            transfers.pay(QUICK).expect(0);
        }
        assert_eq!(transfers.count_in("completed"), WELL, "{what}");
        assert_eq!(transfers.world.count("put_off"), SICK, "{what}");
        transfers.check_paid_once(&fifteen().collect::<Vec<_>>(), what);
    });
}

#[test]
fn a_person_is_told_of_payouts_that_fail_again_and_again_until_they_are_well() {
    on_both_kinds(|kind| {
        let transfers = bank_with_fifteen(kind);
        for id in fifteen().filter(|id| is_sick(id)) {
            transfers.bank.script_for(BankEndpoint::Payouts, id, ALWAYS, Reply::status(500));
        }
        for failures in 1..=3 {
            assert_eq!(transfers.world.alerts(), Vec::<String>::new(), "{failures}");
            transfers.pay(QUICK).expect(0);
            let of_all = format!("put_off WHERE failures = {failures}");
            assert_eq!(transfers.world.count(&of_all), SICK);
            look_now(&transfers);
        }
        assert_eq!(transfers.world.alerts(), ["put_off stands"]);
        let detail = transfers.world.texts("SELECT detail FROM alerts").remove(0);
        assert!(detail.contains("payout/") && detail.contains("500"), "{detail}");
        transfers.bank.clear_scripts();
        transfers.pay(QUICK).expect(0);
        assert_eq!(transfers.world.alerts(), ["put_off ended"]);
        assert_eq!(transfers.world.count("put_off"), 0);
        transfers.check_paid_once(&fifteen().collect::<Vec<_>>(), "at the end");
    });
}

/// Each payout is tried once, and has its pause then; and the rail is asked for nobody's sake once for several of them.
#[test]
fn a_rail_that_is_well_and_fails_every_payout() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        transfers.sends(60);
        transfers.bank.script(BankEndpoint::Payouts, ALWAYS, Reply::status(500));
        transfers.pay(QUICK).expect(0);
        assert_eq!(transfers.bank.requests_to(BankEndpoint::Payouts), 60);
        let asked = transfers.bank.requests_to(BankEndpoint::Config);
        assert!(asked <= 2 + 60 / 3, "{asked}");
        assert_eq!(transfers.world.count("put_off"), 60);
    });
}

/// A question that hangs for one deposit's sake: the others' answers do not wait for it.
#[test]
fn a_deposit_that_hangs_delays_no_other() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.customer("customer").account();
        let new: Vec<_> = fifteen().map(|id| anchor.expected_deposit(&id, &to)).collect();
        anchor.transfers.create(&new);
        let bank = &anchor.transfers.bank;
        for id in fifteen() {
            bank.receive(&id, "10.50", "DE02").unwrap();
        }
        // Whoever asks about it never gets an answer, but for the first time, when all were asked about: an error.
        bank.script_for(BankEndpoint::DepositsLookup, "sick-0", 1, Reply::status(500));
        bank.script_for(BankEndpoint::DepositsLookup, "sick-0", ALWAYS, Reply::Hang);
        let long = [
            "rails.bank.timeout=60s",
            "defaults.poller.retry.max_attempts=1",
            "pollers.pending_deposits.lease=6s",
        ];
        let start = || Daemon::start(anchor.pending_deposits(&long).arg("--loop"));
        let daemon = start();
        let came = || anchor.transfers.world.count("transfers WHERE amount_in IS NOT NULL");
        // One stands beside it in its part, and waits.
        until_true("the others", || came() == SICK + WELL - 2);
        assert_eq!(anchor.transfers.status("sick-0"), "pending_user_transfer_start");
        drop(daemon);
        bank.clear_scripts();
        let daemon = start();
        until_true("all", || came() == SICK + WELL);
        drop(daemon);
    });
}

/// It is down in the middle of a sweep: the rail tells so where it is asked for nobody's sake, and nobody is blamed.
#[test]
fn a_rail_that_dies_in_mid_sweep_blames_nobody() {
    on_both_kinds(|kind| {
        let transfers = bank_with_fifteen(kind);
        transfers.bank.script(BankEndpoint::Config, 1, Reply::Slow(Duration::ZERO));
        transfers.bank.script(BankEndpoint::Config, ALWAYS, Reply::status(503));
        transfers.bank.script(BankEndpoint::Payouts, ALWAYS, Reply::status(503));
        transfers.pay(QUICK).expect(69);
        assert_eq!(transfers.world.alerts(), ["rail_unavailable stands"]);
        assert_eq!(transfers.world.count("put_off"), 0);
        transfers.bank.clear_scripts();
        look_now(&transfers);
        transfers.pay(QUICK).expect(0);
        transfers.check_paid_once(&fifteen().collect::<Vec<_>>(), "at the end");
    });
}
