//! Deposits whose money goes back on the rail that it came from, and amounts that nobody has settled.

use railpoll::engine::{
    Cause, Changes, NewRefund, NewTransfer, Step, TransferKind, TransferStatus,
};
use railpoll_sandbox::bank::Course;

use crate::support::ann;
use crate::support::databases::Kind;
use crate::support::payments::now;
use crate::support::transfers::{Transfers, send};
use crate::support::world::until_true;

/// A deposit of 10.00 USD that has come.
fn deposit(id: &str) -> NewTransfer {
    NewTransfer {
        kind: TransferKind::Deposit,
        status: TransferStatus::PendingAnchor,
        to_address: Some("GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5".to_owned()),
        amount_out: Some("9.00".parse().unwrap()),
        amount_fee: Some("1.00".parse().unwrap()),
        beneficiary: None,
        ..send(id)
    }
}

/// A person decides that its money goes back.
fn refund(transfers: &Transfers, id: &str) {
    let store = transfers.store();
    let refunded = async {
        let transfer = store.transfer(id).await.unwrap().unwrap();
        let refund = NewRefund {
            refund_id: format!("refund-{id}"),
            transfer_id: Some(id.to_owned()),
            incoming: None,
            place: "bank".to_owned(),
            amount: transfer.amount_in.clone().unwrap(),
            asset: "USD".to_owned(),
            destination: None,
            memo: None,
            beneficiary: Some(r#"{"name":"Grace"}"#.to_owned()),
            reason: "wrong customer".to_owned(),
        };
        let changes = Changes { refund_id: Some(refund.refund_id.clone()), ..Changes::default() };
        let (to, cause) = (TransferStatus::PendingAnchor, Cause::RefundDecided);
        let step = Step { transfer: &transfer, to, cause, changes };
        store.move_transfers(ann(), &[step], &[refund], now()).await.unwrap()
    };
    assert_eq!(transfers.world.wait(refunded).len(), 1);
    transfers.world.wait(store.close());
}

fn a_deposits_money_goes_back(kind: Kind) {
    let transfers = Transfers::new(kind);
    let ids = transfers.create(&["kept", "back", "slow", "failed"].map(deposit));
    for id in &ids[1..] {
        refund(&transfers, id);
    }
    transfers.bank.set_course_for("slow", Course::later(1, Course::Deliver));
    transfers.bank.set_course_for("failed", Course::fail("AC04", "closed account"));
    let daemon = transfers.start(&[]);
    until_true("the refunds", || {
        transfers.count_in("refunded") == 2 && transfers.count_in("on_hold") == 1
    });
    drop(daemon);
    assert_eq!(transfers.status("kept"), "pending_anchor", "that goes out on the network");
    assert_eq!(
        (transfers.status("failed"), transfers.message("failed")),
        ("on_hold".into(), "closed account".into())
    );
    assert_eq!(transfers.world.alerts().len(), 2, "of the hold, and of the refund");
    let paid = transfers.bank.payouts_of("back");
    assert_eq!(paid[0].amount.to_string(), "10.00", "all of it");
    assert!(paid[0].beneficiary.contains("Grace"));
    assert!(paid[0].is_refund, "the order says so");
    assert_eq!(paid[0].refund_id.as_deref(), Some("refund-back"));
    assert_eq!(paid[0].transfer_id.as_deref(), Some("back"));
    transfers.check_paid_once(&ids[1..3], "at the end");
    transfers.check_trail("at the end");
    let ends = "SELECT status FROM refunds ORDER BY refund_id";
    assert_eq!(transfers.world.texts(ends), ["done", "failed", "done"]);
}

#[test]
fn a_deposits_money_goes_back_on_sqlite() {
    a_deposits_money_goes_back(Kind::Sqlite);
}

#[test]
fn a_deposits_money_goes_back_on_postgres() {
    a_deposits_money_goes_back(Kind::Postgres);
}

const ASSET: &str = r#"
    [networks.stellar]
    kind = "stellar"
    horizon_url = "http://127.0.0.1:1/"
    passphrase = "Test SDF Network ; September 2015"
    [assets.usdc]
    network = "stellar"
    code = "USDC"
    issuer = "GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5"
    account = "GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SG"
    rail = "bank"
    currency = "USD"
    fee_fixed = "1"
    fee_percent = "0.5"
"#;

/// What a person has let go on is paid with the asset's fees; what has no price waits for that person.
fn amounts_are_settled_by_the_fees(kind: Kind) {
    let transfers = Transfers::new(kind);
    transfers.configure(ASSET);
    let withdrawal = |id: &str, kind, asset: &str| NewTransfer {
        kind,
        status: TransferStatus::PendingAnchor,
        asset: asset.to_owned(),
        amount_expected: Some("200".parse().unwrap()),
        amount_in: Some("200".parse().unwrap()),
        amount_out: Some("200".parse().unwrap()),
        amount_fee: Some("0".parse().unwrap()),
        ..send(id)
    };
    let ids = transfers.create(&[
        withdrawal("plain", TransferKind::Withdrawal, "usdc"),
        withdrawal("exchange", TransferKind::WithdrawalExchange, "usdc"),
        withdrawal("unknown", TransferKind::Withdrawal, "gone"),
    ]);
    // As they are when their money came, and nobody could settle what goes out.
    transfers
        .world
        .sql("UPDATE transfers SET amount_out = NULL, amount_fee = NULL, version = version + 1");
    // The guard wants a version of its own; the history has none of it.
    transfers.world.sql("UPDATE transfers SET version = version - 1");
    transfers.pay(&[]).expect(0);
    assert_eq!(transfers.status("plain"), "completed");
    let [paid] = &transfers.bank.payouts_of("plain")[..] else { panic!("not one") };
    assert_eq!(paid.amount.to_string(), "198.00", "200, less 1 and 0.5 percent");
    for (id, why) in [("exchange", "no price"), ("unknown", "no asset \"gone\"")] {
        assert_eq!(transfers.status(id), "on_hold");
        assert!(transfers.message(id).contains(why), "{}", transfers.message(id));
    }
    transfers.check_paid_once(&ids[..1], "at the end");
    transfers.check_trail("at the end");
}

#[test]
fn amounts_are_settled_by_the_fees_on_sqlite() {
    amounts_are_settled_by_the_fees(Kind::Sqlite);
}

#[test]
fn amounts_are_settled_by_the_fees_on_postgres() {
    amounts_are_settled_by_the_fees(Kind::Postgres);
}
