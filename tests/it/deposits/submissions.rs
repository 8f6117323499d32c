//! What Horizon is known to do to those who submit: nobody is paid twice, and nobody is forgotten.

use railpoll_sandbox::horizon::{
    Closing, Fate, HorizonEndpoint, HorizonOptions, SubmitFault, SubmitRates,
};
use railpoll_sandbox::{FaultRates, Reply};

use crate::support::stellar::{Anchor, Setting, on_both_kinds, quick, us, usdc};
use crate::support::world::{Daemon, finish, until_true};

#[test]
fn a_timeout_is_looked_up_whatever_became_of_it() {
    on_both_kinds(|kind| {
        for fault in [SubmitFault::TimeoutApplied, SubmitFault::TimeoutLost, SubmitFault::Forgotten]
        {
            let anchor = Anchor::with(kind, &Setting::default(), quick());
            let to = anchor.deposits(3);
            anchor.horizon.script_submit(1, fault);
            anchor.send_until_paid(3);
            anchor.check_paid(&to);
            assert_eq!(anchor.transfers.world.count("envelopes"), 1, "{fault:?}");
        }
    });
}

#[test]
fn what_is_not_found_after_submit_is_not_failed() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.deposits(2);
        anchor.horizon.script(HorizonEndpoint::Submit, 1, Reply::CutAfter);
        anchor.horizon.script(HorizonEndpoint::Transaction, 1, Reply::status(404));
        anchor.send_until_paid(2);
        anchor.check_paid(&to);
    });
}

#[test]
fn what_is_too_late_is_made_anew_only_when_it_cannot_be_applied() {
    on_both_kinds(|kind| {
        let options = HorizonOptions { closing: Closing::ByHand, ..quick() };
        let anchor = Anchor::with(kind, &Setting::default(), options);
        let to = anchor.deposits(2);
        anchor.horizon.script_submit(1, SubmitFault::TimeoutLost);
        let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        until_true("the envelope to be sent", || anchor.horizon.submissions() == 1);
        // The network's time goes on while nobody hears of it.
        anchor.let_time_pass(60);
        anchor.horizon.change(|network, _| network.closing = Closing::AtOnce);
        until_true("all to be paid", || anchor.transfers.count_in("completed") == 2);
        drop(daemon);
        anchor.check_paid(&to);
        let envelopes = "SELECT envelope_id FROM envelopes WHERE status = 'expired'";
        let expired = anchor.transfers.world.texts(envelopes);
        assert_eq!(expired.len(), 1);
        assert!(
            !matches!(anchor.horizon.fate(&expired[0]), Fate::Applied(_)),
            "it is not in the ledger"
        );
    });
}

#[test]
fn one_that_fails_does_not_take_the_others_with_it() {
    on_both_kinds(|kind| {
        let options = HorizonOptions { closing: Closing::ByHand, ..HorizonOptions::default() };
        let anchor = Anchor::with(kind, &Setting::default(), options);
        let mut to = anchor.deposits(5);
        let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        until_true("the envelope to be in the queue", || anchor.horizon.waiting() == 1);
        // Between the look and the ledger, one customer's line has become too short.
        let third = railpoll_sandbox::horizon::Keys::of("customer 2");
        anchor.horizon.trust(&third, &usdc(), "1").unwrap();
        anchor.horizon.close();
        anchor.horizon.change(|network, _| network.closing = Closing::AtOnce);
        until_true("the others to be paid", || anchor.transfers.count_in("completed") == 4);
        drop(daemon);
        assert_eq!(anchor.transfers.status("d2"), "pending_trust");
        to.remove(2);
        anchor.check_paid(&to);
    });
}

#[test]
fn many_channels_share_the_work() {
    on_both_kinds(|kind| {
        let setting = Setting {
            channels: 4,
            network: "payments_per_envelope = 5".to_owned(),
            ..Setting::default()
        };
        let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
        let to = anchor.deposits(60);
        anchor.send();
        anchor.check_paid(&to);
        let channels = "SELECT source_account FROM envelopes GROUP BY source_account";
        assert_eq!(anchor.transfers.world.texts(channels).len(), 4);
        assert_eq!(anchor.transfers.world.count("envelopes"), 12);
        assert_eq!(
            anchor.transfers.world.count(&format!("envelopes WHERE source_account = '{}'", us())),
            0
        );
    });
}

/// A ledger takes a transaction of each channel: all of them are there before it closes, however few are looked for at
/// once.
#[test]
fn every_channel_is_used_in_every_ledger() {
    on_both_kinds(|kind| {
        let setting = Setting {
            channels: 4,
            network: "payments_per_envelope = 2".to_owned(),
            ..Setting::default()
        };
        let options = HorizonOptions { closing: Closing::ByHand, ..HorizonOptions::default() };
        let anchor = Anchor::with(kind, &setting, options);
        let to = anchor.deposits(16);
        let sets = ["pollers.pending_deposits.batch_size=2"];
        let daemon = Daemon::start(anchor.pending_deposits(&sets).arg("--loop"));
        for _ in 0..2 {
            until_true("all channels to be used", || anchor.horizon.waiting() == 4);
            anchor.horizon.close();
        }
        until_true("all to be paid", || anchor.transfers.count_in("completed") == 16);
        drop(daemon);
        anchor.check_paid(&to);
    });
}

#[test]
fn a_bad_horizon_is_caught_up_with() {
    on_both_kinds(|kind| {
        let setting = Setting {
            channels: 4,
            network: "payments_per_envelope = 3".to_owned(),
            ..Setting::default()
        };
        let anchor = Anchor::with(kind, &setting, quick());
        let to = anchor.deposits(40);
        let rates = SubmitRates {
            timeout_applied: 150,
            timeout_lost: 150,
            forgotten: 100,
            sequence_taken: 0,
        };
        anchor.horizon.change(|network, _| network.submit_faults = rates);
        anchor.horizon.set_faults(FaultRates { cut_after: 50, ..FaultRates::default() });
        anchor.send_until_paid(40);
        anchor.check_paid(&to);
    });
}

#[test]
fn horizon_down_is_no_loss() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.deposits(3);
        let world = &anchor.transfers.world;
        world.wait(anchor.horizon.go_down());
        assert_eq!(finish(&mut anchor.pending_deposits(&[])).code, Some(69));
        assert_eq!(world.alerts(), ["network_unavailable stands"]);
        world.wait(anchor.horizon.come_up());
        anchor.send();
        assert_eq!(world.alerts(), ["network_unavailable ended"]);
        anchor.check_paid(&to);
    });
}
