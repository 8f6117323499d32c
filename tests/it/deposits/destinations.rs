//! Where the money goes: accounts that are not there, that cannot take it, and that are part of others.

use railpoll::engine::Memo;
use railpoll_sandbox::horizon::{HorizonOptions, Keys, Paid, PaidBy};
use serde_json::Value;

use crate::support::scene::balance_id;
use crate::support::stellar::{Anchor, ONE, Setting, on_both_kinds, usdc};
use crate::support::web;
use crate::support::world::finish;

/// Makes what waits for a look be looked at now.
fn look_again(anchor: &Anchor) {
    anchor.transfers.world.sql("UPDATE transfers SET not_before = NULL WHERE completed_at IS NULL");
    anchor.send();
}

#[test]
fn without_a_trustline_it_waits_and_is_paid() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.horizon.account("customer", "100").unwrap();
        anchor.create(&anchor.deposit("d", &customer.account()));
        anchor.send();
        assert_eq!(anchor.transfers.status("d"), "pending_trust");
        assert!(anchor.transfers.message("d").contains("no trustline for USDC"));
        look_again(&anchor);
        assert_eq!(anchor.transfers.status("d"), "pending_trust");
        anchor.horizon.trust(&customer, &usdc(), "5").unwrap();
        look_again(&anchor);
        assert_eq!(anchor.transfers.status("d"), "pending_trust", "no room for 10");
        anchor.horizon.trust(&customer, &usdc(), "1000").unwrap();
        look_again(&anchor);
        assert_eq!(anchor.transfers.status("d"), "completed");
        anchor.check_paid(&[customer.account()]);
    });
}

#[test]
fn without_authorization_it_waits() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        anchor.horizon.require_authorization(&Keys::of("issuer")).unwrap();
        let customer = anchor.customer("customer");
        anchor.create(&anchor.deposit("d", &customer.account()));
        anchor.send();
        assert_eq!(anchor.transfers.status("d"), "pending_trust");
        anchor.horizon.authorize(&customer, &usdc(), true).unwrap();
        look_again(&anchor);
        anchor.check_paid(&[customer.account()]);
    });
}

#[test]
fn an_account_is_created_and_the_payment_is_another() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = Keys::of("customer");
        anchor.create(&anchor.deposit("d", &customer.account()));
        anchor.send();
        assert_eq!(anchor.horizon.balance(&customer.account(), "native"), Some(20_100_000));
        assert_eq!(anchor.transfers.status("d"), "pending_trust", "that was not the payment");
        anchor.horizon.trust(&customer, &usdc(), "1000").unwrap();
        look_again(&anchor);
        assert_eq!(anchor.transfers.status("d"), "completed");
        assert_eq!(anchor.horizon.balance(&customer.account(), &usdc()), Some(10 * ONE));
        anchor.check_books();
    });
}

#[test]
fn lumens_create_the_account_that_they_go_to() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = Keys::of("customer");
        let mut deposit = anchor.deposit("d", &customer.account());
        deposit.asset = "lumens".to_owned();
        anchor.create(&deposit);
        anchor.send();
        assert_eq!(anchor.transfers.status("d"), "completed");
        anchor.check_paid(&[customer.account()]);
    });
}

#[test]
fn claimable_balances_do_not_wait() {
    on_both_kinds(|kind| {
        let setting =
            Setting { asset: "claimable_balances = true".to_owned(), ..Setting::default() };
        let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
        let customer = anchor.horizon.account("customer", "100").unwrap();
        let nobody = Keys::of("nobody");
        anchor.create(&anchor.deposit("d", &customer.account()));
        anchor.create(&anchor.deposit("e", &nobody.account()));
        anchor.send();
        anchor.send();
        assert_eq!(anchor.transfers.count_in("completed"), 2);
        let paid = anchor.paid();
        // Nobody has an account before we make one.
        let payments = paid.len();
        let balances: Vec<&Paid> = paid.iter().filter(|paid| balance_id(paid).is_some()).collect();
        assert_eq!((payments, balances.len()), (3, 2), "each is laid down once");
        for (transfer, keys) in [("d", &customer), ("e", &nobody)] {
            let of = balances.iter().find(|paid| paid.to == keys.account());
            let id = of.and_then(|paid| balance_id(paid)).unwrap();
            assert!(anchor.transfers.message(transfer).contains(id), "{id}");
            let of = format!(
                "SELECT balance_id FROM envelope_payments \
                 WHERE transfer_id = '{transfer}' AND balance_id IS NOT NULL"
            );
            assert_eq!(anchor.transfers.world.texts(&of), [id]);
            let world = &anchor.transfers.world;
            let shown = finish(world.command("railpoll", &[]).args([
                "transfers",
                "show",
                transfer,
                "--json",
            ]));
            let story = &shown.expect(0).json()[0];
            let envelopes = story["envelopes"].as_array().unwrap().iter();
            let payments = envelopes.flat_map(|envelope| envelope["payments"].as_array().unwrap());
            let told: Vec<&str> =
                payments.filter_map(|payment| payment["balance_id"].as_str()).collect();
            assert_eq!(told, [id], "{story}");
        }
        // The customer opens a trustline, and takes what waits.
        let to = customer.account();
        let id = balances.iter().find(|paid| paid.to == to).and_then(|paid| balance_id(paid));
        let id = id.unwrap();
        let address = anchor.horizon.url().replace("http://", "").parse().unwrap();
        let look = || web::get(address, &format!("/claimable_balances/{id}")).unwrap();
        let (status, told) = look();
        assert_eq!(status, 200, "{told}");
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["amount"], &told["asset"]), (&"10.0000000".into(), &usdc().into()));
        assert_eq!(told["claimants"][0]["destination"], to);
        anchor.horizon.trust(&customer, &usdc(), "1000").unwrap();
        anchor.horizon.claim(&customer, id).unwrap();
        assert_eq!((look().0, anchor.horizon.balance(&to, &usdc())), (404, Some(10 * ONE)));
        anchor.send();
        let is_claim = |paid: &&Paid| matches!(paid.kind, PaidBy::Claim(_));
        let paid = anchor.paid();
        let (claims, others): (Vec<&Paid>, Vec<&Paid>) = paid.iter().partition(is_claim);
        assert_eq!((claims.len(), others.len()), (1, payments), "nothing is paid again");
        anchor.check_books();
    });
}

#[test]
fn all_memos_arrive_whole() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.customer("customer");
        let memos = [
            Memo::Text("rent".to_owned()),
            Memo::Id(u64::MAX),
            Memo::Hash([7; 32]),
            Memo::Return([9; 32]),
        ];
        for (n, memo) in memos.into_iter().enumerate() {
            let mut deposit = anchor.deposit(&format!("d{n}"), &customer.account());
            deposit.memo = Some(memo);
            anchor.create(&deposit);
        }
        anchor.send();
        anchor.check_paid(&vec![customer.account(); 4]);
        let paid = anchor.paid();
        let mut memos: Vec<_> = paid.iter().map(|paid| paid.memo_type).collect();
        memos.sort_unstable();
        assert_eq!(memos, ["hash", "id", "return", "text"]);
    });
}

#[test]
fn one_bad_row_delays_nobody() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.customer("customer");
        let issuer = Keys::of("issuer").account();
        anchor.create(&anchor.deposit("bad-address", "GABC"));
        let mut fine = anchor.deposit("too-fine", &customer.account());
        fine.amount_out = Some("10.00000001".parse().unwrap());
        fine.amount_fee = Some("0.49999999".parse().unwrap());
        anchor.create(&fine);
        let mut lost = anchor.deposit("unknown-asset", &issuer);
        lost.asset = "nothing".to_owned();
        anchor.create(&lost);
        anchor.create(&anchor.deposit("good", &customer.account()));
        anchor.send();
        assert_eq!(anchor.transfers.status("good"), "completed");
        assert_eq!(anchor.transfers.status("bad-address"), "on_hold");
        assert_eq!(anchor.transfers.status("too-fine"), "on_hold");
        assert_eq!(anchor.transfers.status("unknown-asset"), "pending_anchor");
        assert!(anchor.transfers.message("unknown-asset").contains("not configured"));
        assert_eq!(anchor.transfers.world.alerts(), ["transfer_on_hold stands"]);
        anchor.check_paid(&[customer.account()]);
    });
}
