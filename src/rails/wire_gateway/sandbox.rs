//! The client against the simulated gateway, which checks every request strictly and has books of its own.

use serde_json::json;

use super::tests::options;
use super::*;
use crate::rails::testing::{SHORT, reference};
use railpoll_sandbox::Reply;
use railpoll_sandbox::wire_gateway::{
    GatewayAuth as Door, GatewayEndpoint, GatewayOptions, GatewayQuirks, ParameterNames, Protocol,
    Stage, TransferStatus, WireGateway as Gateway,
};

const PAYER: &str = "payto://iban/DE75512108001245126199?receiver-name=Ada";
const PAYEE: &str = "payto://iban/DE02120300000000202051?receiver-name=Kim";

fn client(gateway: &Gateway) -> WireGateway {
    let options =
        WireGatewayOptions { timeout: 2 * SHORT, ..options(&gateway.url().parse().unwrap()) };
    WireGateway::new(options, Clock::system(), |_| {}).unwrap()
}

async fn both(options: GatewayOptions) -> (Gateway, WireGateway) {
    let gateway = Gateway::start(options).await.unwrap();
    let rail = client(&gateway);
    (gateway, rail)
}

fn order(key: &str) -> Payout {
    let subject = Some(format!("about-{key}"));
    Payout { subject, ..crate::rails::testing::payout(key, "EUR", &json!({ "payto": PAYEE })) }
}

/// Does what the rules say until the gateway has taken the order, and tells its row.
async fn pay(rail: &WireGateway, order: &Payout) -> String {
    for attempt in 1..10 {
        match rail.pay_out(&Payout { attempt, ..order.clone() }).await {
            PayoutOutcome::Told(PayoutState::Initiated { reference: Some(row) }) => return row,
            PayoutOutcome::NotSent(_) => {}
            PayoutOutcome::Unknown { .. } => {
                let asked = [reference(&order.key, None)];
                let state = rail.payouts(&asked).await.unwrap().remove(0).state;
                assert!(matches!(state, PayoutState::NotReceived), "{state:?}");
            }
            other @ PayoutOutcome::Told(_) => panic!("{other:?}"),
        }
    }
    panic!("the gateway never answered")
}

/// Reads the whole feed, page by page, and gives the rows.
async fn feed(rail: &WireGateway) -> Vec<String> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = rail.deposits(&[], cursor.as_deref()).await.unwrap();
        assert!(page.unreadable.is_empty(), "{page:?}");
        rows.extend(page.incoming.into_iter().map(|one| one.incoming_id));
        cursor = page.cursor.or(cursor);
        if !page.more {
            return rows;
        }
    }
}

#[tokio::test]
async fn the_whole_feed_is_read_whatever_the_names_and_pages() {
    for names in [ParameterNames::Both, ParameterNames::OldOnly, ParameterNames::NewOnly] {
        let (gateway, rail) = both(GatewayOptions { names, ..GatewayOptions::default() }).await;
        let mut expected = Vec::new();
        for number in 0..7 {
            let row = gateway.receive("EUR:10.5", &gateway.key(number), PAYER).unwrap();
            expected.push(row.to_string());
        }
        let row = gateway.receive_kycauth("EUR:0.01", &gateway.key(9), PAYER).unwrap();
        expected.push(row.to_string());
        for (page, empty_lists) in [(0, false), (3, true), (4, false)] {
            let quirks = GatewayQuirks { page, empty_lists, ..GatewayQuirks::default() };
            gateway.change(|gateway, _| gateway.quirks = quirks);
            assert_eq!(feed(&rail).await, expected, "{names:?}, {page} rows in a page");
        }
        assert_eq!(gateway.violations(), Vec::<String>::new(), "{names:?}");
    }
}

#[tokio::test]
async fn a_row_is_what_the_gateway_booked() {
    let (gateway, rail) = both(GatewayOptions::default()).await;
    let key = gateway.key(7);
    gateway.receive_less_fee("EUR:10.5", "EUR:0.25", &key, PAYER).unwrap();
    let page = rail.deposits(&[], None).await.unwrap();
    let incoming = &page.incoming[0];
    assert_eq!(incoming.subject.as_deref(), Some(key.as_str()));
    assert_eq!(
        (incoming.from.as_deref(), incoming.account.as_str()),
        (Some(PAYER), gateway.account())
    );
    assert_eq!((&incoming.amount, incoming.asset.as_str()), (&"10.25".parse().unwrap(), "EUR"));
}

#[tokio::test]
async fn a_long_poll_ends_as_soon_as_something_comes() {
    let gateway = Gateway::start(GatewayOptions::default()).await.unwrap();
    let options = WireGatewayOptions {
        long_poll: Duration::from_secs(60),
        ..options(&gateway.url().parse().unwrap())
    };
    let rail = WireGateway::new(options, Clock::system(), |_| {}).unwrap();
    let waiting = tokio::spawn(async move { rail.deposits(&[], None).await });
    gateway.wait_until(|gateway| gateway.requests_to(GatewayEndpoint::Incoming) == 1).await;
    gateway.receive("EUR:1", &gateway.key(1), PAYER).unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().incoming.len(), 1);
    assert_eq!(gateway.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn whatever_becomes_of_an_answer_each_payout_is_paid_once() {
    let (gateway, rail) = both(GatewayOptions::default()).await;
    let replies = [
        Reply::CutBefore,
        Reply::CutAfter,
        Reply::Hang,
        Reply::HangAfter,
        Reply::Truncated,
        Reply::Html,
        Reply::Body("{}".to_owned()),
        Reply::status(301),
        Reply::status(404),
        Reply::status(429),
        Reply::status(500),
        Reply::status(503),
        Reply::StatusAfter(404),
        Reply::StatusAfter(500),
        Reply::StatusAfter(503),
    ];
    for (nth, reply) in replies.iter().enumerate() {
        let order = order(&format!("k{nth}"));
        gateway.script(GatewayEndpoint::Transfer, 2, reply.clone());
        let row = pay(&rail, &order).await;
        let reports = rail.payouts(&[reference(&order.key, Some(&row))]).await.unwrap();
        assert!(matches!(reports[0].state, PayoutState::Delivered { .. }), "{reply:?}");
        let transfers = gateway.transfers_about(order.subject.as_deref().unwrap());
        assert_eq!(transfers.len(), 1, "{reply:?}");
        gateway.clear_scripts();
    }
    assert_eq!(gateway.transfer_count(), replies.len());
    assert_eq!(gateway.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_transfer_is_followed_to_its_end() {
    let (gateway, rail) = both(GatewayOptions::default()).await;
    gateway.set_stages(vec![
        Stage::of(TransferStatus::Pending, 1),
        Stage::of(TransferStatus::TransientFailure, 1),
        Stage::of(TransferStatus::Success, 0),
    ]);
    let row = pay(&rail, &order("k1")).await;
    let asked = [reference("k1", Some(&row))];
    for _ in 0..2 {
        let state = rail.payouts(&asked).await.unwrap().remove(0).state;
        assert!(matches!(state, PayoutState::Initiated { .. }), "{state:?}");
    }
    let state = rail.payouts(&asked).await.unwrap().remove(0).state;
    assert!(matches!(state, PayoutState::Delivered { .. }), "{state:?}");
    for status in [TransferStatus::PermanentFailure, TransferStatus::LateFailure] {
        gateway.conclude(row.parse().unwrap(), status, Some("account closed"));
        let state = rail.payouts(&asked).await.unwrap().remove(0).state;
        assert!(
            matches!(&state, PayoutState::Failed { reason, .. } if reason == "account closed"),
            "{state:?}"
        );
    }
    gateway.forget_account(PAYEE);
    let outcome = rail.pay_out(&order("k2")).await;
    assert!(matches!(outcome, PayoutOutcome::Told(PayoutState::Failed { .. })), "{outcome:?}");
}

#[tokio::test]
async fn gateways_of_every_age_are_paid_through() {
    for current in 0..=5 {
        let protocol = Protocol { current, revision: 0, age: current };
        let (gateway, rail) = both(GatewayOptions { protocol, ..GatewayOptions::default() }).await;
        rail.check().await.unwrap();
        let row = pay(&rail, &order("k1")).await;
        let reports = rail.payouts(&[reference("k1", Some(&row))]).await.unwrap();
        assert!(
            matches!(reports[0].state, PayoutState::Delivered { .. }),
            "{current}: {reports:?}"
        );
        let sent = gateway.transfers().remove(0);
        assert_eq!(sent.metadata.is_some(), current >= 5, "{current}");
        assert_eq!(gateway.violations(), Vec::<String>::new(), "{current}");
    }
}

#[tokio::test]
async fn a_balance_that_is_too_small_passes() {
    let balance = Some("10".to_owned());
    let (gateway, rail) = both(GatewayOptions { balance, ..GatewayOptions::default() }).await;
    let outcome = rail.pay_out(&order("k1")).await;
    assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Unavailable(_))), "{outcome:?}");
    assert_eq!(gateway.transfer_count(), 0);
}

/// Most gateways tell everybody what they are: there a wrong password must be found at another call.
#[tokio::test]
async fn each_kind_of_door_opens() {
    for auth_on_config in [true, false] {
        let basic = Door::Basic { username: "us".to_owned(), password: "s3cret".to_owned() };
        let bearer = Door::Bearer { token: "t0ken".to_owned() };
        let ours = [
            GatewayAuth::Basic { username: "us".to_owned(), password: "s3cret".into() },
            GatewayAuth::Bearer { token: "t0ken".into() },
        ];
        for (door, auth) in [basic, bearer].into_iter().zip(ours) {
            let quirks = GatewayQuirks { auth_on_config, ..GatewayQuirks::default() };
            let options_of_it = GatewayOptions { auth: door, quirks, ..GatewayOptions::default() };
            let (gateway, stranger) = both(options_of_it).await;
            assert!(matches!(stranger.check().await, Err(RailError::Credentials(_))));
            let options = WireGatewayOptions { auth, ..options(&gateway.url().parse().unwrap()) };
            let rail = WireGateway::new(options, Clock::system(), |_| {}).unwrap();
            rail.check().await.unwrap();
            pay(&rail, &order("k1")).await;
        }
    }
}
