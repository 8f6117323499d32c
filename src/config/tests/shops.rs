//! Shops, and what holds for their orders.

use chrono::TimeDelta;

use super::super::*;
use super::{Folder, STELLAR};
use crate::engine::order::{
    FreeText, Late, OrderTerms, Overpayment, PayTo, ReferencePattern, ReferenceRules, Tolerance,
};

/// An asset with a rail, another one on Tari, and a shop of both with these lines more.
fn with(more: &str) -> String {
    format!(
        "{STELLAR}[networks.tari]\nkind = \"tari\"\n[assets.xtr]\nnetwork = \"tari\"\n\
         account = \"14s9vDTwrweZvWEgQ9gNhXXPX68DPXSSAHNFWYEPi5JsBQY\"\n\
         [shops.web]\nassets = [\"usdc\", \"xtr\"]\n{more}\n"
    )
}

fn shop(more: &str) -> ShopSettings {
    let folder = Folder::new();
    load(&folder.sources(&with(more))).unwrap().shops["web"].clone()
}

#[test]
fn a_shop_needs_no_more_than_its_assets() {
    let expected = ShopSettings {
        name: "web".to_owned(),
        kind: ShopKind::Plain,
        assets: ["usdc", "xtr"].map(ToOwned::to_owned).into(),
        pay_to: PayTo::Wallet,
        payment_methods: Vec::new(),
        // What the engine has for a shop that is gone is what is built in.
        terms: OrderTerms::default(),
    };
    assert_eq!(shop(""), expected);
}

#[test]
fn its_terms_are_its_own_or_those_of_all() {
    let own = r#"
        kind = "tari"
        payment_methods = ["tari", "manual tari"]
        unclaimed_timeout = "2s"
        unpaid_timeout = "4s"
        tolerance = "1.5%"
        late = "accept"
        late_for = "1h"
        reference = ["alt_id", "order_id"]
        reference_pattern = "invoice {}"
        free_text = "hash"
        [shops.other]
        assets = ["usdc"]
        pay_to = "memo"
        overpayment = "refund"
        free_text = "digits"
        [defaults.shop]
        confirm_grace = "0s"
        tolerance = "0.000001"
    "#;
    let folder = Folder::new();
    let settings = load(&folder.sources(&with(own))).unwrap();
    let terms = OrderTerms {
        unclaimed_timeout: TimeDelta::seconds(2),
        unpaid_timeout: TimeDelta::seconds(4),
        confirm_grace: TimeDelta::zero(),
        tolerance: Tolerance::Percent("1.5".parse().unwrap()),
        overpayment: Overpayment::Credit,
        late: Late::Accept(TimeDelta::hours(1)),
        reference: ReferenceRules {
            by_alt_id: true,
            pattern: ReferencePattern::parse("invoice {}"),
            free_text: Some(FreeText::Hash),
        },
    };
    let web = &settings.shops["web"];
    assert_eq!((web.kind, &web.terms), (ShopKind::Tari, &terms));
    assert_eq!(web.payment_methods, ["tari", "manual tari"]);
    let other = &settings.shops["other"];
    assert_eq!((other.kind, other.pay_to), (ShopKind::Plain, PayTo::Memo));
    assert_eq!(other.terms.tolerance, Tolerance::Amount("0.000001".parse().unwrap()));
    assert_eq!(other.terms.reference.free_text, Some(FreeText::Digits));
    assert_eq!(other.terms.overpayment, Overpayment::Refund);

    let all = settings.terms_of_shops();
    assert_eq!(all.of("web"), &terms);
    assert_eq!(all.of("other"), &other.terms);
    assert_eq!(all.of("gone"), &OrderTerms::default());
}

#[test]
fn each_mistake_in_a_shop_is_named() {
    let folder = Folder::new();
    for (line, message) in [
        ("kind = \"shopify\"", "\"shopify\" is not one of: plain, tari"),
        ("pay_to = \"card\"", "\"card\" is not one of: wallet, memo, address"),
        (
            "pay_to = \"address\"",
            "on no kind of network can an order have an address of its own yet: set \"wallet\" or \"memo\"",
        ),
        (
            "pay_to = \"memo\"",
            "memos are on networks of kind \"stellar\" and on rails, and the asset \"xtr\" has neither: set \"wallet\"",
        ),
        ("payment_methods = [\"a\", \"a\"]", "the way to pay \"a\" is named twice"),
        ("payment_methods = [\" \"]", "a way to pay has a name: one here is empty"),
        ("unclaimed_timeout = \"0s\"", "\"0s\" is not within 1s to 365d"),
        ("unpaid_timeout = 48", "48 is not a duration such as \"500ms\", \"30s\" or \"1h 30m\""),
        ("confirm_grace = \"366d\"", "\"366d\" is not within 0s to 365d"),
        ("tolerance = \"0.0000001\"", "0.0000001 has more than 6 decimals"),
        ("tolerance = \"100%\"", "100 is not within 0 and less than 100 percent"),
        ("tolerance = \"-1\"", "`-1` is not an amount: digits with at most one point are expected"),
        (
            "tolerance = 1",
            "1 is neither an amount in quotes such as \"0.25\" nor a part such as \"1.5%\"",
        ),
        ("overpayment = \"hold\"", "\"hold\" is not one of: credit, refund"),
        (
            "overpayment = \"refund\"",
            "wallets on networks of kind \"tari\" send nothing back, and the asset \"xtr\" is on one: set \"credit\"",
        ),
        ("late = \"never\"", "\"never\" is not one of: review, accept"),
        ("late_for = \"0s\"", "\"0s\" is not within 1s to 365d"),
        ("reference = [\"memo\"]", "\"memo\" is not one of: order_id, alt_id"),
        (
            "reference = [\"alt_id\"]",
            "\"order_id\" must be among these: an order can always be named by its id",
        ),
        ("reference = [\"order_id\", \"order_id\"]", "the name \"order_id\" is named twice"),
        (
            "reference_pattern = \"invoice\"",
            "\"invoice\" is no pattern such as \"invoice {}\": one {} for the name, and something beside it",
        ),
        ("free_text = \"words\"", "\"words\" is not one of: off, digits, hash"),
        ("timeout = \"2h\"", "unknown key"),
    ] {
        let key = line.split_once(" =").unwrap().0;
        let expected = format!("railpoll.toml: shops.web.{key}: {message}");
        assert_eq!(folder.mistakes(&with(line)), [expected]);
    }
    let late = "railpoll.toml: shops.web.late_for: missing, and late is \"accept\"";
    assert_eq!(folder.mistakes(&with("late = \"accept\"")), [late]);
}

#[test]
fn each_mistake_in_its_assets_is_named() {
    let folder = Folder::new();
    let list = "assets = [\"usdc\", \"xtr\"]";
    for (line, message) in [
        ("", "missing, and it has no default"),
        ("assets = []", "this must name an asset that orders are priced in"),
        ("assets = [\"usd\"]", "there is no asset \"usd\"; there are: usdc, xtr"),
        ("assets = [\"xtr\", \"xtr\"]", "the asset \"xtr\" is named twice"),
    ] {
        let text = with("free_text = \"off\"").replace(list, line);
        let expected = format!("railpoll.toml: shops.web.assets: {message}");
        assert_eq!(folder.mistakes(&text), [expected]);
    }
}

#[test]
fn its_poller_takes_every_shop_unless_some_are_named() {
    let folder = Folder::new();
    let more = "[shops.other]\nassets = [\"usdc\"]\n";
    let places = |text: &str| {
        let settings = load(&folder.sources(&with(&format!("{more}{text}")))).unwrap();
        settings.pollers[&Poller::Orders].places().cloned().collect::<Vec<_>>()
    };
    assert_eq!(places("[pollers.orders]\nenabled = true\n"), ["other", "web"]);
    assert_eq!(places("[pollers.orders]\nshops = [\"web\"]\n"), ["web"]);
    assert_eq!(places("[defaults.poller]\nshops = [\"other\"]\n"), ["other"]);
    for (line, message) in [
        ("shops = [\"shop\"]", "there is no shop \"shop\"; there are: web"),
        ("shops = [\"web\", \"web\"]", "the shop \"web\" is named twice"),
        ("networks = [\"tari\"]", "unknown key"),
    ] {
        let key = line.split_once(" =").unwrap().0;
        let expected = format!("railpoll.toml: pollers.orders.{key}: {message}");
        assert_eq!(folder.mistakes(&with(&format!("[pollers.orders]\n{line}\n"))), [expected]);
    }
    let idle = folder.mistakes("[pollers.orders]\nenabled = true\n");
    let none =
        "railpoll.toml: pollers.orders.shops: the poller is enabled, and there is no shop for it";
    assert_eq!(idle, [none]);
}

#[test]
fn its_name_is_its_own() {
    let folder = Folder::new();
    let named = |name: &str| with("").replace("shops.web", &format!("shops.{name}"));
    for (name, what) in [("tari", "network"), ("bank", "rail")] {
        let expected = format!(
            "railpoll.toml: shops.{name}: a {what} has this name: networks, rails and shops need names of their own"
        );
        assert_eq!(folder.mistakes(&named(name)), [expected]);
    }
    let expected = "railpoll.toml: shops.Web: a shop's name has lower-case letters, digits, `_` and `-`, begins with a \
                    letter, and has at most 40 characters";
    assert_eq!(folder.mistakes(&named("Web")), [expected]);
}
