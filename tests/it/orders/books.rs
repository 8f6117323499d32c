//! The books: sums of days, movements, and whether they agree.

use serde_json::json;

use super::{Shops, on_both};
use crate::support::databases::Kind;

#[test]
fn days_movements_and_sums_tell_the_same() {
    on_both(|shops| {
        assert_eq!(shops.done(&["books", "show"]), "nothing is in the books\n");
        shops.credit("alice", "30");
        shops.order("1041", "25", &["--customer", "alice"]);
        let days = shops.json(&["books", "show"]);
        let told: Vec<_> = days
            .iter()
            .map(|day| {
                let text = |key: &str| day[key].as_str().unwrap().to_owned();
                [text("place"), text("came_in"), text("operator"), text("wallets"), text("orders")]
            })
            .collect();
        let row = |row: [&str; 5]| row.map(str::to_owned);
        assert_eq!(
            told,
            [row(["manual", "0", "-30", "30", "0"]), row(["web", "0", "0", "-25", "25"])]
        );
        let csv = shops.done(&["books", "show", "--place", "web", "--format", "csv"]);
        assert_eq!(csv.lines().count(), 2, "{csv}");
        assert!(csv.starts_with("day,asset,place,came_in,went_out,fees,operator"), "{csv}");
        let past = shops.done(&["books", "show", "--until", "2026-01-01"]);
        assert_eq!(past, "nothing matches --until 2026-01-01\n");
        assert_eq!(shops.run(&["books", "show", "--place", "wub"]).code, Some(64));
        let all = shops.json(&["books", "export"]);
        assert_eq!(all.len(), 2);
        assert_eq!(
            (&all[0]["from"], &all[0]["to"]),
            (&json!("operator"), &json!("wallet/credit:web/alice"))
        );
        assert_eq!((&all[1]["to"], &all[1]["amount"]), (&json!("order/web/1041"), &json!("25")));
        let after = format!("{}/{}", all[0]["entry"], all[0]["position"]);
        assert_eq!(shops.json(&["books", "export", "--after", &after]), all[1..]);
        let of_order = shops.json(&["books", "export", "--account", "order/web/1041"]);
        assert_eq!(of_order, all[1..]);
        let csv = shops.done(&["books", "export", "--since", "1h"]);
        assert!(
            csv.starts_with("entry,position,kind,about,place,at,from,to,asset,amount\n"),
            "{csv}"
        );
        assert_eq!(csv.lines().count(), 3, "{csv}");
        let checked = shops.one(&["books", "check"]);
        assert_eq!(checked, json!({ "entries": 2, "movements": 2, "differences": [] }));
    });
}

#[test]
fn books_that_do_not_agree_are_found() {
    let shops = Shops::new(Kind::Sqlite);
    shops.credit("alice", "30");
    shops.world.sql("UPDATE credits SET credit = '31'");
    let ended = shops.run(&["books", "check", "--json"]);
    assert_eq!(ended.code, Some(1));
    let told = &ended.json()[0]["differences"];
    let wanted = json!([{
        "what": "credit credit:web/alice", "asset": "xtr", "stored": "31", "summed": "30",
    }]);
    assert_eq!(*told, wanted);
    let text = shops.run(&["books", "check"]).stdout;
    assert!(text.contains("31 xtr is stored, and the movements sum to 30"), "{text}");
}
