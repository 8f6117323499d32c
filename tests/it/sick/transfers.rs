//! The jobs of transfers: asking, sending, watching, paying, and following.

use std::fmt::Write as _;

use railpoll::engine::NewTransfer;
use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::{BankEndpoint, Course};
use railpoll_sandbox::horizon::{
    CustomerMemo, CustomerPayment, HorizonEndpoint, HorizonOptions, Keys,
};

use super::sicknesses;
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, ONE, Setting, on_both_kinds, usdc};
use crate::support::transfers::{Transfers, send};
use crate::support::world::finish;

/// Nobody is waited for long.
const QUICK: [&str; 3] = [
    "rails.bank.timeout=500ms",
    "defaults.poller.retry.max_attempts=2",
    "networks.stellar.timeout=500ms",
];
/// The same without a ledger.
const QUICK_BANK: &[&str] = &["rails.bank.timeout=500ms", "defaults.poller.retry.max_attempts=2"];

/// Ten, of which the first is sick.
fn ten() -> impl Iterator<Item = String> {
    (0..10).map(|n| if n == 0 { "sick".to_owned() } else { format!("well-{n}") })
}

fn two_sweeps(what: &str, mut sweep: impl FnMut() -> Option<i32>) {
    for _ in 0..2 {
        let code = sweep();
        assert_eq!(code, Some(0), "{what}: one sick thing is no failure of the sweep");
    }
}

#[test]
fn asking() {
    on_both_kinds(|kind| {
        for (what, reply) in sicknesses() {
            let anchor = Anchor::new(kind);
            let to = anchor.customer("customer").account();
            let new: Vec<_> = ten().map(|id| anchor.expected_deposit(&id, &to)).collect();
            anchor.transfers.create(&new);
            let bank = &anchor.transfers.bank;
            for id in ten() {
                bank.receive(&id, "10.50", "DE02").unwrap();
            }
            bank.script_for(BankEndpoint::DepositsLookup, "sick", u32::MAX, reply);
            two_sweeps(what, || finish(&mut anchor.pending_deposits(&QUICK)).code);
            assert_eq!(anchor.transfers.status("sick"), "pending_user_transfer_start", "{what}");
            let came = anchor.transfers.world.count("transfers WHERE amount_in IS NOT NULL");
            assert_eq!(came, 9, "{what}");
        }
    });
}

#[test]
fn sending() {
    on_both_kinds(|kind| {
        for (what, reply) in sicknesses() {
            let anchor = Anchor::new(kind);
            let to: Vec<_> = ten().map(|name| anchor.customer(&name).account()).collect();
            let new: Vec<_> = ten().zip(&to).map(|(id, to)| anchor.deposit(&id, to)).collect();
            anchor.transfers.create(&new);
            anchor.horizon.script_for(HorizonEndpoint::Account, &to[0], u32::MAX, reply);
            two_sweeps(what, || finish(&mut anchor.pending_deposits(&QUICK)).code);
            assert_eq!(anchor.transfers.count_in("completed"), 9, "{what}");
            assert_eq!(anchor.transfers.status("sick"), "pending_anchor", "{what}");
            anchor.check_paid(&to[1..]);
        }
    });
}

/// However much goes to an account that cannot be read, it hides nothing that goes elsewhere.
#[test]
fn more_than_a_batch_to_one_sick_account() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let sick = anchor.customer("sick").account();
        let new: Vec<_> = (0..20).map(|n| anchor.deposit(&format!("sick-{n}"), &sick)).collect();
        anchor.transfers.create(&new);
        let well = anchor.customer("well").account();
        anchor.create(&anchor.deposit("well", &well));
        anchor.horizon.script_for(HorizonEndpoint::Account, &sick, u32::MAX, Reply::status(500));
        let sets = ["pollers.pending_deposits.batch_size=2", QUICK[1], QUICK[2]];
        crate::support::world::until_true("the well one to be paid", || {
            finish(&mut anchor.pending_deposits(&sets)).expect(0);
            anchor.transfers.count_in("completed") == 1
        });
        anchor.check_paid(&[well]);
    });
}

/// Ten accounts of ours, each with its asset.
fn accounts() -> Setting {
    let mut asset = String::new();
    for name in ten() {
        let (issuer, account) = (Keys::of("issuer").account(), Keys::of(&name).account());
        write!(
            asset,
            "\n[assets.{name}]\nnetwork = \"stellar\"\ncode = \"USDC\"\nissuer = \"{issuer}\"\n\
             account = \"{account}\"\nrail = \"bank\"\ncurrency = \"USD\"\n"
        )
        .unwrap();
    }
    Setting { asset, ..Setting::default() }
}

#[test]
fn watching() {
    on_both_kinds(|kind| {
        for (what, reply) in sicknesses() {
            let anchor = Anchor::with(kind, &accounts(), HorizonOptions::default());
            let customer = anchor.rich_customer("customer");
            for name in ten() {
                let own = anchor.customer(&name).account();
                anchor.create(&NewTransfer {
                    asset: name.clone(),
                    account: Some(own.clone()),
                    ..anchor.withdrawal(&name, 7)
                });
                let payment = CustomerPayment {
                    to: own,
                    asset: usdc(),
                    amount: "10".to_owned(),
                    memo: CustomerMemo::Id(7),
                };
                anchor.horizon.pay(&customer, &payment).unwrap();
            }
            let sick = Keys::of("sick").account();
            anchor.horizon.script_for(HorizonEndpoint::AccountPayments, &sick, u32::MAX, reply);
            two_sweeps(what, || finish(&mut anchor.watching(&QUICK)).code);
            assert_eq!(anchor.verdicts().len(), 9, "{what}");
            assert_eq!(anchor.transfers.count_in("pending_anchor"), 9, "{what}");
            assert_eq!(anchor.transfers.status("sick"), "pending_user_transfer_start", "{what}");
            assert_eq!(anchor.horizon.balance(&sick, &usdc()), Some(10 * ONE));
        }
    });
}

fn bank_with_ten(kind: Kind) -> Transfers {
    let transfers = Transfers::new(kind);
    transfers.create(&ten().map(|id| send(&id)).collect::<Vec<_>>());
    transfers
}

#[test]
fn paying() {
    on_both_kinds(|kind| {
        for (what, reply) in sicknesses() {
            let transfers = bank_with_ten(kind);
            transfers.bank.script_for(BankEndpoint::Payouts, "sick", u32::MAX, reply);
            two_sweeps(what, || transfers.pay(QUICK_BANK).code);
            // Where only its answer is sick, the tenth is paid too, and found so.
            let well = "transfers WHERE status = 'completed' AND transfer_id <> 'sick'";
            assert_eq!(transfers.world.count(well), 9, "{what}");
            assert_eq!(transfers.bank.paid_more_than_once(), [], "{what}");
        }
    });
}

#[test]
fn following() {
    on_both_kinds(|kind| {
        for (what, reply) in sicknesses() {
            let transfers = bank_with_ten(kind);
            transfers.bank.set_course(Course::later(0, Course::Deliver));
            transfers.pay(QUICK_BANK).expect(0);
            assert_eq!(transfers.count_in("pending_external"), 10, "{what}");
            let key = transfers.bank.payouts_of("sick").remove(0).key;
            transfers.bank.script_for(BankEndpoint::PayoutsLookup, key, u32::MAX, reply);
            let past = match kind {
                Kind::Sqlite => "'2000-01-01T00:00:00.000000Z'",
                Kind::Postgres => "timestamptz '2000-01-01'",
            };
            let due = format!("UPDATE payouts SET not_before = {past} WHERE finished_at IS NULL");
            two_sweeps(what, || {
                transfers.world.sql(&due);
                transfers.pay(QUICK_BANK).code
            });
            assert_eq!(transfers.count_in("completed"), 9, "{what}");
            assert_eq!(transfers.status("sick"), "pending_external", "{what}");
            transfers.check_paid_once(&ten().collect::<Vec<_>>(), what);
        }
    });
}

/// Payouts that failed before, and hang now, are more than there are places for them: what comes then is paid for all that.
#[test]
fn what_comes_while_many_hang_again_is_paid() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let sick: Vec<String> = (0..20).map(|n| format!("sick-{n}")).collect();
        transfers.create(&sick.iter().map(|id| send(id)).collect::<Vec<_>>());
        for id in &sick {
            transfers.bank.script_for(BankEndpoint::Payouts, id, u32::MAX, Reply::Hang);
        }
        assert_eq!(transfers.pay(QUICK_BANK).code, Some(0));
        let daemon = transfers.start(&["rails.bank.timeout=5m", "rails.bank.parallel=8"]);
        for n in 0..3 {
            transfers.create(&[send(&format!("well-{n}"))]);
            crate::support::world::until_true("the new one to be paid", || {
                transfers.count_in("completed") == n + 1
            });
        }
        drop(daemon);
        assert_eq!(transfers.bank.paid_more_than_once(), []);
    });
}

/// One 401 in between is one payout's own: it is tried again within seconds, and not when the pause for credentials that are
/// refused is over.
#[test]
fn one_answer_that_does_not_let_us_in_is_no_pause() {
    on_both_kinds(|kind| {
        let transfers = bank_with_ten(kind);
        transfers.bank.script_for(BankEndpoint::Payouts, "sick", 1, Reply::status(401));
        let daemon = transfers.start(QUICK_BANK);
        crate::support::world::until_true("all to be paid", || {
            transfers.count_in("completed") == 10
        });
        drop(daemon);
        assert_eq!(transfers.world.alerts(), Vec::<String>::new());
        transfers.check_paid_once(&ten().collect::<Vec<_>>(), "at the end");
    });
}
