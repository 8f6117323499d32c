//! Networks of kind tari, and assets on them.

use std::str::FromStr as _;

use super::super::*;
use super::{Folder, shown};
use crate::addresses::TariAddress;

const ADDRESS: &str = "14s9vDTwrweZvWEgQ9gNhXXPX68DPXSSAHNFWYEPi5JsBQY";

/// A network and an asset, and what is put behind them.
fn with(more: &str) -> String {
    format!(
        "[networks.tari]\nkind = \"tari\"\n[assets.xtr]\nnetwork = \"tari\"\naccount = \"{ADDRESS}\"\n{more}\n"
    )
}

#[test]
fn a_network_that_nobody_asks_has_nothing_but_its_kind() {
    let folder = Folder::new();
    let sources = folder.sources(&with("[defaults.poller]\nenabled = true\n"));
    // Not even a secret is looked for.
    let settings = load(&sources).unwrap();
    assert_eq!(settings.networks["tari"].kind, NetworkKind::Tari);
    assert!(settings.pollers.values().all(|poller| !poller.enabled), "none has work there");
    assert_eq!(shown(&sources, "networks.tari.timeout"), None);
}

#[test]
fn an_asset_is_an_address_and_its_decimals() {
    let folder = Folder::new();
    let sources = folder.sources(&with("[defaults.asset]\nrail = \"bank\"\n"));
    let expected = Asset {
        name: "xtr".to_owned(),
        network: "tari".to_owned(),
        code: "native".to_owned(),
        account: ADDRESS.to_owned(),
        decimals: 6,
        claimable_balances: false,
        rail: None,
    };
    assert_eq!(load(&sources).unwrap().assets["xtr"], expected);
    let because = ("6".to_owned(), "the network is of kind tari".to_owned());
    assert_eq!(shown(&sources, "assets.xtr.decimals"), Some(because));

    let coarse = load(&folder.sources(&with("decimals = 2\ncode = \"native\""))).unwrap();
    assert_eq!(coarse.assets["xtr"], Asset { decimals: 2, ..expected.clone() });
    // However it is written, it is known by its base58.
    let hex = TariAddress::from_str(ADDRESS).unwrap().hex();
    let written = folder.sources(&with("").replace(ADDRESS, &hex));
    assert_eq!(load(&written).unwrap().assets["xtr"], expected);
    assert_eq!(shown(&written, "assets.xtr.account").unwrap().0, format!("{ADDRESS:?}"));
}

#[test]
fn what_means_nothing_there_is_a_mistake() {
    let folder = Folder::new();
    let transfers = "this is for transfers, and there are none on a network of kind \"tari\"";
    let nothing = "there is no such thing on a network of kind \"tari\"";
    for (line, message) in [
        ("rail = \"bank\"", transfers),
        ("currency = \"XTR\"", transfers),
        ("fee_percent = \"1\"", transfers),
        ("issuer = \"G\"", nothing),
        ("claimable_balances = false", nothing),
        ("code = \"XTR\"", "\"XTR\" is not one of: native"),
        ("decimals = 7", "7 is not within 0 to 6"),
        ("memo = \"7\"", "unknown key"),
    ] {
        let key = line.split_once(" =").unwrap().0;
        let expected = format!("railpoll.toml: assets.xtr.{key}: {message}");
        assert_eq!(folder.mistakes(&with(line)), [expected]);
    }
    let network = with("").replace("kind = \"tari\"", "kind = \"tari\"\ntimeout = \"5s\"");
    let unknown = folder.mistakes(&network);
    assert_eq!(unknown, ["railpoll.toml: networks.tari.timeout: unknown key"]);
}

#[test]
fn an_address_with_a_typing_error_is_noticed_and_not_repeated() {
    let folder = Folder::new();
    let no = "railpoll.toml: assets.xtr.account: this is no address of a Tari wallet, or there is a typing error in it: ";
    for (text, why) in [
        (ADDRESS.replace("QY", "QZ").as_str(), "the checksum of the address is wrong"),
        (
            &"ab".repeat(32),
            "the address is not the base58, hexadecimal or emoji text of 35 or 67 bytes",
        ),
    ] {
        assert_eq!(folder.mistakes(&with("").replace(ADDRESS, text)), [format!("{no}{why}")]);
    }
    let missing = with("").replace(&format!("account = \"{ADDRESS}\""), "");
    let expected = "railpoll.toml: assets.xtr.account: missing, and it has no default";
    assert_eq!(folder.mistakes(&missing), [expected]);
}

#[test]
fn where_the_network_is_not_known_nothing_else_is_guessed() {
    let folder = Folder::new();
    let elsewhere = with("").replace("network = \"tari\"", "network = \"tarry\"");
    let expected =
        "railpoll.toml: assets.xtr.network: there is no network \"tarry\"; there are: tari";
    assert_eq!(folder.mistakes(&elsewhere), [expected]);
    let kind = with("").replace("kind = \"tari\"", "kind = \"tary\"");
    let expected =
        "railpoll.toml: networks.tari.kind: \"tary\" is not one of: ripplenet, stellar, tari";
    assert_eq!(folder.mistakes(&kind), [expected]);
}
