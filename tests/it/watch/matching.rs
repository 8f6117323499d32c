//! Whose money it is.

use chrono::TimeDelta;
use railpoll::engine::{Clock, Memo, TransferKind, TransferStatus};
use railpoll_sandbox::horizon::{CustomerMemo, CustomerPayment, HorizonOptions, Keys};

use crate::support::stellar::{Anchor, Setting, on_both_kinds, us, usdc};

#[test]
fn what_is_waited_for_moves_its_transfer() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        let mut send = anchor.withdrawal("s", u64::MAX);
        send.kind = TransferKind::Send;
        send.status = TransferStatus::PendingSender;
        anchor.create(&send);
        let mut hashed = anchor.withdrawal("h", 0);
        hashed.memo = Some(Memo::Hash([5; 32]));
        anchor.create(&hashed);
        let hash = anchor.pays(&customer, "10", 7);
        anchor.pays(&customer, "10", u64::MAX);
        anchor.pays_with(&customer, "10", CustomerMemo::Hash([5; 32]));
        anchor.watch();
        assert_eq!(anchor.verdicts(), ["matched w", "matched s", "matched h"]);
        assert_eq!(anchor.transfers.status("w"), "pending_anchor");
        assert_eq!(anchor.transfers.status("s"), "pending_receiver");
        let facts = "SELECT CAST(amount_in AS text) || ' ' || CAST(amount_out AS text) || ' ' || \
                     network_reference || ' ' || from_address FROM transfers WHERE transfer_id = 'w'";
        let facts = anchor.transfers.world.texts(facts).remove(0);
        assert_eq!(facts, format!("10.0000000 9.50 {hash} {}", customer.account()));
        anchor.watch();
        assert_eq!(anchor.verdicts().len(), 3, "each is booked once");
        assert_eq!(anchor.transfers.world.alerts(), Vec::<String>::new());
        anchor.check_books();
    });
}

#[test]
fn a_muxed_address_is_as_good_as_a_memo() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        let to = Keys::of("distribution").muxed(7);
        let (asset, amount) = (usdc(), "10".to_owned());
        let payment = CustomerPayment { to, asset, amount, memo: CustomerMemo::None };
        anchor.horizon.pay(&customer, &payment).unwrap();
        anchor.watch();
        assert_eq!(anchor.verdicts(), ["matched w"]);
    });
}

#[test]
fn what_belongs_to_nobody_is_kept_and_told() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        let past = Clock::system().now() - TimeDelta::minutes(1);
        for (id, memo) in [("other-asset", 2), ("late", 3), ("text", 4)] {
            let mut withdrawal = anchor.withdrawal(id, memo);
            withdrawal.deadline = (id == "late").then_some(past);
            anchor.create(&withdrawal);
        }
        let lumens = CustomerPayment {
            to: us(),
            asset: "native".to_owned(),
            amount: "10".to_owned(),
            memo: CustomerMemo::Id(2),
        };
        anchor.horizon.pay(&customer, &lumens).unwrap();
        anchor.pays(&customer, "10", 3);
        // The number 4 and the text `4` are two memos.
        anchor.pays_with(&customer, "10", CustomerMemo::Text(b"4".to_vec()));
        anchor.pays_with(&customer, "10", CustomerMemo::Text(vec![0xff, 0, 0x27]));
        anchor.pays_with(&customer, "10", CustomerMemo::None);
        anchor.watch();
        let expected = [
            "wrong_asset other-asset",
            "too_late late",
            "unknown_memo",
            "unknown_memo",
            "unknown_memo",
        ];
        assert_eq!(anchor.verdicts(), expected);
        assert_eq!(anchor.transfers.status("late"), "expired");
        assert_eq!(anchor.transfers.world.alerts(), ["incoming_unmatched stands"]);
        anchor.check_books();
    });
}

#[test]
fn another_amount_follows_the_policy_and_goes_back_where_it_came_from() {
    let policies = [("hold", "on_hold"), ("accept", "pending_anchor"), ("refund", "refunded")];
    on_both_kinds(|kind| {
        for (policy, status) in policies {
            let asset = [
                "underpayment = \"hold\"",
                "underpayment = \"accept\"",
                "underpayment = \"refund\"",
            ]
            .into_iter()
            .find(|key| key.contains(policy))
            .unwrap();
            let setting = Setting { asset: asset.to_owned(), ..Setting::default() };
            let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
            let customer = anchor.rich_customer("customer");
            anchor.create(&anchor.withdrawal("w", 7));
            let hash = anchor.pays(&customer, "4", 7);
            anchor.watch();
            anchor.send();
            assert_eq!(anchor.transfers.status("w"), status, "{policy}");
            let back = anchor.paid();
            if policy == "refund" {
                assert_eq!(back.len(), 1);
                assert_eq!((back[0].to.clone(), back[0].amount), (customer.account(), 40_000_000));
                assert_eq!(back[0].memo_type, "return");
                let world = &anchor.transfers.world;
                assert_eq!(world.count("refunds WHERE status = 'done'"), 1);
                assert!(!hash.is_empty());
            } else {
                assert!(back.is_empty(), "{policy}: {back:?}");
            }
            // What we have paid ourselves is in the list too, and is nothing to us.
            anchor.watch();
            assert_eq!(anchor.verdicts().len(), 1);
            anchor.check_books();
        }
    });
}
