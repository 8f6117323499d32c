//! What can be wrong with networks of kind stellar, rails, assets, and the pollers of transfers.

use super::super::*;
use super::{ACME, Folder, STELLAR};

const NO_ACCOUNT: &str = "GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SH";

/// The file with one line of it in place of the one that sets the same key; or with one line more in `section`.
fn with(section: &str, line: &str) -> String {
    let key = line.split_once(" =").unwrap().0;
    let mut here = false;
    let mut lines = Vec::new();
    for old in STELLAR.lines() {
        if old.contains('[') {
            here = old.trim() == format!("[{section}]");
        }
        if !(here && old.trim().starts_with(&format!("{key} ="))) {
            lines.push(old);
        }
        if here && old.contains('[') {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

/// There is one mistake.
#[track_caller]
fn one_mistake(mistakes: &[String], expected: &str) {
    let [mistake] = mistakes else { panic!("{expected}\n{mistakes:#?}") };
    assert_eq!(mistake, expected);
}

/// Each line in `section` is the one mistake of the file.
fn each_is_one_mistake(section: &str, cases: &[(&str, &str)]) {
    let folder = Folder::new();
    for (line, message) in cases {
        let key = line.split_once(" =").unwrap().0;
        let expected = format!("railpoll.toml: {section}.{key}: {message}");
        one_mistake(&folder.mistakes(&with(section, line)), &expected);
    }
}

#[test]
fn of_a_stellar_network() {
    let channel = "GCUVODQCTBBXZ2MV3JJFQ2Q3T5XD2E33T363DJVAQ3MJLMQYV3Y37NGV";
    let twice = format!("channels = [\"{channel}\", \"{channel}\"]");
    let named_twice = format!("the account {channel:?} is named twice");
    let cases = [
        (
            "horizon_url = \"http://horizon.example.com\"",
            "this URL must begin with https:// (http only on a loopback address)",
        ),
        ("passphrase = \"\"", "missing, and it has no default"),
        ("max_fee = 99", "99 is not within 100 to 100000000"),
        ("time_bound = \"2h\"", "\"2h\" is not within 30s to 1h"),
        ("payments_per_envelope = 101", "101 is not within 1 to 100"),
        ("starting_balance = \"0.5\"", "\"0.5\" is less than the 1 XLM that an account must have"),
        ("starting_balance = \"1.00000001\"", "1.00000001 has more than 7 decimals"),
        ("starting_balance = 2.5", "2.5 is not a decimal number in quotes such as \"0.25\""),
        ("channels = [\"GABC\"]", "\"GABC\" is no account (G…), or there is a typing error in it"),
        (twice.as_str(), named_twice.as_str()),
        ("page_size = 5", "unknown key"),
        // That is a key of another kind of network.
        ("audience = \"urn:acme\"", "unknown key"),
        ("seeds = \"S\"", "unknown key; did you mean seeds_file?"),
    ];
    each_is_one_mistake("networks.stellar", &cases);
}

#[test]
fn of_rails() {
    each_is_one_mistake(
        "rails.bank",
        &[
            ("url = \"\"", "missing, and it has no default"),
            ("url = \"bank\"", "this is not a URL: relative URL without a base"),
            ("timeout = \"10ms\"", "\"10ms\" is not within 100ms to 5m"),
            ("parallel = 0", "0 is not within 1 to 1000"),
            ("kind = \"https\"", "\"https\" is not one of: http, command, wire-gateway"),
            ("secret = \"whsec_aaaa\"", "unknown key; did you mean secret_file?"),
            ("command = [\"/bin/bank\"]", "unknown key"),
        ],
    );
    let folder = Folder::new();
    let of = |text: &str| folder.mistakes(&format!("[rails.r]\n{text}\n"));
    let wrong = |message: &str| [format!("railpoll.toml: rails.r.{message}")];
    assert_eq!(of("url = \"x\""), wrong("kind: missing, and it has no default"));
    assert_eq!(of("kind = \"command\""), wrong("command: missing, and it has no default"));
    let program = "command: this must name a program, such as [\"/usr/local/bin/program\"]";
    assert_eq!(of("kind = \"command\"\ncommand = []"), wrong(program));
    let gateway = "kind = \"wire-gateway\"\nurl = \"https://a.example\"\n";
    assert_eq!(of(gateway), wrong("exchange_base_url: missing, and it has no default"));
    let gateway = format!("{gateway}exchange_base_url = \"https://b.example\"\n");
    let basic = wrong("username: missing, and auth is \"basic\"");
    assert_eq!(of(&format!("{gateway}auth = \"basic\"")), basic);
    let digest = wrong("auth: \"digest\" is not one of: none, basic, bearer");
    assert_eq!(of(&format!("{gateway}auth = \"digest\"")), digest);
}

#[test]
fn of_names() {
    let folder = Folder::new();
    let rail =
        |name: &str| format!("{ACME}[rails.{name}]\nkind = \"command\"\ncommand = [\"/b\"]\n");
    let expected = "railpoll.toml: rails.acme: a network has this name: networks and rails need names of their own";
    assert_eq!(folder.mistakes(&rail("acme")), [expected]);
    let rules = "has lower-case letters, digits, `_` and `-`, begins with a letter, and has at most 40 characters";
    let expected = format!("railpoll.toml: rails.Bank: a rail's name {rules}");
    assert_eq!(folder.mistakes(&rail("Bank")), [expected]);
    let expected = format!("railpoll.toml: assets.USDC: an asset's name {rules}");
    assert_eq!(folder.mistakes(&STELLAR.replace("assets.usdc", "assets.USDC")), [expected]);
}

#[test]
fn of_assets() {
    let typing_error = |key: &str| {
        let message =
            format!("{NO_ACCOUNT:?} is no account (G…), or there is a typing error in it");
        (format!("{key} = \"{NO_ACCOUNT}\""), message)
    };
    let (account, no_account) = typing_error("account");
    let (issuer, no_issuer) = typing_error("issuer");
    let cases = [
        ("network = \"stelar\"", "there is no network \"stelar\"; there are: stellar"),
        ("rail = \"bnak\"", "there is no rail \"bnak\"; there are: bank"),
        ("rail = \"\"", "missing, and currency is there: transfers need both, and orders neither"),
        ("currency = \"\"", "missing, and rail is there: transfers need both, and orders neither"),
        (account.as_str(), no_account.as_str()),
        (issuer.as_str(), no_issuer.as_str()),
        ("issuer = \"\"", "missing, and only code \"native\" has none"),
        (
            "code = \"US-DC\"",
            "\"US-DC\" is not \"native\", and not one to twelve letters and digits",
        ),
        (
            "code = \"THIRTEENCHARS\"",
            "\"THIRTEENCHARS\" is not \"native\", and not one to twelve letters and digits",
        ),
        ("currency = \"usd\"", "\"usd\" is not a currency's code such as \"USD\""),
        ("currency_decimals = 9", "9 is not within 0 to 8"),
        ("decimals = 8", "8 is not within 0 to 7"),
        ("fee_fixed = \"0.005\"", "0.005 has more than 2 decimals"),
        ("fee_fixed = \"-1\"", "`-1` is not an amount: digits with at most one point are expected"),
        ("fee_fixed = 1", "1 is not a decimal number in quotes such as \"0.25\""),
        ("fee_percent = \"100\"", "100 is not within 0 and less than 100 percent"),
        ("fee_percent = \"0.0000001\"", "0.0000001 has more than 6 decimals"),
        ("underpayment = \"reject\"", "\"reject\" is not one of: accept, refund, hold"),
        ("overpayment = \"reject\"", "\"reject\" is not one of: accept, refund, hold"),
        ("claimable_balances = \"maybe\"", "\"maybe\" is neither true nor false"),
        ("fee = \"1\"", "unknown key; did you mean fee_fixed?"),
    ];
    each_is_one_mistake("assets.usdc", &cases);

    let folder = Folder::new();
    let native = STELLAR.replace("code = \"USDC\"", "code = \"native\"");
    let expected = "railpoll.toml: assets.usdc.issuer: nobody issues lumens: with code \"native\" there is no issuer";
    assert_eq!(folder.mistakes(&native), [expected]);
    let of_orders = STELLAR.replace("rail = \"bank\"", "").replace("currency = \"USD\"", "");
    for line in ["fee_fixed = \"1\"", "currency_decimals = 2", "overpayment = \"hold\""] {
        let key = line.split_once(" =").unwrap().0;
        let expected = format!(
            "railpoll.toml: assets.usdc.{key}: this is for transfers, and without rail and currency none can use the asset"
        );
        assert_eq!(folder.mistakes(&format!("{of_orders}{line}\n")), [expected]);
    }
    let elsewhere = STELLAR.replace("network = \"stellar\"", "network = \"acme\"");
    let expected = "railpoll.toml: assets.usdc.network: the network \"acme\" is of kind \"ripplenet\": there are no \
                    assets on it";
    assert_eq!(folder.mistakes(&format!("{ACME}{elsewhere}")), [expected]);
}

#[test]
fn a_seed_in_an_accounts_place_is_not_repeated() {
    const SEED: &str = "SDQXVUCKND7TOT4WEWSHP3M22GN7GIYO2CSA5GMVUDUXHYJ6ZWQ4RJ6E";
    let folder = Folder::new();
    let account = with("assets.usdc", &format!("account = \"{SEED}\""));
    let expected = "railpoll.toml: assets.usdc.account: this is no account (G…)";
    assert_eq!(folder.mistakes(&account), [expected]);
    let channels = with("networks.stellar", &format!("channels = [\"{SEED}\"]"));
    let expected = "railpoll.toml: networks.stellar.channels: this is no account (G…)";
    assert_eq!(folder.mistakes(&channels), [expected]);
}

#[test]
fn of_pollers_of_transfers() {
    let folder = Folder::new();
    let cases = [
        ("outgoing", "workers = 0", "workers: 0 is not within 1 to 64"),
        ("outgoing", "page_size = 5", "page_size: unknown key"),
        ("outgoing", "rails = [\"bnak\"]", "rails: there is no rail \"bnak\"; there are: bank"),
        ("outgoing", "rails = [\"bank\", \"bank\"]", "rails: the rail \"bank\" is named twice"),
        (
            "outgoing",
            "rails = \"bank\"",
            "rails: \"bank\" is not a list of texts such as [\"one\", \"two\"]",
        ),
        ("watch", "overlap = \"1m\"", "overlap: unknown key"),
        ("watch", "rails = [\"bank\"]", "rails: unknown key"),
        ("watch", "workers = 2", "workers: unknown key"),
        (
            "watch",
            "networks = [\"acme\"]",
            "networks: this poller cannot read the network \"acme\"",
        ),
        (
            "watch",
            "networks = [\"none\"]",
            "networks: there is no network \"none\"; there are: stellar",
        ),
        (
            "accepted",
            "networks = [\"stellar\"]",
            "networks: this poller cannot read the network \"stellar\"",
        ),
        ("accepted", "payout = \"bank\"", "payout: unknown key"),
        ("executed", "payout = \"bnak\"", "payout: there is no rail \"bnak\"; there are: bank"),
    ];
    for (poller, line, message) in cases {
        let text = format!("{ACME}{STELLAR}[pollers.{poller}]\n{line}\n");
        one_mistake(&folder.mistakes(&text), &format!("railpoll.toml: pollers.{poller}.{message}"));
    }
    let review = format!("{STELLAR}[pollers.watch.review]\nmode = \"manual\"\n");
    let mistakes = folder.mistakes(&review);
    assert_eq!(mistakes[0], "railpoll.toml: pollers.watch.review.mode: unknown key");
    assert!(folder.mistakes("[defaults.poller]\npayout = \"bank\"\n")[0].contains("unknown key"));
}

#[test]
fn of_pollers_with_nothing_to_do() {
    let folder = Folder::new();
    let wrong = |text: &str, poller: &str, expected: &[&str]| {
        let text = format!("{text}[pollers.{poller}]\nenabled = true\n");
        let expected: Vec<String> =
            expected.iter().map(|line| format!("railpoll.toml: pollers.{poller}.{line}")).collect();
        assert_eq!(folder.mistakes(&text), expected);
    };
    let no = |what| format!("{what}s: the poller is enabled, and there is no {what} for it");
    let (network, rail) = (no("network"), no("rail"));
    wrong(ACME, "watch", &[&network]);
    wrong(ACME, "outgoing", &[&rail]);
    wrong(ACME, "pending_deposits", &[&network, &rail]);
    let without_assets = STELLAR.split("[assets.usdc]").next().unwrap();
    let no_asset = "networks: the poller is enabled, and no asset is on the network \"stellar\"";
    wrong(without_assets, "watch", &[no_asset]);
}

#[test]
fn of_secrets_of_pollers_that_are_switched_on() {
    let folder = Folder::new();
    let on = |poller: &str| format!("{STELLAR}[pollers.{poller}]\nenabled = true\n");
    let seeds = "railpoll.toml: networks.stellar.seeds_file: there are no seeds for stellar: put them into a file of mode \
                 600 and set seeds_file, or give them to the unit with LoadCredential=stellar-seeds:FILE";
    let secret = "railpoll.toml: rails.bank.secret_file: there is no secret for bank: put it into a file of mode 600 and \
                  set secret_file, or give it to the unit with LoadCredential=bank-rail-secret:FILE";
    assert_eq!(folder.mistakes(&on("pending_deposits")), [seeds, secret]);
    assert_eq!(folder.mistakes(&on("outgoing")), [secret]);
    // It only reads.
    load(&folder.sources(&on("watch"))).unwrap();
    // Neither a program nor a gateway that does not ask has a secret.
    let open = on("outgoing").replace(
        "kind = \"http\"",
        "kind = \"wire-gateway\"\nexchange_base_url = \"https://b.example\"",
    );
    load(&folder.sources(&open)).unwrap();
    let bearer = open.replace("[rails.bank]", "[rails.bank]\nauth = \"bearer\"");
    assert_eq!(folder.mistakes(&bearer), [secret]);
    folder.secret("secret", "hush", 0o644);
    let file = format!("[rails.bank]\nsecret_file = {:?}", folder.path("secret"));
    let open_to_all = folder.mistakes(&on("outgoing").replace("[rails.bank]", &file));
    assert!(
        open_to_all[0].contains("rails.bank.secret_file: the secret's file secret can be used by")
    );
}
