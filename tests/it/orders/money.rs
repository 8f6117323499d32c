//! Who pays: signed claims, wallets that report, credit.

use serde_json::json;

use super::{ALICE, Shops, TILL, WHY, claim, on_both};
use crate::support::databases::Kind;

/// What the till has signed: alice paid 2500 for the order `alice001`.
const PAYMENT: &str = "1c95cc4ac7101701a76f117c1a1422ce5df171541ee8f2d85d2ce51c72c87952f1a5b1257e0dff920096fff3811e442d6551bca2665d8ef9c7361688388ce10a";
/// The same: that is final.
const FINAL: &str = "16729e3c9b08022a16edfa0bf2e1cfc1d8dadd5e6387b4fd76005ac8a20c0f53087434524748981e9c61f9b7ce122fdf1a45299b132cd4495b19b7d1208cea01";

fn payment() -> String {
    let payment = json!({
        "sender": ALICE, "amount": 2_500_000_000_u64, "txid": "payment001", "order_id": "alice001",
    });
    let auth = json!({ "address": TILL, "nonce": 1, "signature": PAYMENT });
    json!({ "payment": payment, "auth": auth }).to_string()
}

fn confirmation() -> String {
    let auth = json!({ "address": TILL, "nonce": 2, "signature": FINAL });
    json!({ "confirmation": { "txid": "payment001" }, "auth": auth }).to_string()
}

fn add_till(shops: &Shops) {
    shops.decided(&["wallets", "add", TILL, "--ip-address", "192.0.2.7"]);
}

impl Shops {
    /// The till reports that alice has paid 2500 for the order `alice001`, and that this is final.
    pub(crate) fn report_alices_payment(&self) {
        add_till(self);
        for file in self.notifications() {
            self.done(&["transfers", "incoming", "notify", &file, "--by", "ann"]);
        }
    }

    /// The files of both.
    pub(crate) fn notifications(&self) -> [String; 2] {
        let files = [("payment.json", payment()), ("final.json", confirmation())];
        files.map(|(name, text)| self.file(name, &text))
    }
}

#[test]
fn a_wallet_reports_and_the_order_is_paid() {
    on_both(|shops| {
        add_till(shops);
        shops.order("alice001", "2400", &["--customer", "alice", "--memo", &claim()]);
        assert_eq!(shops.status("alice001"), "new");
        let file = shops.file("payment.json", &payment());
        let notify = |file: &str| shops.one(&["transfers", "incoming", "notify", file]);
        let seen = notify(&file);
        assert_eq!((&seen["status"], &seen["verdict"]), (&"received".into(), &"matched".into()));
        assert_eq!(seen["claimant"]["id"], "alice001");
        assert_eq!(shops.status("alice001"), "new", "it is not final");
        let waits = shops.one(&["orders", "explain", "alice001"]);
        assert!(waits["next"].as_str().unwrap().contains("payment001 came in time"), "{waits}");
        let done = notify(&shops.file("final.json", &confirmation()));
        assert_eq!(done["paid"][0]["order_id"], "alice001");
        assert_eq!(done["settlements"][0]["amount"], "2400");
        let order = shops.one(&["orders", "show", "alice001"]);
        assert_eq!((&order["status"], &order["received"]), (&"paid".into(), &"2400".into()));
        assert_eq!(order["incoming"][0]["amount"], "2500.000000");
        let credit = &order["payers"][0]["credits"][0]["credit"];
        assert_eq!(credit.as_str().unwrap().trim_end_matches('0').trim_end_matches('.'), "100");
        let told = shops.refused("other_version", &["transfers", "incoming", "notify", &file]);
        assert_eq!(told, "the nonce 1 is not above 2");
        let audit = shops.json(&["audit", "list", "--action", "incoming.notify"]);
        assert_eq!(audit.len(), 2);
        let wallets = shops.one(&["wallets", "list"]);
        assert_eq!((&wallets["last_nonce"], &wallets["address"]), (&"2".into(), &TILL.into()));
    });
}

#[test]
fn who_is_not_heard_changes_nothing() {
    let shops = Shops::new(Kind::Sqlite);
    let file = shops.file("payment.json", &payment());
    let notify = ["transfers", "incoming", "notify", &file];
    shops.refused("not_found", &notify);
    add_till(&shops);
    let elsewhere = [&notify[..], &["--caller", "192.0.2.8"]].concat();
    assert_eq!(shops.refused("unfit", &elsewhere), "the wallet calls from another address");
    let forged = shops.file("forged.json", &payment().replace("2500000000", "2500000001"));
    shops.refused("bad_signature", &["transfers", "incoming", "notify", &forged]);
    let early = shops.file("final.json", &confirmation());
    shops.refused("not_found", &["transfers", "incoming", "notify", &early]);
    let garbled = shops.file("garbled.json", "{\"payment\": 7}");
    shops.refused("invalid", &["transfers", "incoming", "notify", &garbled]);
    assert_eq!(shops.world.count("incoming"), 0);
    assert_eq!(shops.one(&["wallets", "list"])["last_nonce"], "0", "a failed try can be repeated");
    let right = [&notify[..], &["--caller", "::ffff:192.0.2.7"]].concat();
    assert_eq!(shops.one(&right)["verdict"], "unknown_memo", "its order may come");
    shops.order("alice001", "2400", &[]);
    assert_eq!(shops.status("alice001"), "new", "it was waited for");
}

#[test]
fn a_signed_claim_says_who_pays() {
    on_both(|shops| {
        let file = shops.file("claim.json", &json!({ "claim": claim() }).to_string());
        shops.refused("invalid", &["orders", "claim", &file]);
        let file = shops.file("claim.json", &claim());
        shops.refused("not_found", &["orders", "claim", &file]);
        shops.order("alice001", "60", &["--customer", "alice"]);
        let forged = shops.file("forged.json", &claim().replace("92e9", "92e8"));
        let ended = shops.run(&["orders", "claim", &forged]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        assert_eq!(shops.status("alice001"), "unclaimed");
        let under = format!("{{\"claim\": {}}}", claim());
        let claimed = shops.one(&["orders", "claim", &shops.file("under.json", &under)]);
        assert_eq!((&claimed["was"], &claimed["status"]), (&"unclaimed".into(), &"new".into()));
        let again = shops.one(&["orders", "claim", &file]);
        assert_eq!(again["already"], true);
        shops.decided(&["orders", "cancel", "alice001"]);
        shops.refused("wrong_state", &["orders", "claim", &file]);
    });
}

#[test]
fn credit_goes_to_the_wallet_of_the_shops_kind_and_pays_what_is_open() {
    let shops = Shops::new(Kind::Sqlite);
    let credit = |shop: &str, amount: &str| {
        let whom = ["orders", "credit", "--shop", shop, "--customer", "bob", "--amount", amount];
        shops.one(&[&whom[..], &WHY].concat())
    };
    assert_eq!(credit("web", "1")["wallet"], "credit:web/bob");
    let tari = credit("till", "1");
    assert_eq!(tari["wallet"], "13111eLuVvxBvAAf3tKJFWKNhJrv5e1dV4on8e3AW1Qq4e");
    shops.order("1", "5", &["--customer", "bob"]);
    shops.order("2", "1", &["--customer", "bob"]);
    assert_eq!(shops.status("2"), "paid", "what is too dear is passed over");
    assert_eq!(credit("web", "5")["paid"][0]["order_id"], "1");
    assert_eq!(credit("web", "-3")["credit"], "-3", "it may leave a debt");
    let none = ["orders", "credit", "--shop", "web", "--customer", "bob", "--amount", "0"];
    shops.refused("unfit", &[&none[..], &WHY].concat());
    let settle = |words: &[&str]| shops.one(&[&["orders", "settle"], words, &WHY].concat());
    assert_eq!(settle(&[])["paid"], json!([]));
    assert_eq!(settle(&["--wallet", "credit:web/bob"])["paid"], json!([]));
    assert_eq!(settle(&["--customer", "bob", "--shop", "web"])["settlements"], json!([]));
    let two = ["orders", "settle", "--customer", "bob"];
    shops.refused("ambiguous", &[&two[..], &WHY].concat());
    shops.refused("not_found", &[&["orders", "settle", "--customer", "carol"][..], &WHY].concat());
}

#[test]
fn wallets_come_and_go() {
    let shops = Shops::new(Kind::Sqlite);
    assert_eq!(shops.done(&["wallets", "list"]), "no wallets may report\n");
    add_till(&shops);
    let moved = ["wallets", "add", TILL, "--ip-address", "2001:db8::1", "--nonce", "9"];
    let moved = shops.one(&[&moved[..], &WHY].concat());
    assert_eq!((&moved["ip_address"], &moved["last_nonce"]), (&"2001:db8::1".into(), &"9".into()));
    shops.decided(&["wallets", "add", ALICE, "--ip-address", "192.0.2.9"]);
    let newest = shops.json(&["wallets", "list", "--newest", "--limit", "1"]);
    assert_eq!(newest[0]["address"], ALICE);
    assert_eq!(shops.done(&["wallets", "list", "--count", "--network", "tari"]), "2\n");
    let acme = ["wallets", "add", TILL, "--ip-address", "192.0.2.7", "--network", "acme"];
    shops.refused("not_configured", &[&acme[..], &WHY].concat());
    let remove = [&["wallets", "remove", TILL][..], &WHY].concat();
    assert_eq!(shops.one(&remove)["network"], "tari");
    shops.refused("not_found", &remove);
    assert_eq!(shops.run(&["wallets", "add", "14z3", "--ip-address", "::1"]).code, Some(64));
}
