//! What went out by another way than the one that is due: money that was sent back on the ledger is not paid on the rail,
//! and a gateway that cannot be asked about forgotten payouts does not have a payment declined.

use railpoll::engine::NewTransfer;
use railpoll_sandbox::wire_gateway::{Stage, TransferStatus};

use super::{anchor, says};
use crate::support::databases::Kind;
use crate::support::stellar::on_both_kinds;
use crate::support::transfers::{Transfers, send};
use crate::support::world::{finish, until_true};
use crate::transfers_crash::{Gateway, Side};

#[test]
fn what_was_sent_back_on_the_ledger_is_not_paid_on_the_rail() {
    on_both_kinds(|kind| {
        let anchor = anchor(kind, 0);
        let transfers = &anchor.transfers;
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        anchor.pays(&customer, "10", 7);
        anchor.watch();
        assert_eq!(transfers.status("w"), "pending_anchor");
        let backup = transfers.world.backup();
        says(&anchor, &["transfers", "refund", "w", "--reason", "changed his mind"]).expect(0);
        anchor.send();
        until_true("the refund", || {
            finish(&mut anchor.pending_deposits(&[]));
            transfers.status("w") == "refunded"
        });
        transfers.world.restore(&backup);
        assert_eq!(transfers.status("w"), "pending_anchor", "it is as it was");
        until_true("the ledger to be read", || {
            for command in [&mut transfers.outgoing(&[]), &mut anchor.pending_deposits(&[])] {
                let ended = finish(command);
                assert!(matches!(ended.code, Some(0 | 69)), "{}", ended.stderr);
            }
            transfers.status("w") != "pending_anchor"
        });
        assert_eq!(transfers.status("w"), "on_hold");
        assert_eq!(transfers.bank.payout_count(), 0, "it is with the customer already");
        let told = says(&anchor, &["transfers", "explain", "w", "--json"]).expect(0).json();
        let reason = told[0]["reason"].as_str().unwrap();
        let hash = transfers.world.texts("SELECT hash FROM found_payments").remove(0);
        let resolve = format!("`railpoll transfers resolve w --as refunded --reference {hash}`");
        assert!(reason.contains(&resolve), "{reason}");
        let resolve = ["transfers", "resolve", "w", "--as", "refunded", "--reference", &hash];
        says(&anchor, &[&resolve[..], &["--reason", "seen on the ledger"]].concat()).expect(0);
        assert_eq!(transfers.status("w"), "refunded");
        assert_eq!(anchor.paid().len(), 1);
    });
}

/// The first payout failed, the second was made, and both are forgotten: the gateway tells of the first alone.
#[test]
fn a_failure_that_a_gateway_tells_after_a_restore_is_for_a_person() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let side = Gateway::open(&transfers.world);
        transfers.configure(&side.rail());
        transfers.create(&[NewTransfer {
            rail: "side".to_owned(),
            currency: Gateway::CURRENCY.to_owned(),
            beneficiary: Some(side.beneficiary("one")),
            subject: Some("one".to_owned()),
            ..send("one")
        }]);
        let pay_until = |status: &str| {
            until_true(status, || {
                finish(&mut transfers.outgoing(&["pollers.outgoing.rails=[\"side\"]"])).expect(0);
                transfers.status("one") == status
            });
        };
        let backup = transfers.world.backup();
        side.gateway().set_stages_for("one", vec![Stage::of(TransferStatus::PermanentFailure, 0)]);
        pay_until("error");
        side.gateway().set_stages_for("one", vec![Stage::of(TransferStatus::Success, 0)]);
        let release = ["transfers", "release", "one", "--reason", "once more"];
        finish(transfers.world.command("railpoll", &[]).args(release)).expect(0);
        pay_until("completed");
        transfers.world.restore(&backup);
        pay_until("on_hold");
        assert!(
            transfers.message("one").contains("see its statement"),
            "{}",
            transfers.message("one")
        );
        assert_eq!(side.paid("after").len(), 1);
    });
}

/// Whoever owns the database can change what happened, and is found out.
#[test]
fn history_that_was_rewritten_is_an_alert() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let world = &transfers.world;
        let says = |words: &[&str]| finish(world.command("railpoll", &[]).args(words));
        transfers.sends(2);
        transfers.pay(&[]).expect(0);
        transfers.pay(&[]).expect(0);
        let stands = || world.count("alerts WHERE name = 'events_rewritten' AND ended_at IS NULL");
        says(&["events", "verify"]).expect(0);
        transfers.pay(&[]).expect(0);
        assert_eq!(stands(), 0);
        let first = world.count("events WHERE id = (SELECT min(id) FROM events)");
        assert_eq!(first, 1);
        world.sql(match kind {
            Kind::Sqlite => "DROP TRIGGER events_no_update",
            Kind::Postgres => "ALTER TABLE events DISABLE TRIGGER events_append_only",
        });
        world.sql(
            "UPDATE events SET subject = 'transfer/other' WHERE id = (SELECT min(id) FROM events)",
        );
        says(&["events", "verify"]).expect(1);
        transfers.pay(&[]).expect(0);
        assert_eq!(stands(), 1, "the next sweep tells it");
        let told = says(&["alerts"]).expect(0).stdout;
        assert!(told.contains("events_rewritten"), "{told}");
        transfers.pay(&[]).expect(0);
        assert_eq!(stands(), 1, "it lasts");
    });
}
