//! What comes in is read whole, by page and by streams that break.

use std::collections::BTreeMap;

use railpoll::engine::Incoming;
use railpoll::networks::stellar::{Content, StreamRecord};
use railpoll_sandbox::horizon::{CustomerMemo, CustomerPayment, StreamFault};

use super::{Trial, run};

/// Sixty payments to the payer, with memos of each kind.
fn sixty(trial: &Trial) -> Vec<CustomerPayment> {
    trial.sandbox.issue(&trial.customer, &trial.usd.to_string(), "1000").unwrap();
    let memo = |number: u64| match number % 5 {
        0 => CustomerMemo::None,
        1 => CustomerMemo::Id(u64::MAX - number),
        2 => CustomerMemo::Text(format!("order {number}").into_bytes()),
        3 => CustomerMemo::Hash([7; 32]),
        _ => CustomerMemo::Return([8; 32]),
    };
    let payment = |number: u64| CustomerPayment {
        to: if number.is_multiple_of(7) {
            trial.payer.muxed(number)
        } else {
            trial.payer.account()
        },
        asset: if number.is_multiple_of(2) { trial.usd.to_string() } else { "native".to_owned() },
        amount: format!("1.{number:07}"),
        memo: memo(number),
    };
    (0..60).map(payment).collect()
}

fn incoming(record: &StreamRecord) -> Vec<Incoming> {
    match &record.content {
        Content::Received(incoming) => incoming.clone(),
        Content::Nothing => Vec::new(),
        other @ (Content::Claimed(_) | Content::Unreadable { .. }) => panic!("{other:?}"),
    }
}

/// What was paid and what was told, in the same words.
fn compare(trial: &Trial, told: &BTreeMap<String, Incoming>) {
    let paid = trial.sandbox.payments_to(&trial.payer.account());
    assert_eq!(told.len(), paid.len());
    for paid in paid {
        let one = &told[&paid.id.to_string()];
        assert_eq!(one.amount.to_string(), railpoll_sandbox::horizon::decimal(paid.amount));
        assert_eq!((&one.asset, &one.reference), (&paid.asset, &paid.hash));
        assert_eq!((one.muxed_id, one.from.as_ref()), (paid.to_muxed_id, Some(&paid.from)));
        let memo = one.memo.as_ref().map(|memo| (memo.memo_type(), memo.text()));
        let theirs = paid.memo.map(|memo| (paid.memo_type, memo));
        assert_eq!(memo, theirs);
    }
}

#[test]
fn every_payment_is_read_by_page() {
    run(async |trial| {
        trial.sandbox.pay_all(&trial.customer, &sixty(&trial)).unwrap();
        let mut told = BTreeMap::new();
        let mut cursor = None;
        loop {
            let account = trial.payer.account();
            let page = trial.horizon.payments(&account, cursor.as_deref(), 7).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = last.cursor.clone();
            for one in page.iter().flat_map(incoming) {
                assert!(told.insert(one.incoming_id.clone(), one).is_none(), "twice");
            }
        }
        compare(&trial, &told);
        trial.is_sound();
    });
}

#[test]
fn every_payment_is_read_by_streams_that_break() {
    run(async |trial| {
        trial.sandbox.pay_all(&trial.customer, &sixty(&trial)).unwrap();
        let faults = [
            StreamFault::Drop(5),
            StreamFault::DropInside(5),
            StreamFault::Repeat(5),
            StreamFault::Garbage(5),
            StreamFault::Close(5),
        ];
        for fault in faults {
            trial.sandbox.script_stream(1, fault);
        }
        let wanted = trial.sandbox.payments_to(&trial.payer.account()).len();
        let (mut told, mut cursor, mut streams) = (BTreeMap::new(), None, 0);
        while told.len() < wanted {
            streams += 1;
            assert!(streams < 20, "{} of {wanted}", told.len());
            let account = trial.payer.account();
            let mut stream = trial.horizon.stream(&account, cursor.as_deref()).await.unwrap();
            while told.len() < wanted
                && let Ok(Some(record)) = stream.next().await
            {
                for one in incoming(&record) {
                    told.insert(one.incoming_id.clone(), one);
                }
                cursor = record.cursor;
            }
        }
        assert!(streams > 3, "{streams} streams");
        compare(&trial, &told);
        trial.is_sound();
    });
}

#[test]
fn a_stream_tells_a_payment_when_it_is_made() {
    run(async |trial| {
        let account = trial.payer.account();
        let mut stream = trial.horizon.stream(&account, Some("now")).await.unwrap();
        let payments = sixty(&trial);
        for payment in &payments[..5] {
            trial.sandbox.pay(&trial.customer, payment).unwrap();
            let record = stream.next().await.unwrap().unwrap();
            assert_eq!(incoming(&record)[0].amount.to_string(), payment.amount);
        }
        trial.is_sound();
    });
}
