//! What is told of transfers, and that only what is possible is advised.

use super::*;
use crate::engine::fixtures::at;
use crate::engine::transfer::fixtures::transfer;

fn told(transfer: &Transfer, around: &Surroundings<'_>) -> Explanation {
    explain(transfer, around, at(10))
}

#[test]
fn every_status_of_every_kind_is_explained() {
    for (kind, status) in TransferKind::ALL
        .into_iter()
        .flat_map(|kind| TransferStatus::ALL.map(|status| (kind, status)))
    {
        let told = told(&transfer(kind, status), &Surroundings::default());
        assert!(!told.why.is_empty() && !told.next.is_empty(), "{kind} {status}");
        assert_eq!(told.when, None);
    }
}

#[test]
fn only_what_is_possible_is_advised() {
    use crate::engine::{Cause, legal, released_to};
    for (kind, status) in TransferKind::ALL
        .into_iter()
        .flat_map(|kind| TransferStatus::ALL.map(|status| (kind, status)))
    {
        for amount_in in [None, Some("10".parse().unwrap())] {
            let mut one = transfer(kind, status);
            one.amount_in = amount_in;
            let next = told(&one, &Surroundings::default()).next;
            let may = |to, cause| legal(kind, status, to, cause).is_ok();
            let ways = [
                (
                    "transfers release",
                    may(released_to(&one), Cause::Released)
                        || may(released_to(&one), Cause::Retried),
                ),
                (
                    "transfers refund",
                    one.amount_in.is_some()
                        && may(TransferStatus::PendingAnchor, Cause::RefundDecided),
                ),
                ("transfers resolve", may(TransferStatus::Completed, Cause::Resolved)),
            ];
            for (way, is_possible) in ways {
                assert!(!next.contains(way) || is_possible, "{kind} {status}: {next}");
            }
        }
    }
}

#[test]
fn the_message_and_the_time_are_told() {
    let mut one = transfer(TransferKind::Deposit, TransferStatus::PendingTrust);
    one.message = Some("the trustline is not authorized".to_owned());
    one.not_before = Some(at(99));
    let told_now = told(&one, &Surroundings::default());
    assert!(told_now.why.ends_with(": the trustline is not authorized"), "{}", told_now.why);
    assert_eq!(told_now.when, Some(at(99)));
    one.not_before = Some(at(9));
    assert_eq!(told(&one, &Surroundings::default()).when, None, "it may happen now");
    let mut waiting = transfer(TransferKind::Send, TransferStatus::PendingSender);
    waiting.deadline = Some(at(60));
    let next = told(&waiting, &Surroundings::default()).next;
    assert!(next.contains("1970-01-01T00:01:00.000Z"), "{next}");
}

#[test]
fn an_open_payout_says_more_than_the_status() {
    let one = transfer(TransferKind::Withdrawal, TransferStatus::PendingAnchor);
    let payout = |status| Surroundings {
        payout: Some((status, 2, Some("busy"))),
        payout_not_before: Some(at(70)),
        ..Surroundings::default()
    };
    let unknown = told(&one, &payout(PayoutStatus::Unknown));
    assert!(unknown.next.contains("before anything else"), "{}", unknown.next);
    assert!(unknown.why.contains("busy"), "{}", unknown.why);
    assert_eq!(unknown.when, Some(at(70)));
    let intended = told(&one, &payout(PayoutStatus::Intended));
    assert!(intended.next.contains("the same key"), "{}", intended.next);
    let held = transfer(TransferKind::Withdrawal, TransferStatus::OnHold);
    let held = told(&held, &payout(PayoutStatus::Unknown));
    assert!(held.next.contains("transfers resolve t1"), "{}", held.next);
}

#[test]
fn who_acts_depends_on_which_way_the_money_goes() {
    let next = |kind, refund: Option<&str>| {
        let mut one = transfer(kind, TransferStatus::PendingAnchor);
        one.refund_id = refund.map(str::to_owned);
        told(&one, &Surroundings::default()).next
    };
    let (sends, pays) = ("pending-deposits sends it on stellar", "outgoing sends it on rail bank");
    assert_eq!(next(TransferKind::Deposit, None), sends);
    assert_eq!(next(TransferKind::Deposit, Some("r")), pays);
    assert_eq!(next(TransferKind::Withdrawal, None), pays);
    assert_eq!(next(TransferKind::Withdrawal, Some("r")), sends);
}
