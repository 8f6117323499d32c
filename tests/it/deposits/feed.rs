//! A rail that tells of itself what came.

use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::{Clock, NewTransfer};
use railpoll_sandbox::wire_gateway::{GatewayEndpoint, GatewayOptions, WireGateway};
use railpoll_sandbox::{FaultRates, Reply};

use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, Setting, on_both_kinds};
use crate::support::world::{finish, until_true};

const PAYER: &str = "payto://iban/DE02120300000000202051?receiver-name=Ada";

/// An anchor with a gateway as the rail `taler`.
fn with_gateway(kind: Kind, options: GatewayOptions) -> (WireGateway, Anchor) {
    let anchor = Anchor::new(kind);
    let gateway = anchor.transfers.world.wait(WireGateway::start(options)).unwrap();
    anchor.configure(&setting(&gateway));
    (gateway, anchor)
}

/// With the gateway as the rail `taler`.
fn setting(gateway: &WireGateway) -> Setting {
    let network = format!(
        r#"
        [rails.taler]
        kind = "wire-gateway"
        url = "{}"
        auth = "none"
        exchange_base_url = "https://exchange.example.com/"
        timeout = "2s"
        "#,
        gateway.url()
    );
    Setting { network, ..Setting::default() }
}

fn deposit(anchor: &Anchor, id: &str, to: &str, subject: String) -> NewTransfer {
    NewTransfer {
        rail: "taler".to_owned(),
        currency: "EUR".to_owned(),
        subject: Some(subject),
        ..anchor.expected_deposit(id, to)
    }
}

#[test]
fn what_the_feed_tells_is_matched_by_its_subject() {
    on_both_kinds(|kind| {
        let (gateway, anchor) = with_gateway(kind, GatewayOptions::default());
        let to: Vec<String> =
            (0..3).map(|n| anchor.customer(&format!("customer {n}")).account()).collect();
        for (n, to) in to.iter().enumerate() {
            let key = gateway.key(n as u64);
            anchor.create(&deposit(&anchor, &format!("d{n}"), to, key));
        }
        gateway.receive("EUR:10.5", &gateway.key(0), PAYER).unwrap();
        gateway.receive("EUR:10.5", &gateway.key(1), PAYER).unwrap();
        gateway.receive("EUR:3", &gateway.key(1), PAYER).unwrap();
        gateway.receive("EUR:10.5", &gateway.key(77), PAYER).unwrap();
        anchor.send();
        anchor.send();
        assert_eq!(anchor.verdicts(), ["matched d0", "matched d1", "second d1", "unknown_memo"]);
        assert_eq!(anchor.transfers.count_in("completed"), 2);
        assert_eq!(anchor.transfers.status("d2"), "pending_user_transfer_start");
        assert_eq!(anchor.transfers.world.alerts(), ["incoming_unmatched stands"]);
        let from = "SELECT from_address FROM transfers WHERE transfer_id = 'd0'";
        assert_eq!(anchor.transfers.world.texts(from), [PAYER]);
        anchor.check_paid(&to[..2]);
    });
}

#[test]
fn a_bad_gateway_brings_each_payment_once() {
    on_both_kinds(|kind| {
        let faults = FaultRates { cut_after: 200, ..FaultRates::default() };
        let (gateway, anchor) =
            with_gateway(kind, GatewayOptions { faults, ..GatewayOptions::default() });
        let to = anchor.customer("customer").account();
        anchor.create(&deposit(&anchor, "d", &to, gateway.key(0)));
        for n in 0..600 {
            gateway.receive("EUR:10.5", &gateway.key(n), PAYER).unwrap();
        }
        until_true("all to be booked", || {
            let ended = finish(&mut anchor.pending_deposits(&[]));
            assert!(matches!(ended.code, Some(0 | 69)), "{}", ended.stderr);
            anchor.transfers.count_in("completed") == 1 && anchor.verdicts().len() == 600
        });
        let other = "incoming WHERE verdict = 'unknown_memo'";
        assert_eq!(anchor.transfers.world.count(other), 599);
        anchor.check_paid(&[to]);
    });
}

/// A dry run reads what a sweep would read, and asks about no deposit: the gateway tells of itself.
#[test]
fn a_dry_run_tells_what_the_feed_would_bring() {
    on_both_kinds(|kind| {
        let (gateway, anchor) = with_gateway(kind, GatewayOptions::default());
        let to = anchor.customer("customer").account();
        let overdue = Some(Clock::system().now() - TimeDelta::hours(1));
        let of = |id: &str, key| deposit(&anchor, id, &to, gateway.key(key));
        anchor.create(&of("d0", 0));
        anchor.create(&NewTransfer { deadline: overdue, ..of("d1", 1) });
        gateway.receive("EUR:10.5", &gateway.key(0), PAYER).unwrap();
        let mut dry = anchor.pending_deposits(&[]);
        let told = finish(dry.args(["--dry-run", "--json"])).expect(0).json();
        let told: Vec<_> = told.iter().filter(|one| one["place"] == "taler").collect();
        let would: Vec<_> = told.iter().filter_map(|one| one["would"].as_str()).collect();
        assert_eq!(would, ["record as matched", "expire"]);
        assert_eq!(told[1]["payment_id"], "d1");
        assert!(told[2]["requests"].as_u64() >= Some(2), "{}", told[2]);
        assert_eq!(anchor.verdicts(), Vec::<String>::new());
        anchor.send();
        assert_eq!(anchor.verdicts(), ["matched d0"]);
        assert_eq!(anchor.transfers.status("d1"), "expired");
    });
}

/// Behind a row that is too large and does not tell its number nothing can be read: that is told, and nothing expires.
#[test]
fn a_row_that_keeps_what_is_behind_it_from_us() {
    let (gateway, anchor) = with_gateway(Kind::Sqlite, GatewayOptions::default());
    let to = anchor.customer("customer").account();
    anchor.create(&deposit(&anchor, "d", &to, gateway.key(0)));
    gateway.receive("EUR:10.5", &gateway.key(0), PAYER).unwrap();
    gateway.script(GatewayEndpoint::Incoming, u32::MAX, Reply::Huge);
    let world = &anchor.transfers.world;
    world.sql("UPDATE transfers SET deadline = created_at");
    for _ in 0..3 {
        finish(&mut anchor.pending_deposits(&["rails.taler.timeout=50s"])).expect(0);
        world.sql("UPDATE put_off SET not_before = since");
    }
    assert_eq!(world.texts("SELECT subject FROM put_off"), ["row/0"]);
    assert_eq!(world.alerts(), ["put_off stands"]);
    let detail = world.texts("SELECT detail FROM alerts").remove(0);
    assert!(detail.contains("not seen"), "{detail}");
    assert_eq!(anchor.transfers.status("d"), "pending_user_transfer_start", "it may be paid");
    gateway.clear_scripts();
    anchor.send();
    assert_eq!(anchor.verdicts(), ["matched d"]);
    assert_eq!(world.count("put_off"), 0);
}

/// What a page tells of a payment without the number of its row.
const NAMELESS: &str = r#"{"credit_account":"payto://iban/DE9","incoming_transactions":[
    {"type":"RESERVE","date":{"t_s":1767323045},"amount":"EUR:7","reserve_pub":"KEY"}]}"#;

/// It is set aside, and counted, but not told again by each sweep. The history has not begun anew with it, and goes on behind.
#[test]
fn a_row_without_a_number_is_set_aside_once() {
    on_both_kinds(|kind| {
        let (gateway, anchor) = with_gateway(kind, GatewayOptions::default());
        let (world, to) = (&anchor.transfers.world, anchor.customer("customer").account());
        anchor.create(&deposit(&anchor, "d", &to, gateway.key(1)));
        gateway.receive("EUR:3", &gateway.key(0), PAYER).unwrap();
        anchor.send();
        gateway.script(GatewayEndpoint::Incoming, u32::MAX, Reply::Body(NAMELESS.to_owned()));
        for _ in 0..3 {
            anchor.send();
        }
        assert_eq!(world.count("quarantine WHERE payment_id IS NULL"), 1);
        assert_eq!(world.events("payment.quarantined"), 1);
        assert_eq!(world.alerts(), ["incoming_unmatched stands", "quarantined stands"]);
        gateway.clear_scripts();
        gateway.receive("EUR:10.5", &gateway.key(1), PAYER).unwrap();
        anchor.send();
        assert_eq!(anchor.verdicts(), ["unknown_memo", "matched d"]);
        assert_eq!(world.count("put_off"), 0);
    });
}

/// A page that is full of them keeps from us what is behind it: that is told, and nothing expires.
#[test]
fn rows_without_a_number_that_keep_what_is_behind_them_from_us() {
    on_both_kinds(|kind| {
        let (gateway, anchor) = with_gateway(kind, GatewayOptions::default());
        let (world, to) = (&anchor.transfers.world, anchor.customer("customer").account());
        // It is there before it is waited for, and so in time, however long the rest takes.
        gateway.receive("EUR:10.5", &gateway.key(0), PAYER).unwrap();
        anchor.create(&deposit(&anchor, "d", &to, gateway.key(0)));
        world.sql("UPDATE transfers SET deadline = created_at");
        for _ in 0..3 {
            // Before it, and after it, we ask where the history ends.
            gateway.script(GatewayEndpoint::Incoming, 1, Reply::Slow(Duration::ZERO));
            gateway.script(GatewayEndpoint::Incoming, 1, Reply::Body(NAMELESS.to_owned()));
            anchor.send();
            world.sql("UPDATE put_off SET not_before = since");
        }
        assert_eq!(world.texts("SELECT subject FROM put_off"), ["row/0"]);
        assert_eq!(world.alerts(), ["quarantined stands", "put_off stands"]);
        let detail = world.texts("SELECT detail FROM alerts WHERE name = 'put_off'").remove(0);
        assert!(detail.contains("not seen"), "{detail}");
        assert_eq!(anchor.transfers.status("d"), "pending_user_transfer_start", "it may be paid");
        anchor.send();
        assert_eq!(anchor.verdicts(), ["matched d"]);
        assert_eq!(world.count("put_off"), 0);
    });
}

/// Its rows begin anew, below what we have read: what it tells there would be missed.
#[test]
fn a_gateway_that_begins_anew_is_an_alert() {
    on_both_kinds(|kind| {
        let (gateway, anchor) = with_gateway(kind, GatewayOptions::default());
        for n in 0..20 {
            gateway.receive("EUR:1", &gateway.key(n), PAYER).unwrap();
        }
        anchor.send();
        let unreliable = |alerts: Vec<String>| {
            alerts
                .into_iter()
                .filter(|alert| alert.starts_with("list_unreliable"))
                .collect::<Vec<_>>()
        };
        assert_eq!(unreliable(anchor.transfers.world.alerts()), Vec::<String>::new());
        let world = &anchor.transfers.world;
        let other = world.wait(WireGateway::start(GatewayOptions::default())).unwrap();
        other.receive("EUR:1", &other.key(0), PAYER).unwrap();
        anchor.configure(&setting(&other));
        anchor.send();
        assert_eq!(unreliable(world.alerts()), ["list_unreliable stands"]);
        anchor.configure(&setting(&gateway));
        anchor.send();
        assert_eq!(unreliable(world.alerts()), ["list_unreliable ended"]);
    });
}
