//! What the poller `orders` does with a shop's open orders.

use std::process::Command;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use railpoll::engine::Amount;
use railpoll::engine::order::{
    CreditNote, Customer, NewOrder, OrderFact, OrderKey, PayTo, credit_wallet,
};
use railpoll::store::{OrderTeller, OrderWorld, Store, Together};

use crate::support::databases::Kind;
use crate::support::stellar::on_both_kinds;
use crate::support::world::{World, finish};

/// Two shops, and what their orders are priced in.
const SHOPS: &str = r#"
    [networks.tari]
    kind = "tari"
    [assets.xtr]
    network = "tari"
    account = "14s9vDTwrweZvWEgQ9gNhXXPX68DPXSSAHNFWYEPi5JsBQY"
    [shops.web]
    assets = ["xtr"]
    [shops.other]
    assets = ["xtr"]
"#;

fn world(kind: Kind) -> World {
    let world = World::new(kind);
    world.configure("receiving", SHOPS);
    world
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// An order of ann's.
fn came(shop: &str, id: &str, price: &str) -> OrderFact {
    let told = NewOrder {
        key: OrderKey::new(shop, id),
        alt_id: None,
        customer_id: Some("ann".to_owned()),
        price: amount(price),
        asset: "xtr".to_owned(),
        original_price: None,
        currency: None,
        rate_id: None,
        pay_to: PayTo::Wallet,
        address: None,
        memo: None,
        created_at: now(),
    };
    OrderFact::Came { told: Box::new(told), claim: None }
}

#[expect(clippy::disallowed_methods, reason = "what the daemons go by")]
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// What happened so many hours ago. Two hours after an order came, its time is over.
fn happened(world: &World, hours: i64, facts: &[OrderFact]) {
    let at = now() - TimeDelta::hours(hours);
    world.wait(async {
        let store: Store = world.database.store().await;
        let (teller, all) = (OrderTeller::Payer, OrderWorld::default());
        let told = store.orders_happen(teller, facts, Together::AllOrNone, &all, at);
        told.await.unwrap();
        store.close().await;
    });
}

/// The command of the poller, switched on.
fn orders(world: &World, sets: &[&str]) -> Command {
    world.command("orders", &[&["pollers.orders.enabled=true"], sets].concat())
}

/// Where each order stands.
fn standing(world: &World) -> Vec<String> {
    world.texts(
        "SELECT shop || ' ' || order_id || ' ' || status FROM orders ORDER BY shop, order_id",
    )
}

#[test]
fn a_time_that_is_over_is_noticed() {
    on_both_kinds(|kind| {
        let world = world(kind);
        let old = [came("web", "1", "10"), came("other", "1", "10"), came("gone", "1", "10")];
        happened(&world, 3, &old);
        happened(&world, 1, &[came("web", "2", "10")]);
        finish(&mut orders(&world, &[])).expect(0);
        // A shop that is not configured is nobody's work.
        let expected = ["gone 1 unclaimed", "other 1 expired", "web 1 expired", "web 2 unclaimed"];
        assert_eq!(standing(&world), expected);
        assert_eq!(world.events("order.annulled"), 2);
        // Nothing is left to do.
        finish(&mut orders(&world, &["pollers.orders.shops=[\"web\"]"])).expect(0);
        assert_eq!(world.events("order.annulled"), 2);
        let acted = "SELECT network || ' ' || acted FROM sweeps ORDER BY sweep_id";
        let mut swept = world.texts(acted);
        swept.sort();
        assert_eq!(swept, ["other 1", "web 0", "web 1"]);
        assert_eq!(world.alerts(), Vec::<String>::new());
    });
}

#[test]
fn a_dry_run_tells_what_it_would_end_and_ends_nothing() {
    on_both_kinds(|kind| {
        let world = world(kind);
        happened(&world, 3, &[came("web", "1", "10")]);
        happened(&world, 1, &[came("web", "2", "10")]);
        let mut command = orders(&world, &["pollers.orders.shops=[\"web\"]"]);
        let told = finish(command.args(["--dry-run", "--json"])).expect(0);
        let would: Vec<_> = told.json().into_iter().filter(|one| !one["would"].is_null()).collect();
        assert_eq!(would.len(), 1, "{would:?}");
        assert_eq!(would[0]["would"], "expire");
        assert_eq!(standing(&world), ["web 1 unclaimed", "web 2 unclaimed"]);
    });
}

#[test]
fn credit_that_covers_an_order_pays_it() {
    on_both_kinds(|kind| {
        let world = world(kind);
        let customer = Customer::new("web", "ann");
        let note = CreditNote {
            wallet: credit_wallet(&customer),
            customer,
            incoming_id: "note-1".to_owned(),
            asset: "xtr".to_owned(),
            amount: "40".parse().unwrap(),
        };
        happened(&world, 1, &[came("web", "1", "100"), OrderFact::Noted(note)]);
        finish(&mut orders(&world, &[])).expect(0);
        assert_ne!(standing(&world), ["web 1 paid"], "40 are no 100");
        // By nothing that pays at once.
        assert_eq!(world.sql("UPDATE orders SET price = '40'"), 1);
        finish(&mut orders(&world, &[])).expect(0);
        assert_eq!(standing(&world), ["web 1 paid"]);
        assert_eq!(world.events("order.paid"), 1);
    });
}
