//! Payouts whose answers are clear.

use railpoll::engine::{Amount, NewTransfer, TransferKind, TransferStatus};
use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::{About, BankEndpoint, Course};
use serde_json::json;

use crate::support::databases::Kind;
use crate::support::stellar::on_both_kinds;
use crate::support::transfers::{Transfers, send};
use crate::support::world::until_true;

fn each_is_paid_once(kind: Kind) {
    let transfers = Transfers::new(kind);
    let mut ids = transfers.sends(700);
    ids.extend(transfers.create(&[NewTransfer {
        kind: TransferKind::Withdrawal,
        status: TransferStatus::PendingAnchor,
        amount_in: Some("12.5000000".parse().unwrap()),
        amount_fee: Some("2.5000000".parse().unwrap()),
        ..send("withdrawal")
    }]));
    transfers.pay(&[]).expect(0);
    transfers.check_paid_once(&ids, "after one sweep");
    assert_eq!(transfers.count_in("completed"), 701);
    transfers.check_trail("after one sweep");
    transfers.pay(&[]).expect(0);
    transfers.check_paid_once(&ids, "after another");
    assert_eq!(transfers.bank.requests_to(BankEndpoint::Payouts), 701);
    assert_eq!(transfers.world.count("payouts WHERE status = 'done'"), 701);
    let [payout] = &transfers.bank.payouts_of("send-00000")[..] else { panic!("not one") };
    let reference = "SELECT rail_reference FROM transfers WHERE transfer_id = 'send-00000'";
    assert_eq!(transfers.world.texts(reference), [payout.reference.as_str()]);
    assert_eq!(payout.subject.as_deref(), Some("Rent send-00000"));
    assert_eq!(payout.amount.to_string(), "10.00");
}

#[test]
fn each_is_paid_once_on_sqlite() {
    each_is_paid_once(Kind::Sqlite);
}

#[test]
fn each_is_paid_once_on_postgres() {
    each_is_paid_once(Kind::Postgres);
}

fn each_answer_has_its_status(kind: Kind) {
    let transfers = Transfers::new(kind);
    let ids = transfers.sends(6);
    let bank = &transfers.bank;
    bank.set_course_for(&ids[1], Course::later(2, Course::Deliver));
    bank.set_course_for(&ids[2], Course::fail("AC01", "no such account"));
    let asked = |about, message: &str| Course::NeedInformation {
        about,
        message: message.to_owned(),
        fields: json!({ "purpose": "what for" }),
    };
    bank.set_course_for(&ids[3], asked(About::Transaction, "what for?"));
    bank.set_course_for(&ids[4], asked(About::Customer, "who?"));
    bank.set_course_for(&ids[5], Course::later(1, Course::fail("AC04", "closed account")));
    transfers.pay(&[]).expect(0);
    let standing = |id: &String| transfers.status(id);
    assert_eq!(standing(&ids[0]), "completed");
    assert_eq!(standing(&ids[1]), "pending_external");
    assert_eq!(
        (standing(&ids[2]), transfers.message(&ids[2])),
        ("error".into(), "no such account".into())
    );
    assert_eq!(standing(&ids[3]), "pending_transaction_info_update");
    assert_eq!(transfers.message(&ids[3]), r#"what for?: {"purpose":"what for"}"#);
    assert_eq!(standing(&ids[4]), "pending_customer_info_update");
    let daemon = transfers.start(&[]);
    until_true("the rest", || transfers.count_in("pending_external") == 0);
    drop(daemon);
    assert_eq!(standing(&ids[1]), "completed");
    assert_eq!(
        (standing(&ids[5]), transfers.message(&ids[5])),
        ("error".into(), "closed account".into())
    );
    let codes = "SELECT transfer_id || ' ' || reason_code FROM transfers WHERE reason_code IS NOT NULL \
                 ORDER BY transfer_id";
    assert_eq!(
        transfers.world.texts(codes),
        [format!("{} AC01", ids[2]), format!("{} AC04", ids[5])],
        "codes have a column of their own"
    );
    let told = "SELECT reason FROM status_changes WHERE kind = 'transfer' AND status = 'error' ORDER BY id";
    let lines = ["AC01: no such account", "AC04: closed account"];
    assert_eq!(transfers.world.texts(told), lines, "a person reads both");
    transfers.check_paid_once(&ids[..2], "at the end");
    transfers.check_trail("at the end");
    assert_eq!(transfers.world.count("payouts"), 6);
    assert_eq!(transfers.world.count("payouts WHERE finished_at IS NULL"), 0);
}

#[test]
fn each_answer_has_its_status_on_sqlite() {
    each_answer_has_its_status(Kind::Sqlite);
}

#[test]
fn each_answer_has_its_status_on_postgres() {
    each_answer_has_its_status(Kind::Postgres);
}

/// What cannot be ordered, and what a person is to find out, are told of as a sweep has them.
#[test]
fn a_dry_run_tells_what_a_sweep_does() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        transfers.create(&[send("unclear")]);
        transfers.bank.script_for(BankEndpoint::Payouts, "unclear", 1, Reply::status(409));
        transfers.pay(&[]).expect(0);
        assert_eq!(transfers.status("unclear"), "on_hold");
        let odd: Amount = "10.005".parse().unwrap();
        let (amount_in, amount_out) = (Some(odd.clone()), Some(odd));
        transfers.create(&[NewTransfer { amount_in, amount_out, ..send("odd") }]);
        transfers.create(&[send("well")]);
        transfers.world.sql("UPDATE payouts SET not_before = intended_at");
        let ended =
            crate::support::world::finish(transfers.outgoing(&[]).args(["--dry-run", "--json"]));
        let mut would: Vec<(String, String)> = ended
            .expect(0)
            .json()
            .iter()
            .filter(|one| one["what"] == "would")
            .map(|one| (text(&one["payment_id"]), text(&one["would"])))
            .collect();
        would.sort();
        let pair = |id: &str, what: &str| (id.to_owned(), what.to_owned());
        assert_eq!(would, [pair("odd", "hold"), pair("well", "pay out")]);
        let looked = transfers.bank.requests_to(BankEndpoint::PayoutsLookup);
        transfers.pay(&[]).expect(0);
        assert_eq!(transfers.status("odd"), "on_hold");
        assert_eq!(transfers.status("well"), "completed");
        assert_eq!(transfers.bank.requests_to(BankEndpoint::PayoutsLookup), looked);
    });
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_dry_run_pays_nothing() {
    let transfers = Transfers::new(Kind::Sqlite);
    transfers.sends(2);
    let ended =
        crate::support::world::finish(transfers.outgoing(&[]).args(["--dry-run", "--json"]));
    let told = ended.expect(0).json();
    let would: Vec<_> = told.iter().filter(|one| one["what"] == "would").collect();
    assert_eq!(would.len(), 2, "{told:?}");
    assert_eq!(would[0]["would"], "pay out");
    assert_eq!(transfers.bank.payout_count(), 0);
    assert_eq!(transfers.world.count("payouts"), 0);
}

fn a_stage_runs_alone(kind: Kind) {
    let transfers = Transfers::new(kind);
    let ids = transfers.sends(3);
    transfers.bank.set_course(Course::later(0, Course::Deliver));
    let stage = |stage: &str| {
        crate::support::world::finish(transfers.outgoing(&[]).args(["--stage", stage])).expect(0);
    };
    stage("poll");
    assert_eq!(transfers.bank.payout_count(), 0);
    stage("execute");
    assert_eq!(transfers.count_in("pending_external"), 3);
    assert_eq!(transfers.bank.requests_to(BankEndpoint::PayoutsLookup), 0);
    until_true("a look", || {
        let followed = transfers.count_in("pending_external");
        stage("execute");
        assert_eq!(transfers.count_in("pending_external"), followed);
        stage("poll");
        transfers.count_in("completed") == 3
    });
    transfers.check_paid_once(&ids, "at the end");
}

#[test]
fn a_stage_runs_alone_on_sqlite() {
    a_stage_runs_alone(Kind::Sqlite);
}

#[test]
fn a_stage_runs_alone_on_postgres() {
    a_stage_runs_alone(Kind::Postgres);
}
