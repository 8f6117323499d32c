//! Whether the rail is believed, and what follows from what it says.

use chrono::TimeDelta;
use railpoll::engine::{Clock, NewTransfer};

use crate::support::stellar::{Anchor, Setting, on_both_kinds};
use railpoll_sandbox::bank::BankEndpoint;
use railpoll_sandbox::horizon::HorizonOptions;
use railpoll_sandbox::{FaultRates, Reply};

#[test]
fn what_arrives_is_sent_on_once() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customers: Vec<_> = (0..5).map(|n| anchor.customer(&format!("customer {n}"))).collect();
        for (n, customer) in customers.iter().enumerate() {
            anchor.create(&anchor.expected_deposit(&format!("d{n}"), &customer.account()));
        }
        anchor.send();
        assert_eq!(anchor.transfers.count_in("pending_user_transfer_start"), 5);
        let bank = &anchor.transfers.bank;
        assert!(bank.announce("d4", "it is on its way"));
        for n in 0..4 {
            bank.receive(&format!("d{n}"), "10.50", "DE02").unwrap();
        }
        anchor.send();
        anchor.send();
        let paid: Vec<String> = customers[..4].iter().map(|keys| keys.account()).collect();
        anchor.check_paid(&paid);
        assert_eq!(anchor.transfers.count_in("completed"), 4);
        assert_eq!(anchor.transfers.status("d4"), "pending_external");
        assert_eq!(anchor.transfers.message("d4"), "it is on its way");
        let fees = "SELECT CAST(sum(amount_in) - sum(amount_out) - sum(amount_fee) AS text) \
                    FROM transfers WHERE status = 'completed'";
        assert_eq!(anchor.transfers.world.texts(fees)[0].parse::<f64>(), Ok(0.0));
        // One transaction for all four: they have no memo.
        assert_eq!(anchor.horizon.submissions(), 1);
        anchor.send();
        anchor.check_paid(&paid);
    });
}

#[test]
fn another_amount_follows_the_policy() {
    let policies = [
        ("underpayment = \"hold\"", "on_hold", 0, 0),
        ("underpayment = \"accept\"", "completed", 1, 0),
        ("underpayment = \"refund\"", "pending_anchor", 0, 1),
    ];
    on_both_kinds(|kind| {
        for (policy, status, paid, refunds) in policies {
            let setting = Setting { asset: policy.to_owned(), ..Setting::default() };
            let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
            let customer = anchor.customer("customer");
            anchor.create(&anchor.expected_deposit("d", &customer.account()));
            anchor.transfers.bank.receive("d", "5.50", "DE02").unwrap();
            anchor.send();
            anchor.send();
            assert_eq!(anchor.transfers.status("d"), status, "{policy}");
            assert_eq!(anchor.paid().len(), paid, "{policy}");
            let world = &anchor.transfers.world;
            assert_eq!(world.count("refunds WHERE place = 'bank'"), refunds, "{policy}");
            anchor.check_books();
        }
    });
}

#[test]
fn what_fails_or_comes_to_nothing_ends() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.customer("customer").account();
        anchor.create(&anchor.expected_deposit("fails", &to));
        let past = Some(Clock::system().now() - TimeDelta::minutes(11));
        for id in ["late", "in time"].map(|id| id.replace(' ', "-")) {
            let mut deposit = anchor.expected_deposit(&id, &to);
            deposit.deadline = past;
            anchor.create(&deposit);
        }
        anchor.transfers.bank.fail_deposit("fails", "AC04", "the account is closed");
        anchor.transfers.bank.receive("in-time", "10.50", "DE02").unwrap();
        anchor.send();
        assert_eq!(anchor.transfers.status("fails"), "error");
        assert_eq!(anchor.transfers.status("late"), "expired");
        anchor.send();
        assert_eq!(anchor.transfers.status("in-time"), "completed");
        anchor.check_paid(&[to]);
    });
}

#[test]
fn a_rail_that_is_down_loses_nothing() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.customer("customer").account();
        anchor.create(&anchor.expected_deposit("d", &to));
        let transfers = &anchor.transfers;
        transfers.bank.receive("d", "10.50", "DE02").unwrap();
        transfers.world.wait(transfers.bank.go_down());
        let ended = crate::support::world::finish(&mut anchor.pending_deposits(&[]));
        assert_eq!(ended.code, Some(69), "{}", ended.stderr);
        assert_eq!(transfers.status("d"), "pending_user_transfer_start");
        assert_eq!(transfers.world.alerts(), ["rail_unavailable stands"]);
        transfers.world.wait(transfers.bank.come_up());
        anchor.send();
        anchor.send();
        assert_eq!(transfers.status("d"), "completed");
        assert_eq!(transfers.world.alerts(), ["rail_unavailable ended"]);
        anchor.check_paid(&[to]);
    });
}

#[test]
fn a_bad_bank_is_caught_up_with() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to: Vec<String> =
            (0..30).map(|n| anchor.customer(&format!("customer {n}")).account()).collect();
        for (n, to) in to.iter().enumerate() {
            anchor.create(&anchor.expected_deposit(&format!("d{n}"), to));
            anchor.transfers.bank.receive(&format!("d{n}"), "10.50", "DE02").unwrap();
        }
        anchor.transfers.bank.script(BankEndpoint::DepositsLookup, 4, Reply::status(500));
        let faults = FaultRates { cut_after: 200, ..FaultRates::default() };
        anchor.transfers.bank.set_faults(faults);
        crate::support::world::until_true("all to be paid", || {
            let ended = crate::support::world::finish(&mut anchor.pending_deposits(&[]));
            assert!(matches!(ended.code, Some(0 | 69)), "{}", ended.stderr);
            anchor.transfers.count_in("completed") == 30
        });
        anchor.check_paid(&to);
    });
}

/// A bank refuses the question for one deposit's sake. Each sweep is a process of its own, as from cron.
#[test]
fn a_deposit_that_the_bank_refuses_to_tell_of_is_told() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.customer("customer").account();
        for id in ["strange", "usual"] {
            anchor.create(&anchor.expected_deposit(id, &customer));
        }
        let (bank, world) = (&anchor.transfers.bank, &anchor.transfers.world);
        bank.receive("usual", "10.50", "DE02").unwrap();
        bank.script_for(BankEndpoint::DepositsLookup, "strange", u32::MAX, Reply::status(400));
        anchor.send_until_paid(1);
        assert_eq!(anchor.transfers.status("usual"), "completed");
        assert!(anchor.transfers.message("strange").contains("cannot be asked about it"));
        crate::support::world::until_true("somebody to be told", || {
            anchor.send();
            world.alerts() == ["put_off stands"]
        });
        let detail = world.texts("SELECT detail FROM alerts").remove(0);
        assert!(detail.contains("transfer/strange"), "{detail}");
        bank.clear_scripts();
        crate::support::world::until_true("it to be well", || {
            anchor.send();
            world.alerts() == ["put_off ended"]
        });
        assert_eq!(anchor.transfers.status("strange"), "pending_user_transfer_start");
    });
}

#[test]
fn money_that_comes_late_is_on_record_and_for_a_person() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let transfers = &anchor.transfers;
        let to = anchor.customer("customer").account();
        for (id, ago) in [("just-now", 1), ("long-ago", 11), ("named-anew", 11)] {
            let deadline = Some(Clock::system().now() - TimeDelta::minutes(ago));
            anchor.create(&NewTransfer { deadline, ..anchor.expected_deposit(id, &to) });
        }
        anchor.send();
        let status = |id| transfers.status(id);
        assert_eq!(status("just-now"), "pending_user_transfer_start", "banks tell late");
        assert_eq!([status("long-ago"), status("named-anew")], ["expired", "expired"]);
        // The same subject stands for another deposit from now on.
        let subject = Some("subject named-anew".to_owned());
        anchor.create(&NewTransfer { subject, ..anchor.expected_deposit("next", &to) });
        for id in ["just-now", "long-ago", "named-anew"] {
            transfers.bank.receive(id, "10.50", "DE02").unwrap();
        }
        transfers.world.sql("UPDATE transfers SET not_before = NULL");
        anchor.send();
        anchor.send();
        assert_eq!(status("just-now"), "completed");
        assert_eq!([status("long-ago"), status("named-anew")], ["on_hold", "expired"]);
        assert_eq!(transfers.message("long-ago"), "the money came after its deadline");
        let told = "SELECT CAST(amount_in AS text) || ' ' || CAST(amount_out AS text) FROM transfers WHERE status = 'on_hold'";
        assert_eq!(transfers.world.texts(told), ["10.50 10.0000000"].map(str::to_owned));
        let stands = transfers.world.alerts();
        assert!(stands.contains(&"transfer_on_hold stands".to_owned()), "{stands:?}");
        let release = ["transfers", "release", "long-ago", "--reason", "it is theirs"];
        crate::restored::says(&anchor, &release).expect(0);
        anchor.send();
        assert_eq!(status("long-ago"), "completed");
        anchor.check_paid(&[to.clone(), to]);
    });
}
