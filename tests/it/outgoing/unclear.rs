//! Payouts of which nobody knows, for a while, whether they were made.

use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::{BankEndpoint, BankQuirks, Course};

use crate::support::databases::Kind;
use crate::support::transfers::Transfers;
use crate::support::world::until_true;

/// Where the rail cannot tell either, a person must find out, and nothing is paid again.
fn what_nobody_can_tell_waits_for_a_person(kind: Kind) {
    let transfers = Transfers::new(kind);
    let ids = transfers.sends(3);
    transfers.bank.script_for(BankEndpoint::Payouts, &ids[0], 1, Reply::CutBefore);
    let cannot_tell = Some("the files are gone".to_owned());
    transfers
        .bank
        .change(|bank, _| bank.quirks = BankQuirks { cannot_tell, ..BankQuirks::default() });
    let daemon = transfers.start(&[]);
    until_true("a hold", || transfers.count_in("on_hold") == 1);
    let message = "the rail cannot tell whether it was paid: the files are gone";
    assert_eq!(transfers.message(&ids[0]), message);
    assert_eq!(transfers.world.alerts(), ["transfer_on_hold stands"]);
    transfers.bank.change(|bank, _| bank.quirks = BankQuirks::default());
    let swept = transfers.world.count("sweeps");
    until_true("more sweeps", || transfers.world.count("sweeps") > swept + 5);
    drop(daemon);
    assert_eq!(transfers.status(&ids[0]), "on_hold");
    transfers.check_paid_once(&ids[1..], "at the end");
    assert_eq!(transfers.world.count("payouts WHERE status = 'unknown'"), 1);
    transfers.check_trail("at the end");
}

#[test]
fn what_nobody_can_tell_waits_for_a_person_on_sqlite() {
    what_nobody_can_tell_waits_for_a_person(Kind::Sqlite);
}

#[test]
fn what_nobody_can_tell_waits_for_a_person_on_postgres() {
    what_nobody_can_tell_waits_for_a_person(Kind::Postgres);
}

/// A rail that had a payout and has lost its memory is not paid again.
#[test]
fn a_rail_that_forgets_is_not_paid_again() {
    let transfers = Transfers::new(Kind::Sqlite);
    let ids = transfers.sends(1);
    transfers.bank.set_course(Course::later(1_000, Course::Deliver));
    transfers.pay(&[]).expect(0);
    assert_eq!(transfers.status(&ids[0]), "pending_external");
    let keys = transfers.world.texts("SELECT payout_id FROM payouts");
    let forgot = format!(r#"{{"payouts":[{{"key":"{}","status":"not_received"}}]}}"#, keys[0]);
    transfers.bank.script(BankEndpoint::PayoutsLookup, 1, Reply::Body(forgot));
    let daemon = transfers.start(&[]);
    until_true("a hold", || transfers.status(&ids[0]) == "on_hold");
    drop(daemon);
    transfers.check_paid_once(&ids, "at the end");
}
