//! Orders of a shop, from their coming to their end: what commands say of them.

use super::story::Story;
use crate::orders::Shops;
use crate::support::databases::Kind;

#[test]
fn orders_from_their_coming_to_their_end() {
    let shops = Shops::new(Kind::Sqlite);
    let [payment, confirmation] = shops.notifications();
    let mut story = Story::new(&shops.world);
    let by = "--by ann --reason 'as they asked'";
    let till = "14z3iHvgokZcXmokAYQKveeJ4rMqSGtPahrC2CPvx63UQmG";
    let alice = "14wqR3rjyVbjgXDyLVaL97p3CksHc84cz9hLLMMTMYDjtBt";
    story.names.know(till, "TILL");
    story.names.know(alice, "ALICE");
    for line in [
        "orders list".to_owned(),
        "orders create --shop web --id alice001 --price 2400 --customer alice --by ann".to_owned(),
        "orders create --shop web --id 1042 --price 40 --original-price 15.90 --currency USD --by ann --json"
            .to_owned(),
        "orders create --shop web --id 1043 --price 1 --pay-to address --by ann".to_owned(),
        "orders explain alice001".to_owned(),
        format!("wallets add {till} --ip-address 192.0.2.7 {by}"),
        "wallets list".to_owned(),
        "wallets list --json".to_owned(),
        format!("transfers incoming notify {payment} --by ann"),
        "orders explain alice001".to_owned(),
        "orders explain alice001 --json".to_owned(),
        format!("transfers incoming notify {confirmation} --by ann --json"),
        "orders show alice001".to_owned(),
        "orders show alice001 --json".to_owned(),
        format!("orders reassign 1042 --to alice {by}"),
        format!("orders fulfil 1042 {by} --json"),
        format!("orders cancel 1042 {by}"),
        format!("orders cancel 1042 {by} --json"),
        "orders explain 1042".to_owned(),
        format!("orders credit --shop web --customer bob --amount 5 {by}"),
        format!("orders credit --shop web --customer bob --amount -7.5 {by} --json"),
        format!("orders settle {by}"),
        "orders list".to_owned(),
        "orders list --json".to_owned(),
        "customers list".to_owned(),
        "customers show alice".to_owned(),
        "customers show bob --json".to_owned(),
        "books show".to_owned(),
        "books show --json".to_owned(),
        "books check".to_owned(),
        "books export --json".to_owned(),
        format!("wallets remove {till} {by}"),
    ] {
        story.tell(&line);
    }
    story.same("story-orders");
}
