//! Paying out, and following what was paid out.

use std::fs;
use std::time::Duration;

use railpoll::engine::NewTransfer;
use railpoll_sandbox::bank::{BankEndpoint, Course};
use railpoll_sandbox::{HookAnswer, Phase, Reply};

use super::{gate, stop};
use crate::support::stellar::on_both_kinds;
use crate::support::transfers::{Transfers, send};
use crate::support::world::until_true;

/// A worker that is killed in the middle of its work loses nothing: when its lease is over, the other looks up what it
/// had in hand.
#[test]
fn crash_leaves_flag() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        transfers.bank.set_latency(Duration::from_millis(20));
        let ids = transfers.sends(60);
        let sets = ["rails.bank.parallel=4", "pollers.outgoing.batch_size=20"];
        let victim = transfers.start(&sets);
        until_true("some payouts", || transfers.bank.payout_count() >= 8);
        victim.signal("KILL");
        assert_eq!(victim.ended().signal, Some(9));
        let heir = transfers.start(&sets);
        until_true("all of them", || transfers.count_in("completed") == 60);
        drop(heir);
        transfers.check_paid_once(&ids, "at the end");
        transfers.check_trail("at the end");
    });
}

/// A rail for deposits only, and the same when somebody has written the rest of it.
const CANNOT_PAY: &str = r#"
case $(cat) in
*'"call":"check"'*) echo '{"name":"railpoll-rail","version":1,"currencies":["USD"]}' ;;
*) exit 75 ;;
esac
"#;
const CAN_PAY: &str = r#"
case $(cat) in
*'"call":"check"'*) echo '{"name":"railpoll-rail","version":1,"currencies":["USD"]}' ;;
*'"call":"pay_out"'*) echo paid >> paid; echo '{"status":"delivered","reference":"R1"}' ;;
*) exit 75 ;;
esac
"#;

/// What a rail cannot do, though it says that it is well, is nobody's claim, and an alert. Once it can, all are paid.
#[test]
fn not_implemented_flags() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let folder = transfers.world.folder.path();
        let program = folder.join("rail.sh");
        fs::write(&program, CANNOT_PAY).unwrap();
        transfers.configure(&format!(
            "[rails.program]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"{}\"]",
            program.display()
        ));
        let sends: Vec<_> = (0..6)
            .map(|n| NewTransfer { rail: "program".to_owned(), ..send(&format!("send-{n}")) })
            .collect();
        transfers.create(&sends);
        for _ in 0..3 {
            transfers.world.sql("UPDATE payouts SET not_before = intended_at");
            transfers.pay(&[]).expect(0);
            assert_eq!(transfers.count_in("pending_receiver"), 6);
            assert_eq!(transfers.world.count("payouts WHERE claimed_by IS NOT NULL"), 0);
        }
        assert_eq!(transfers.world.alerts(), ["put_off stands"]);

        fs::write(&program, CAN_PAY).unwrap();
        let daemon = transfers.start(&[]);
        until_true("all of them", || transfers.count_in("completed") == 6);
        until_true("the alert's end", || transfers.world.alerts() == ["put_off ended"]);
        stop(daemon);
        assert_eq!(fs::read_to_string(folder.join("paid")).unwrap().lines().count(), 6);
        assert_eq!(transfers.world.count("payouts"), 6);
    });
}

/// Answers are lost before and after they took effect; each is looked up, and what was not done is done.
#[test]
fn exception_after_payment() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let ids = transfers.sends(8);
        let replies = [
            Reply::CutAfter,
            Reply::CutBefore,
            Reply::StatusAfter(500),
            Reply::status(500),
            Reply::HangAfter,
            Reply::Truncated,
            Reply::Html,
        ];
        for (id, reply) in ids.iter().zip(replies) {
            transfers.bank.script_for(BankEndpoint::Payouts, id, 1, reply);
        }
        let daemon = transfers.start(&["rails.bank.timeout=300ms"]);
        until_true("all of them", || transfers.count_in("completed") == 8);
        drop(daemon);
        transfers.check_paid_once(&ids, "at the end");
        transfers.check_trail("at the end");
        // Each try of a payout has one and the same key.
        assert_eq!(transfers.bank.payout_count(), 8);
        assert_eq!(transfers.world.count("payouts"), 8);
        for (id, times) in ids.iter().zip([1, 2, 1, 2, 1, 1, 2, 1]) {
            let attempts =
                format!("SELECT CAST(attempts AS text) FROM payouts WHERE transfer_id = '{id}'");
            assert_eq!(transfers.world.texts(&attempts), [times.to_string()], "{id}");
        }
    });
}

/// What is told of a move has the status that the transfer moved to.
#[test]
fn stale_callback() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let ids = transfers.sends(2);
        transfers.bank.set_course(Course::later(1, Course::Deliver));
        let daemon = transfers.start(&[]);
        until_true("both", || transfers.count_in("completed") == 2);
        stop(daemon);
        for id in &ids {
            let told = format!(
                "SELECT payload ->> 'status' FROM events WHERE subject = 'transfer/{id}' \
                 AND type IN ('transfer.created', 'transfer.status_changed') ORDER BY version"
            );
            let told = transfers.world.texts(&told);
            assert_eq!(told, ["pending_receiver", "pending_external", "completed"]);
        }
        transfers.check_trail("at the end");
    });
}

/// While the rail is being asked, a person ends two transfers. What the rail answers does not undo that.
#[test]
fn poll_overwrites() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let ids = transfers.sends(3);
        transfers.bank.set_course(Course::later(0, Course::Deliver));
        transfers.pay(&[]).expect(0);
        assert_eq!(transfers.count_in("pending_external"), 3);
        // All are asked about at once.
        assert_eq!(transfers.world.sql("UPDATE payouts SET not_before = intended_at"), 3);
        let (gate, pass) = gate();
        transfers.bank.set_hook(move |call| {
            if (call.endpoint, call.phase) == (BankEndpoint::PayoutsLookup, Phase::AfterApply) {
                pass();
            }
            HookAnswer::Go
        });
        let daemon = transfers.start(&["rails.bank.timeout=60s"]);
        gate.wait();
        for (id, status) in [(&ids[0], "error"), (&ids[1], "refunded")] {
            let sql = format!(
                "UPDATE transfers SET status = '{status}', completed_at = updated_at \
                 WHERE transfer_id = '{id}'"
            );
            assert_eq!(transfers.world.sql(&sql), 1);
        }
        drop(gate);
        until_true("the third", || transfers.status(&ids[2]) == "completed");
        let swept = transfers.world.count("sweeps");
        until_true("more sweeps", || transfers.world.count("sweeps") > swept + 3);
        stop(daemon);
        assert_eq!(transfers.status(&ids[0]), "error");
        assert_eq!(transfers.status(&ids[1]), "refunded");
        // Nobody was told otherwise, and what the bank did is on record.
        assert_eq!(transfers.world.events("transfer.status_changed"), 3 + 1);
        assert_eq!(transfers.world.count("payouts WHERE status = 'done'"), 3);
        transfers.check_paid_once(&ids, "at the end");
    });
}
