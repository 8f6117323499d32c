//! What a person wishes for an order.

use super::{Shops, WHY, on_both};

#[test]
fn an_order_goes_through_every_wish() {
    on_both(|shops| {
        shops.order("1041", "25", &["--customer", "alice", "--memo", "a gift"]);
        assert_eq!(shops.status("1041"), "unclaimed");
        // Nobody is known to pay it, so that its price is not asked of anybody yet.
        let priced = ["orders", "price", "1041", "--to", "20"];
        shops.refused("wrong_state", &[&priced[..], &WHY].concat());
        shops.decided(&["orders", "cancel", "1041"]);
        let again = ["orders", "cancel", "1041"];
        shops.refused("wrong_state", &[&again[..], &WHY].concat());
        let told = shops.decided(&["orders", "reset", "1041"]);
        assert_eq!(told, "web/1041 was cancelled, and is new\n");
        shops.decided(&["orders", "price", "1041", "--to", "20"]);
        shops.refused("unfit", &[&priced[..], &WHY].concat());
        let many = ["orders", "price", "1041", "--to", "0.0000001"];
        shops.refused("invalid", &[&many[..], &WHY].concat());
        shops.decided(&["orders", "memo", "1041", "--to", "no gift"]);
        shops.decided(&["orders", "reassign", "1041", "--to", "bob"]);
        let order = shops.one(&["orders", "show", "1041"]);
        assert_eq!((&order["price"], &order["memo"]), (&"20".into(), &"no gift".into()));
        assert_eq!(order["customer_id"], "bob");
        let words = [&["orders", "fulfil", "1041"][..], &WHY].concat();
        let paid = shops.one(&words);
        assert_eq!((&paid["was"], &paid["status"]), (&"new".into(), &"paid".into()));
        assert_eq!(paid["settlements"][0]["wallet"], "credit:web/bob");
        assert_eq!(paid["settlements"][0]["amount"], "20");
        shops.refused("wrong_state", &words);
        let history = shops.one(&["orders", "show", "1041"])["history"].clone();
        let history: Vec<(String, Option<String>)> = history
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let by = row["decided_by"].as_str().map(str::to_owned);
                (row["status"].as_str().unwrap().to_owned(), by)
            })
            .collect();
        let ann = Some("ann".to_owned());
        assert_eq!(
            history.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(),
            ["unclaimed", "cancelled", "new", "paid"]
        );
        assert_eq!(history[1].1, ann);
        let audit = shops.json(&["audit", "list", "--subject", "order/web/1041"]);
        let actions: Vec<&str> = audit.iter().map(|row| row["action"].as_str().unwrap()).collect();
        assert_eq!(
            actions,
            [
                "order.create",
                "order.cancel",
                "order.reset",
                "order.price",
                "order.memo",
                "order.reassign",
                "order.fulfil"
            ]
        );
        assert_eq!(shops.world.count("events WHERE type = 'order.paid'"), 1);
    });
}

#[test]
fn a_reason_is_needed_and_a_key_answers_a_repetition() {
    let shops = Shops::new(crate::support::databases::Kind::Sqlite);
    shops.order("1041", "25", &["--customer", "alice"]);
    assert_eq!(shops.run(&["orders", "cancel", "1041"]).code, Some(64), "nobody says why");
    let credit = ["orders", "credit", "--shop", "web", "--customer", "alice", "--amount", "10"];
    let keyed = [&credit[..], &WHY, &["--idempotency-key", "k1"]].concat();
    let first = shops.one(&keyed);
    assert_eq!((&first["already"], &first["credit"]), (&false.into(), &"10".into()));
    let again = shops.one(&keyed);
    assert_eq!((&again["already"], &again["credit"]), (&true.into(), &"10".into()));
    assert_eq!(again["incoming_id"], first["incoming_id"], "the note follows from the key");
    let other = [&credit[..7], &["11"], &WHY, &["--idempotency-key", "k1"]].concat();
    let told = shops.refused("refused", &other);
    assert!(told.contains("k1 was used for something else"), "{told}");
    // Without a key the same is another note.
    let twice =
        [shops.one(&[&credit[..], &WHY].concat()), shops.one(&[&credit[..], &WHY].concat())];
    assert_ne!(twice[0]["incoming_id"], twice[1]["incoming_id"]);
    assert_eq!(twice[1]["paid"][0]["order_id"], "1041", "25 of 30 are spent");
    let cancel = ["orders", "create", "--shop", "web", "--price", "5", "--idempotency-key", "k2"];
    let made = shops.one(&cancel);
    assert_eq!(shops.one(&cancel)["order_id"], made["order_id"]);
    assert_eq!(shops.one(&cancel)["already"], true);
    let two = ["orders", "cancel", "1041", "1042", "--idempotency-key", "k3"];
    assert_eq!(shops.run(&[&two[..], &WHY].concat()).code, Some(64));
}

#[test]
fn each_order_is_decided_on_alone() {
    let shops = Shops::new(crate::support::databases::Kind::Sqlite);
    shops.order("a-1", "1", &[]);
    shops.order("a-2", "1", &[]);
    let words = [&["orders", "cancel", "a-1", "nobody", "a-2"][..], &WHY].concat();
    let ended = shops.run(&words);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("there is no order nobody"), "{}", ended.stderr);
    assert_eq!(
        (shops.status("a-1"), shops.status("a-2")),
        ("cancelled".into(), "cancelled".into())
    );
}
