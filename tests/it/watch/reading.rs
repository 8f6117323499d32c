//! How the list is read: by page, by stream, after gaps.

use railpoll_sandbox::Reply;
use railpoll_sandbox::horizon::HorizonEndpoint;

use crate::support::stellar::{Anchor, Setting, on_both_kinds, quick, us};
use crate::support::world::{finish, until_true};

#[test]
fn every_page_is_read_and_the_place_is_kept() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        for n in 0..450 {
            anchor.pays(&customer, "1", n);
        }
        anchor.watch();
        assert_eq!(anchor.verdicts().len(), 450);
        let before = anchor.horizon.requests_to(HorizonEndpoint::AccountPayments);
        anchor.pays(&customer, "1", 1_000);
        anchor.watch();
        assert_eq!(anchor.verdicts().len(), 451);
        assert_eq!(
            anchor.horizon.requests_to(HorizonEndpoint::AccountPayments) - before,
            1,
            "from where it was"
        );
    });
}

#[test]
fn horizon_down_for_a_while_is_caught_up_with() {
    on_both_kinds(|kind| {
        let anchor = Anchor::with(kind, &Setting::default(), quick());
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        let daemon = anchor.start_watching();
        until_true("a stream", || anchor.horizon.streams() == 1);
        let world = &anchor.transfers.world;
        world.wait(anchor.horizon.go_down());
        anchor.pays(&customer, "10", 7);
        until_true("an alert", || world.alerts() == ["network_unavailable stands"]);
        world.wait(anchor.horizon.come_up());
        until_true("the payment", || anchor.transfers.status("w") == "pending_anchor");
        drop(daemon);
    });
}

#[test]
fn a_network_that_was_reset_is_an_alert() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        for n in 0..200 {
            anchor.pays(&customer, "1", n);
        }
        anchor.watch();
        anchor.horizon.change(|network, now| network.reset(now));
        let ended = finish(&mut anchor.watching(&[]));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let alerts = anchor.transfers.world.alerts();
        assert!(alerts.contains(&"list_unreliable stands".to_owned()), "{alerts:?}");
    });
}

#[test]
fn an_answer_that_is_cut_brings_each_payment_once() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        for n in 0..30 {
            anchor.pays(&customer, "1", n);
        }
        anchor.horizon.script(HorizonEndpoint::AccountPayments, 2, Reply::CutAfter);
        anchor.watch();
        anchor.watch();
        assert_eq!(anchor.verdicts().len(), 30);
    });
}

/// What a record says that nobody could read is kept, and booked once it can be read; beside the daemon that may run.
#[test]
fn a_record_that_was_set_aside_can_be_asked_for_again() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let world = &anchor.transfers.world;
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        anchor.pays(&customer, "10", 7);
        let place = anchor.horizon.payments_to(&us()).pop().unwrap().id;
        let strange = format!(r#"{{"id":"{place}","paging_token":"{place}","type":"gift"}}"#);
        let page = format!(r#"{{"_embedded":{{"records":[{strange}]}}}}"#);
        anchor.horizon.script(HorizonEndpoint::AccountPayments, 1, Reply::Body(page.clone()));
        anchor.watch();
        assert_eq!(world.alerts(), ["quarantined stands"]);
        assert_eq!(anchor.verdicts(), Vec::<String>::new());
        let retry = || finish(world.command("railpoll", &[]).args(["quarantine", "retry", "1"]));
        anchor.horizon.script(HorizonEndpoint::AccountPayments, 1, Reply::Body(page));
        let told = retry().expect(1).stderr;
        let wanted = "cannot be read this time either: records of the type gift";
        assert!(told.contains(wanted), "{told}");
        let daemon = anchor.start_watching();
        until_true("a stream", || anchor.horizon.streams() == 1);
        assert!(retry().expect(0).stdout.contains("is stored"));
        assert_eq!(anchor.verdicts(), ["matched w"]);
        assert_eq!(anchor.transfers.status("w"), "pending_anchor");
        assert_eq!(world.alerts(), ["quarantined ended"]);
        retry().expect(1);
        drop(daemon);
        anchor.watch();
        assert_eq!(anchor.verdicts(), ["matched w"], "once");
    });
}
