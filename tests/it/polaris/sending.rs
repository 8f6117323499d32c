//! Putting payments into the ledger.

use railpoll::engine::TransferKind;
use railpoll_sandbox::horizon::{HorizonEndpoint, SubmitFault};
use railpoll_sandbox::{HookAnswer, Phase};

use super::{Gate, gate, stop};
use crate::support::stellar::{Anchor, Setting, on_both_kinds, quick};
use crate::support::world::{Daemon, until_true};

/// A gate for submissions, before or after they are carried out.
fn submission(anchor: &Anchor, phase: Phase) -> Gate {
    let (gate, pass) = gate();
    anchor.horizon.set_hook(move |request| {
        if (request.endpoint, request.phase) == (HorizonEndpoint::Submit, phase) {
            pass();
        }
        HookAnswer::Go
    });
    gate
}

/// One is held up and others are lost: those beside them are paid, and nobody is asked in a rush.
#[test]
fn submit_504() {
    on_both_kinds(|kind| {
        let setting = Setting {
            channels: 5,
            network: "payments_per_envelope = 1".to_owned(),
            ..Setting::default()
        };
        let anchor = Anchor::with(kind, &setting, quick());
        let to = anchor.deposits(5);
        anchor.horizon.script_submit(3, SubmitFault::TimeoutLost);
        let gate = submission(&anchor, Phase::BeforeApply);
        let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        gate.wait();
        until_true("all others to be paid", || anchor.transfers.count_in("completed") == 4);
        drop(gate);
        until_true("the last", || anchor.transfers.count_in("completed") == 5);
        stop(daemon);
        anchor.check_paid(&to);
        // Each was posted again as it was.
        assert_eq!(anchor.transfers.world.count("envelopes"), 5);
        assert!(anchor.horizon.submissions() <= 10, "{}", anchor.horizon.submissions());
    });
}

/// Somebody else has used the sequence: there is another envelope, once the first can never be applied.
#[test]
fn bad_seq() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.deposits(2);
        anchor.horizon.script_submit(1, SubmitFault::SequenceTaken);
        let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        daemon.wait_for_log("submitted");
        until_true("another envelope", || {
            anchor.let_time_pass(1);
            anchor.transfers.count_in("completed") == 2
        });
        drop(daemon);
        assert_eq!(anchor.transfers.world.count("envelopes WHERE status = 'expired'"), 1);
        anchor.check_paid(&to);
    });
}

/// Fees rise between one submission and the next: what is offered is raised, and never above what is allowed.
#[test]
fn insufficient_fee() {
    on_both_kinds(|kind| {
        let anchor = Anchor::with(kind, &Setting::default(), quick());
        let to = anchor.deposits(2);
        anchor.horizon.script_submit(1, SubmitFault::TimeoutLost);
        let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        until_true("the envelope to be sent", || anchor.horizon.submissions() == 1);
        anchor.horizon.change(|network, _| network.ledger.min_fee = 900);
        until_true("all to be paid", || anchor.transfers.count_in("completed") == 2);
        drop(daemon);
        anchor.check_paid(&to);
        assert_eq!(anchor.transfers.world.count("envelopes WHERE bump_xdr IS NOT NULL"), 1);
        // 100 stroops, then ten times that: for two operations and one more.
        assert_eq!(
            anchor.transfers.world.texts("SELECT CAST(fee AS text) FROM envelopes"),
            ["3000"]
        );
    });
}

/// An exchange is in the ledger when its daemon is killed, and nobody has heard of it: it is found, at its own price.
#[test]
fn quote_resume() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.customer("customer").account();
        let mut exchange = anchor.deposit("d", &to);
        exchange.kind = TransferKind::DepositExchange;
        // Of another currency than what goes out: together they are not what came in.
        exchange.amount_in = Some("9.20".parse().unwrap());
        exchange.amount_expected = Some("9.20".parse().unwrap());
        anchor.create(&exchange);
        let gate = submission(&anchor, Phase::AfterApply);
        let victim = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        gate.wait();
        victim.signal("KILL");
        assert_eq!(victim.ended().signal, Some(9));
        drop(gate);
        assert_eq!(anchor.paid().len(), 1);
        assert_eq!(anchor.transfers.status("d"), "pending_stellar");
        anchor.transfers.world.let_leases_run_out();
        let heir = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        until_true("it to be found", || anchor.transfers.status("d") == "completed");
        stop(heir);
        anchor.check_paid(&[to]);
        assert_eq!(anchor.transfers.world.count("envelopes"), 1);
    });
}
