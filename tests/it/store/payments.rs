//! Lists, counts and documents.

use railpoll::engine::ConnectorRole;
use railpoll::store::{PaymentFilter, StoreError};

use crate::support::payments::{NETWORK, at, documented, money, now, payment, record, row, state};
use crate::support::{Kind, on_both};

#[test]
fn amounts_come_back_as_they_came() {
    on_both(async |database| {
        let store = database.store().await;
        let amounts = [
            ("0", "0"),
            ("0.000000000", "0.000000000"),
            ("10.000000000", "10.000000000"),
            ("1234567890123456789012345678.123456789", "1234567890123456789012345678.123456789"),
            (
                "999999999999999999999999999999999999999999.123456789012345678",
                "999999999999999999999999999999999999999999.123456789012345678",
            ),
            (
                "0.00000000000000000000000000000000000000000000000000000000001",
                "0.00000000000000000000000000000000000000000000000000000000001",
            ),
            ("1000", "1000"),
            ("0.00000", "0.00000"),
            ("00012.50", "12.50"),
        ];
        for (number, (sent, kept)) in amounts.iter().enumerate() {
            let mut seen = payment(&format!("p{number:02}"), "ACCEPTED", 1);
            seen.money = money(sent);
            seen.payout = Some(money(sent));
            record(&store, &[row(seen)]).await;
            let found = &store.payments_with_id(&format!("p{number:02}"), None).await.unwrap()[0];
            assert_eq!(found.amount, *kept, "{sent}");
            assert_eq!(found.payout, Some(((*kept).to_owned(), "USD".to_owned())), "{sent}");
            let roles = ConnectorRole::Receiving;
            let due = store.due(NETWORK, &[state("ACCEPTED")], &roles, now(), 100).await.unwrap();
            assert!(due.iter().any(|due| due.money == money(sent)));
        }
    });
}

#[test]
fn documents_come_back_byte_for_byte_and_the_database_can_read_them() {
    on_both(async |database| {
        let store = database.store().await;
        let documents = [
            r#"{"b":1,  "a": {"x":"ä\u00e4\ud83d\ude00 \\u0000"} ,"a2":[1.10,1e3,12345678901234567890123]}"#,
            "\n{ \"a\" : { \"x\" : \"\u{1F600}\u{FFFF}\" } }\t ",
            r#"{"a":{"x":"1","x":"2"}}"#,
        ];
        for (number, document) in documents.iter().enumerate() {
            let mut seen = payment(&format!("p{number}"), "ACCEPTED", 1);
            documented(&mut seen, document);
            record(&store, &[row(seen)]).await;
            assert_eq!(store.document(NETWORK, &format!("p{number}")).await.unwrap(), *document);
        }
        let read = match database.kind {
            Kind::Sqlite => "json_extract(document, '$.a.x')",
            Kind::Postgres => "document -> 'a' ->> 'x'",
        };
        let mut person = database.person().await;
        let sql = format!(
            "SELECT {read} FROM payment_documents WHERE payment_id < 'p2' ORDER BY payment_id"
        );
        let texts = person.texts(&sql).await;
        assert_eq!(texts, ["ää\u{1F600} \\u0000", "\u{1F600}\u{FFFF}"]);
        let missing = store.document(NETWORK, "nobody").await;
        assert!(matches!(missing, Err(StoreError::Refused(_))));
    });
}

#[test]
fn every_field_comes_back() {
    on_both(async |database| {
        let store = database.store().await;
        let mut seen = payment("a", "ON_THE_MOON", 5);
        seen.sub_states = vec!["ONE".to_owned(), "\"two\" \\ drei ü".to_owned()];
        seen.connector_role = ConnectorRole::Other("INTERMEDIARY".to_owned());
        seen.expires_at = Some(at(9));
        seen.returns = Some("b".to_owned());
        seen.returned_by = Some("c".to_owned());
        seen.end_to_end_id = Some("e2e".to_owned());
        record(&store, &[row(seen.clone())]).await;
        let found = &store.payments_with_id("a", Some(NETWORK)).await.unwrap()[0];
        assert_eq!(found.network, NETWORK);
        assert_eq!(found.state, seen.state);
        assert_eq!(found.sub_states, seen.sub_states);
        assert_eq!(found.connector_role, "INTERMEDIARY");
        assert_eq!((found.amount.as_str(), found.currency.as_str()), ("10.00", "USD"));
        assert_eq!(found.payout, None);
        assert_eq!(found.created_at, Some(at(0)));
        assert_eq!((found.modified_at, found.expires_at), (at(5), Some(at(9))));
        assert_eq!(found.first_seen_at, now());
        assert_eq!((found.review.clone(), found.not_before, found.acted_at), (None, None, None));
        assert_eq!(
            (found.returns.as_deref(), found.returned_by.as_deref()),
            (Some("b"), Some("c"))
        );
        assert!(store.payments_with_id("a", Some("other")).await.unwrap().is_empty());
    });
}

#[test]
fn lists_are_filtered_and_paged() {
    on_both(async |database| {
        let store = database.store().await;
        let rows: Vec<_> = (0..25)
            .map(|n| {
                let word = if n % 2 == 0 { "ACCEPTED" } else { "LOCKED" };
                // Five at a time share a moment; two are from before 1970.
                let at = if n < 2 { -1_800_000_000 } else { i64::from(n / 5) };
                row(payment(&format!("p{n:02}"), word, at))
            })
            .collect();
        record(&store, &rows).await;
        let mut filter = PaymentFilter { limit: 4, ..PaymentFilter::default() };
        let mut ids = Vec::new();
        loop {
            let page = store.payments(&filter).await.unwrap();
            let Some(last) = page.last() else { break };
            filter.after = Some((last.modified_at, last.payment_id.clone()));
            ids.extend(page.into_iter().map(|payment| payment.payment_id));
        }
        let all: Vec<_> = (0..25).map(|n| format!("p{n:02}")).collect();
        assert_eq!(ids, all);
        let filter = PaymentFilter {
            state: Some("LOCKED".to_owned()),
            network: Some(NETWORK.to_owned()),
            since: Some(at(4)),
            limit: 50,
            ..PaymentFilter::default()
        };
        let found = store.payments(&filter).await.unwrap();
        let ids: Vec<_> = found.iter().map(|payment| payment.payment_id.as_str()).collect();
        assert_eq!(ids, ["p21", "p23"]);
        let nobody = PaymentFilter { review: Some("held".to_owned()), ..filter };
        assert!(store.payments(&nobody).await.unwrap().is_empty());
    });
}

#[test]
fn counts_agree_with_the_rows() {
    on_both(async |database| {
        let store = database.store().await;
        let mut other = payment("z", "LOCKED", 9);
        other.connector_role = ConnectorRole::Sending;
        let mut rows: Vec<_> =
            (0..10).map(|n| row(payment(&format!("p{n}"), "LOCKED", n))).collect();
        rows.push(row(other));
        record(&store, &rows).await;
        record(&store, &[row(payment("p0", "EXECUTED", 20)), row(payment("p1", "EXECUTED", 21))])
            .await;
        let (locked, role) = ([state("LOCKED")], ConnectorRole::Receiving);
        assert_eq!(store.count_in(NETWORK, &locked, Some(&role)).await.unwrap(), 8);
        assert_eq!(store.count_in(NETWORK, &locked, None).await.unwrap(), 9);
        assert_eq!(store.count_in("other", &locked, None).await.unwrap(), 0);
        let both = [state("LOCKED"), state("EXECUTED")];
        assert_eq!(store.count_in(NETWORK, &both, Some(&role)).await.unwrap(), 10);
        let between = (at(3), at(7));
        let counted =
            store.count_between(NETWORK, &locked, &role, between.0, between.1).await.unwrap();
        assert_eq!(counted, 3);
        let ids = store.ids_between(NETWORK, &locked, &role, between, None, 2).await.unwrap();
        assert_eq!(ids, [("p4".to_owned(), at(4)), ("p5".to_owned(), at(5))]);
        let counts = store.counts(NETWORK).await.unwrap();
        assert_eq!(counts, [("EXECUTED".to_owned(), 2), ("LOCKED".to_owned(), 9)]);
    });
}
