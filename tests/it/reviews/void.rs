//! An approval of one beneficiary pays no other: whoever gave it, what came since makes it void.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use railpoll_sandbox::bank::BankOptions;
use railpoll_sandbox::{self as sandbox, Endpoint, Operation, PaymentSpec, PaymentState, UserInfo};
use serde_json::Value;
use uuid::Uuid;

use super::service::{Service, ok};
use super::{offer, review_of};
use crate::support::databases::Kind;
use crate::support::stellar::on_both_kinds;
use crate::support::transfers::Transfers;
use crate::support::world::{World, finish, until_true};

const OLD: &str = "0123456789";
const NEW: &str = "9999999999";

/// Runs `railpoll`, and tells what it printed.
#[track_caller]
fn railpoll(world: &World, words: &[&str]) -> String {
    finish(world.command("railpoll", &[]).args(words)).expect(0).stdout
}

/// The decisions on a payment and who made them, oldest first.
fn decisions(world: &World) -> Vec<String> {
    world.texts(
        "SELECT decision || ' by ' || decided_by FROM reviews WHERE decided_by <> 'network' ORDER BY review_id",
    )
}

/// The alert, whether it stands still or is over. It names no more than tells the two accounts apart.
#[track_caller]
fn expect_told(world: &World) {
    let told = world.texts("SELECT detail FROM alerts WHERE name = 'decision_void'");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("was …6789, and is …9999"), "{told:?}");
}

/// Fails unless `payments show` prints what was decided on and what came.
#[track_caller]
fn expect_shown(world: &World, id: Uuid) {
    let id = id.to_string();
    let shown = railpoll(world, &["payments", "show", &id]);
    let part = shown.split("Decided on, and what came").nth(1).expect(&shown);
    assert!(part.contains(OLD) && part.contains(NEW), "{shown}");
    let json: Value =
        serde_json::from_str(&railpoll(world, &["payments", "show", &id, "--json"])).unwrap();
    let reviews = json["reviews"].as_array().unwrap();
    let details =
        reviews.iter().map(|review| &review["details"]).find(|one| !one.is_null()).unwrap();
    assert!(details["was"].to_string().contains(OLD) && details["is"].to_string().contains(NEW));
}

#[test]
fn a_persons_approval_of_another_account_is_void() {
    on_both_kinds(|kind| {
        let manual = "pollers.accepted.review.mode=manual";
        let world = World::new(kind);
        let id = offer(&world);
        world.once("accepted", &[manual]).expect(0);
        railpoll(&world, &["payments", "approve", &id.to_string(), "--by", "kim"]);
        assert!(world.sandbox.change_account(id, NEW));
        world.once("accepted", &[manual]).expect(0);
        assert_eq!(world.sandbox.calls(), [], "nobody has approved that account");
        assert_eq!(review_of(&world, id), "pending");
        assert_eq!(decisions(&world), ["approve by kim", "void by rule"]);
        expect_told(&world);
        expect_shown(&world, id);
        railpoll(&world, &["payments", "approve", &id.to_string(), "--by", "lee"]);
        world.once("accepted", &[manual]).expect(0);
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Lock), 1);
    });
}

/// The same while the daemon runs: it has begun to carry the approval out, and the network does not take it yet.
#[test]
fn a_daemon_does_not_carry_out_what_was_approved_for_another_account() {
    on_both_kinds(|kind| {
        let world = World::new(kind);
        let id = offer(&world);
        let busy = sandbox::Reply::status(503);
        world.sandbox.script_for(Endpoint::Operation(Operation::Lock), id, 100_000, busy);
        let daemon = world.start("accepted", &["pollers.accepted.review.mode=manual"]);
        daemon.wait_for_log("\"swept\"");
        until_true("a review", || review_of(&world, id) == "pending");
        railpoll(&world, &["payments", "approve", &id.to_string(), "--by", "kim"]);
        let lock = Endpoint::Operation(Operation::Lock);
        until_true("a try", || world.sandbox.requests_to(lock) > 0);
        assert!(world.sandbox.change_account(id, NEW));
        until_true("the approval to be void", || {
            decisions(&world) == ["approve by kim", "void by rule"]
        });
        world.sandbox.clear_scripts();
        until_true("a person to be asked again", || review_of(&world, id) == "pending");
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Lock), 0);
        expect_told(&world);
        // What was begun is looked at first: the network has not done it.
        until_true("the new approval to be taken", || {
            look_at_once(&world);
            let id = id.to_string();
            let approve = ["payments", "approve", &id, "--by", "lee"];
            finish(world.command("railpoll", &[]).args(approve)).code == Some(0)
        });
        until_true("the lock", || world.sandbox.accepted_calls(id, Operation::Lock) == 1);
        daemon.signal("TERM");
        daemon.ended().expect(0);
    });
}

/// One sweep that approves, and whose call the network refuses to take; then another account.
fn approve_in_vain(world: &World, id: Uuid, sweep: impl Fn()) {
    let busy = sandbox::Reply::status(503);
    world.sandbox.script_for(Endpoint::Operation(Operation::Lock), id, 100, busy);
    sweep();
    assert_eq!(world.sandbox.accepted_calls(id, Operation::Lock), 0);
    assert_eq!(decisions(world).len(), 1, "it is approved");
    world.sandbox.clear_scripts();
    assert!(world.sandbox.change_account(id, NEW));
}

/// What was begun is looked at again at once.
fn look_at_once(world: &World) {
    let past = match world.database.kind {
        Kind::Sqlite => "'2020-01-01T00:00:00.000000Z'",
        Kind::Postgres => "timestamptz '2020-01-01'",
    };
    world.sql(&format!("UPDATE operations SET not_before = {past} WHERE finished_at IS NULL"));
    world.sql("DELETE FROM put_off");
    // The network would not take the call: the payment is left alone for a while.
    world.sql(&format!("UPDATE known_payments SET not_before = {past} WHERE review = 'held'"));
}

#[test]
fn a_rules_approval_of_another_account_is_made_anew() {
    on_both_kinds(|kind| {
        let world = World::new(kind);
        let id = offer(&world);
        let automatic = "pollers.accepted.review.mode=automatic";
        let sweep = || {
            drop(finish(
                &mut world.command("accepted", &["pollers.accepted.enabled=true", automatic]),
            ))
        };
        approve_in_vain(&world, id, sweep);
        for _ in 0..3 {
            look_at_once(&world);
            sweep();
        }
        let told = decisions(&world);
        assert_eq!(told, ["approve by automatic", "void by rule", "approve by automatic"]);
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Lock), 1);
        expect_told(&world);
        expect_shown(&world, id);
    });
}

#[test]
fn a_service_is_asked_again_about_another_account() {
    on_both_kinds(|kind| {
        let world = World::new(kind);
        let id = offer(&world);
        let service = Service::start(&world, |_, asked| {
            let is_new = asked.body["user_info"].to_string().contains(NEW);
            ok(if is_new {
                r#"{"decision":"decline","code":"AC01","reason":"not that account"}"#
            } else {
                r#"{"decision":"approve"}"#
            })
        });
        let url = format!("pollers.accepted.review.url={}/review", service.base);
        let sets = ["pollers.accepted.enabled=true", "pollers.accepted.review.mode=http", &url];
        let sweep = || drop(finish(&mut world.command("accepted", &sets)));
        approve_in_vain(&world, id, sweep);
        for _ in 0..3 {
            look_at_once(&world);
            sweep();
        }
        assert_eq!(decisions(&world), ["approve by http", "void by rule", "decline by http"]);
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Lock), 0);
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Reject), 1);
        expect_told(&world);
        expect_shown(&world, id);
    });
}

#[test]
fn a_program_is_asked_again_about_another_account() {
    on_both_kinds(|kind| {
        let world = World::new(kind);
        let id = offer(&world);
        let program = world.folder.path().join("review");
        let text = format!(
            "#!/bin/sh\nif grep -q {NEW}; then\n  echo '{{\"decision\":\"decline\",\"code\":\"AC01\",\"reason\":\"no\"}}'\n\
             else\n  echo '{{\"decision\":\"approve\"}}'\nfi\n"
        );
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let command = format!("pollers.accepted.review.command=[\"{}\"]", program.display());
        let sets =
            ["pollers.accepted.enabled=true", "pollers.accepted.review.mode=command", &command];
        let sweep = || drop(finish(&mut world.command("accepted", &sets)));
        approve_in_vain(&world, id, sweep);
        for _ in 0..3 {
            look_at_once(&world);
            sweep();
        }
        assert_eq!(decisions(&world), ["approve by command", "void by rule", "decline by command"]);
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Lock), 0);
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Reject), 1);
        expect_told(&world);
    });
}

/// What is approved and waits for its rail is stopped: if a person lets it go on, it pays what was approved.
#[test]
fn a_transfer_whose_beneficiary_changed_waits_for_a_person() {
    on_both_kinds(|kind| {
        let currencies = vec![("GBP".to_owned(), 2)];
        let transfers = Transfers::with(kind, BankOptions { currencies, ..BankOptions::default() });
        transfers.configure("[pollers.executed]\npayout = \"bank\"");
        let world = &transfers.world;
        let (state, amount) =
            (PaymentState::Executed, sandbox::Amount::Exact("12.500000000".to_owned()));
        let user_info = UserInfo::Complete;
        let spec = PaymentSpec { state, user_info, amount, ..PaymentSpec::default() };
        let id = world.sandbox.add_payments(1, &spec)[0];
        world.once("executed", &[]).expect(0);
        let transfer = format!("acme:{id}");
        assert_eq!(transfers.status(&transfer), "pending_receiver");
        assert!(world.sandbox.change_account(id, NEW));
        world.once("executed", &[]).expect(0);
        transfers.pay(&[]).expect(0);
        assert_eq!(transfers.status(&transfer), "on_hold");
        assert_eq!(transfers.bank.payout_count(), 0);
        expect_told(world);
        expect_shown(world, id);
        let new = r#"{"account":"9999999999"}"#;
        let correct = ["transfers", "correct", &transfer, "--beneficiary", new, "--reason", "no"];
        let refused = finish(world.command("railpoll", &[]).args(correct));
        assert_eq!(refused.code, Some(1), "that would be an approval of its own");
        assert!(refused.stderr.contains("was approved for its own"), "{}", refused.stderr);
        railpoll(world, &["transfers", "release", &transfer, "--reason", "they agreed"]);
        transfers.pay(&[]).expect(0);
        let [paid] = &transfers.bank.payouts()[..] else { panic!("not one") };
        assert!(paid.beneficiary.contains(OLD) && !paid.beneficiary.contains(NEW));
    });
}
