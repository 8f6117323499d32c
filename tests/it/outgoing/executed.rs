//! Executed payments whose beneficiaries are paid on a rail.

use railpoll_sandbox::bank::{BankOptions, Course};
use railpoll_sandbox::{Amount, Operation, PaymentSpec, PaymentState, UserInfo};
use uuid::Uuid;

use crate::support::databases::Kind;
use crate::support::transfers::Transfers;

const PAYOUT: &str = "[pollers.executed]\npayout = \"bank\"";

/// With a bank that pays out what the simulated network's payments are in.
fn world(kind: Kind) -> Transfers {
    let currencies = vec![("GBP".to_owned(), 2)];
    let transfers = Transfers::with(kind, BankOptions { currencies, ..BankOptions::default() });
    transfers.configure(PAYOUT);
    transfers
}

fn executed(transfers: &Transfers, number: usize, user_info: UserInfo) -> Vec<Uuid> {
    executed_of(transfers, number, user_info, "12.500000000")
}

fn executed_of(
    transfers: &Transfers,
    number: usize,
    user_info: UserInfo,
    amount: &str,
) -> Vec<Uuid> {
    let (state, amount) = (PaymentState::Executed, Amount::Exact(amount.to_owned()));
    let spec = PaymentSpec { state, user_info, amount, ..PaymentSpec::default() };
    transfers.world.sandbox.add_payments(number, &spec)
}

fn transfer_of(id: Uuid) -> String {
    format!("acme:{id}")
}

fn a_payment_is_paid_out_and_then_completed(kind: Kind) {
    let transfers = world(kind);
    let (world, bank) = (&transfers.world, &transfers.bank);
    let sandbox = &world.sandbox;
    let ids = executed(&transfers, 3, UserInfo::Complete);
    let nobody = executed(&transfers, 1, UserInfo::Empty);
    bank.set_course_for(transfer_of(ids[1]), Course::later(1, Course::Deliver));
    bank.set_course_for(transfer_of(ids[2]), Course::fail("AC01", "no such account"));

    world.once("executed", &[]).expect(0);
    world.once("executed", &[]).expect(0);
    assert_eq!(sandbox.count_in(PaymentState::Executed), 4, "nobody is paid yet");
    assert_eq!(transfers.count_in("pending_receiver"), 3);
    assert_eq!(world.count("payments WHERE review = 'approved'"), 3);
    let held = world.texts("SELECT payment_id FROM payments WHERE review = 'held'");
    assert_eq!(held, [nobody[0].to_string()]);

    transfers.pay(&[]).expect(0);
    assert_eq!(bank.violations(), Vec::<String>::new());
    world.once("executed", &[]).expect(0);
    assert_eq!(sandbox.accepted_calls(ids[0], Operation::Complete), 1);
    assert_eq!(sandbox.state_of(ids[1]), Some(PaymentState::Executed), "it is on its way");
    assert_eq!(sandbox.accepted_calls(ids[2], Operation::Fail), 1);
    let why =
        "SELECT decided_by || ' ' || code || ' ' || reason FROM reviews WHERE decision = 'decline'";
    let told = format!("transfer {} AC01 no such account", transfer_of(ids[2]));
    assert_eq!(world.texts(why), [told]);

    let daemon = transfers.start(&[]);
    crate::support::world::until_true("the last", || transfers.count_in("completed") == 2);
    drop(daemon);
    world.once("executed", &[]).expect(0);
    world.once("executed", &[]).expect(0);
    assert_eq!(sandbox.accepted_calls(ids[1], Operation::Complete), 1);
    assert_eq!(sandbox.violations(), Vec::<String>::new());
    assert_eq!(sandbox.calls_more_than_once(), []);
    transfers.check_paid_once(&[transfer_of(ids[0]), transfer_of(ids[1])], "at the end");
    transfers.check_trail("at the end");
    let [payout] = &bank.payouts_of(&transfer_of(ids[0]))[..] else { panic!("not one") };
    assert!(payout.beneficiary.contains("Cdtr"), "{}", payout.beneficiary);
    assert_eq!((payout.amount.to_string(), payout.currency.as_str()), ("12.50".to_owned(), "GBP"));
}

/// What a person writes is no code of the network's, whatever it looks like.
#[test]
fn the_network_hears_a_code_only_where_the_rail_told_one() {
    let transfers = world(Kind::Sqlite);
    let world = &transfers.world;
    let ids = executed(&transfers, 1, UserInfo::Complete);
    world.once("executed", &[]).expect(0);
    let id = transfer_of(ids[0]);
    let decide = |words: &[&str]| {
        let mut command = world.command("railpoll", &[]);
        crate::support::world::finish(command.arg("transfers").args(words)).expect(0);
    };
    decide(&["hold", &id, "--reason", "look"]);
    decide(&["resolve", &id, "--as", "error", "--reason", "RR04: said Kim"]);
    world.once("executed", &[]).expect(0);
    assert_eq!(world.sandbox.accepted_calls(ids[0], Operation::Fail), 1);
    let why = "SELECT code || ' ' || reason FROM reviews WHERE decision = 'decline'";
    assert_eq!(world.texts(why), ["NARR RR04: said Kim"]);
}

/// No bank has thousandths of a pound: a person has to look.
#[test]
fn an_amount_that_its_currency_cannot_write_is_held() {
    let transfers = world(Kind::Sqlite);
    let odd = executed_of(&transfers, 1, UserInfo::Complete, "12.345000000");
    transfers.world.once("executed", &[]).expect(0);
    let held = transfers.world.texts("SELECT payment_id FROM payments WHERE review = 'held'");
    assert_eq!(held, [odd[0].to_string()]);
    let why = transfers.world.texts("SELECT reason FROM reviews WHERE decision = 'hold'");
    assert_eq!(why, ["12.345000000 GBP cannot be paid out: GBP has 2 decimals"]);
    assert_eq!(transfers.world.count("transfers"), 0);
}

#[test]
fn a_payment_is_paid_out_and_then_completed_on_sqlite() {
    a_payment_is_paid_out_and_then_completed(Kind::Sqlite);
}

#[test]
fn a_payment_is_paid_out_and_then_completed_on_postgres() {
    a_payment_is_paid_out_and_then_completed(Kind::Postgres);
}

/// What a person approves is paid out too, and what a person declines is not.
#[test]
fn a_person_decides_first() {
    let transfers = world(Kind::Sqlite);
    let (world, sandbox) = (&transfers.world, &transfers.world.sandbox);
    let ids = executed(&transfers, 2, UserInfo::Complete);
    let manual = ["pollers.executed.review.mode=manual"];
    world.once("executed", &manual).expect(0);
    assert_eq!(world.count("transfers"), 0);
    let decide = |words: &[&str]| {
        let mut command = world.command("railpoll", &[]);
        crate::support::world::finish(command.arg("payments").args(words)).expect(0);
    };
    decide(&["approve", &ids[0].to_string()]);
    decide(&["decline", &ids[1].to_string(), "--code", "AC03", "--reason", "no"]);
    world.once("executed", &manual).expect(0);
    assert_eq!(sandbox.accepted_calls(ids[1], Operation::Fail), 1);
    transfers.pay(&[]).expect(0);
    world.once("executed", &manual).expect(0);
    assert_eq!(sandbox.accepted_calls(ids[0], Operation::Complete), 1);
    transfers.check_paid_once(&[transfer_of(ids[0])], "at the end");
}
