//! Networks of kind stellar, rails, assets, and the pollers of transfers.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::*;
use super::{ACME, Folder, STELLAR, shown, stellar};
use crate::engine::{Amount, Policy, RailSide, TransferKind};

const CHANNELS: [&str; 2] = [
    "GCUVODQCTBBXZ2MV3JJFQ2Q3T5XD2E33T363DJVAQ3MJLMQYV3Y37NGV",
    "GBI6VS5TE5F2SS5RCWMAFUEVBCM4TJAAIJEBKHJTNKUTZ6Z54AVF3LDG",
];

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

/// The settings of one file.
fn loaded(text: &str) -> Settings {
    let folder = Folder::new();
    load(&folder.sources(text)).unwrap()
}

#[test]
fn a_stellar_network_and_its_defaults() {
    let settings = loaded(STELLAR);
    let own = stellar(&settings);
    assert_eq!((own.asking.timeout.as_secs(), own.asking.requests_per_second), (10, 10));
    assert_eq!(own.horizon_url.as_str(), "https://horizon-testnet.stellar.org/");
    assert_eq!((own.max_fee, own.payments_per_envelope), (10_000, 20));
    assert_eq!(own.time_bound, Duration::from_secs(300));
    assert_eq!(own.starting_balance, Some(amount("2.01")));
    assert!(own.channels.is_empty());
}

#[test]
fn a_stellar_network_overrides_and_inherits() {
    let text = format!(
        "[defaults.network]\nmax_fee = 200\ntime_bound = \"1m\"\n{}",
        STELLAR.replace(
            "kind = \"stellar\"",
            &format!("kind = \"stellar\"\nmax_fee = 300\nstarting_balance = \"\"\nchannels = {CHANNELS:?}"),
        )
    );
    let settings = loaded(&text);
    let own = stellar(&settings);
    assert_eq!((own.max_fee, own.time_bound), (300, Duration::from_secs(60)));
    assert_eq!(own.starting_balance, None);
    assert_eq!(own.channels, CHANNELS);
}

#[test]
fn rails_of_each_kind() {
    let settings = loaded(
        r#"
        [defaults.rail]
        parallel = 4
        [rails.bank]
        kind = "http"
        url = "http://127.0.0.1:9000/railpoll/"
        [rails.script]
        kind = "command"
        command = ["/bin/bank", "--fast"]
        timeout = "1m"
        [rails.open]
        kind = "wire-gateway"
        url = "https://bank.example.com/gateway/"
        exchange_base_url = "https://exchange.example.com/"
        [rails.token]
        kind = "wire-gateway"
        url = "https://bank.example.com/gateway/"
        exchange_base_url = "https://exchange.example.com/"
        auth = "bearer"
        [rails.named]
        kind = "wire-gateway"
        url = "https://bank.example.com/gateway/"
        exchange_base_url = "https://exchange.example.com/"
        auth = "basic"
        username = "exchange"
        "#,
    );
    let rail = |name: &str| &settings.rails[name];
    assert!(matches!(rail("bank").kind, RailKind::Http { .. }));
    let command =
        RailKind::Command { program: "/bin/bank".to_owned(), args: vec!["--fast".to_owned()] };
    assert_eq!(rail("script").kind, command);
    assert_eq!((rail("script").timeout.as_secs(), rail("bank").timeout.as_secs()), (60, 10));
    assert_eq!(rail("script").parallel, 4);
    let auth = |name| match &rail(name).kind {
        RailKind::WireGateway { auth, .. } => auth,
        other @ (RailKind::Http { .. } | RailKind::Command { .. }) => panic!("{other:?}"),
    };
    assert_eq!(auth("open"), &GatewayAuthSettings::None);
    assert!(matches!(auth("token"), GatewayAuthSettings::Bearer { .. }));
    assert!(
        matches!(auth("named"), GatewayAuthSettings::Basic { username, .. } if username == "exchange")
    );
}

#[test]
fn an_asset_and_its_defaults() {
    let settings = loaded(STELLAR);
    let asset = &settings.assets["usdc"];
    let code = "USDC:GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5".to_owned();
    let expected = Asset {
        name: "usdc".to_owned(),
        network: "stellar".to_owned(),
        code,
        account: "GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SG".to_owned(),
        decimals: 7,
        claimable_balances: false,
        rail: Some(RailSide {
            rail: "bank".to_owned(),
            currency: "USD".to_owned(),
            decimals: 2,
            fee_fixed: amount("0"),
            fee_percent: amount("0"),
            underpayment: Policy::Hold,
            overpayment: Policy::Hold,
        }),
    };
    assert_eq!(*asset, expected);

    let lumens = format!(
        "{STELLAR}\nfee_fixed = \"0.500\"\nfee_percent = \"99.5\"\nunderpayment = \"refund\"\noverpayment = \"accept\"\n\
         claimable_balances = true\n"
    )
    .replace("code = \"USDC\"", "code = \"native\"")
    .lines()
    .filter(|line| !line.contains("issuer"))
    .map(|line| format!("{line}\n"))
    .collect::<String>();
    let asset = &loaded(&lumens).assets["usdc"];
    let side = asset.rail.as_ref().unwrap();
    assert_eq!((&side.fee_fixed, &side.fee_percent), (&amount("0.5"), &amount("99.5")));
    assert_eq!((side.underpayment, side.overpayment), (Policy::Refund, Policy::Accept));
    assert!(asset.claimable_balances);
    assert_eq!(asset.code, "native");
}

#[test]
fn an_asset_of_orders_needs_no_rail() {
    let text = STELLAR.replace("rail = \"bank\"", "").replace("currency = \"USD\"", "");
    // What is set for all assets is for those of transfers.
    let settings = loaded(&format!("{text}[defaults.asset]\nfee_fixed = \"0.25\"\n"));
    let asset = &settings.assets["usdc"];
    assert_eq!(asset.rail, None);
    assert_eq!(asset.terms(TransferKind::Deposit), None, "no transfer can use it");
    assert_eq!(asset.decimals, 7);
    // A rail for all assets, and one that has none.
    let all = "[defaults.asset]\nrail = \"bank\"\ncurrency = \"USD\"\n";
    assert!(loaded(&format!("{text}{all}")).assets["usdc"].rail.is_some());
    assert_eq!(
        loaded(&format!("{text}rail = \"\"\ncurrency = \"\"\n{all}")).assets["usdc"].rail,
        None
    );
}

#[test]
fn the_terms_follow_the_way_of_the_money() {
    let asset = &loaded(STELLAR).assets["usdc"];
    let decimals = |kind| {
        let terms = asset.terms(kind).unwrap();
        (terms.decimals_in, terms.decimals_out)
    };
    assert_eq!(decimals(TransferKind::Deposit), (2, 7));
    assert_eq!(decimals(TransferKind::Withdrawal), (7, 2));
    assert_eq!(decimals(TransferKind::Send), (7, 2));
    let issuer = "GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5";
    assert_eq!(asset.code, format!("USDC:{issuer}"));
}

#[test]
fn each_poller_takes_what_it_can_work_with() {
    let text =
        format!("{ACME}{STELLAR}[rails.other]\nkind = \"command\"\ncommand = [\"/bin/bank\"]");
    let settings = loaded(&text);
    let places = |settings: &Settings, poller: Poller| {
        settings.pollers[&poller].places().cloned().collect::<Vec<_>>()
    };
    assert_eq!(places(&settings, Poller::Accepted), ["acme"]);
    assert_eq!(places(&settings, Poller::PendingDeposits), ["bank", "other", "stellar"]);
    assert_eq!(places(&settings, Poller::Outgoing), ["bank", "other"]);
    assert_eq!(places(&settings, Poller::Watch), ["stellar"]);
    let slots = |poller| settings.pollers[&poller].slots();
    assert_eq!((slots(Poller::Outgoing), slots(Poller::PendingDeposits)), (8, 1));

    // A list for all pollers names networks of several kinds.
    let both = "[defaults.poller]\nnetworks = [\"stellar\", \"acme\"]\nrails = [\"bank\"]\n";
    let folder = Folder::new();
    let sources = folder.sources(&format!("{both}{text}\n[pollers.outgoing]\nrails = [\"other\"]"));
    let settings = load(&sources).unwrap();
    assert_eq!(places(&settings, Poller::Failed), ["acme"]);
    assert_eq!(places(&settings, Poller::Watch), ["stellar"]);
    assert_eq!(places(&settings, Poller::PendingDeposits), ["bank", "stellar"]);
    assert_eq!(places(&settings, Poller::Outgoing), ["other"]);
    let (networks, _) = shown(&sources, "pollers.watch.networks").unwrap();
    assert_eq!(networks, r#"["stellar"]"#);
}

#[test]
fn switched_on_for_all_means_those_with_something_to_work_on() {
    let folder = Folder::new();
    let on = |text: &str| {
        let sources = folder.sources(&format!("[defaults.poller]\nenabled = true\n{text}"));
        let settings = load_without_secrets(&sources).unwrap();
        let pollers = settings.pollers.iter().filter(|(_, own)| own.enabled);
        pollers.map(|(poller, _)| *poller).collect::<Vec<_>>()
    };
    assert_eq!(on(ACME), Poller::PAYMENTS);
    assert_eq!(on(STELLAR), [Poller::PendingDeposits, Poller::Outgoing, Poller::Watch]);
    let transfers = [Poller::PendingDeposits, Poller::Outgoing, Poller::Watch];
    assert_eq!(on(&format!("{ACME}{STELLAR}")), [&Poller::PAYMENTS[..], &transfers].concat());
    let shop = "[shops.web]\nassets = [\"usdc\"]\n";
    assert_eq!(on(&format!("{ACME}{STELLAR}{shop}")), Poller::ALL);
    let without_assets = STELLAR.split("[assets.usdc]").next().unwrap();
    assert_eq!(on(without_assets), [Poller::Outgoing]);
    assert_eq!(on(""), []);
    let sources = folder.sources(&format!("[defaults.poller]\nenabled = true\n{ACME}"));
    let (value, _) = shown(&sources, "pollers.watch.enabled").unwrap();
    assert_eq!(value, "false");
    // Whoever names a poller means it.
    let mistakes = folder.mistakes(&format!("{ACME}[pollers.watch]\nenabled = true\n"));
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
}

#[test]
fn the_section_is_written_with_an_underscore() {
    let text = format!("{STELLAR}[pollers.pending_deposits]\nbatch_size = 7\n");
    assert_eq!(loaded(&text).pollers[&Poller::PendingDeposits].batch_size, 7);
    assert!(load(&super::set(&["pollers.pending-deposits.batch_size=7"])).is_err());
}

#[test]
fn seeds_and_rails_secrets_are_read_from_their_files() {
    let folder = Folder::new();
    folder.secret("seeds", "SAAA\nSBBB\n", 0o600);
    folder.secret("secret", "whsec_aaaa\n", 0o600);
    let text = STELLAR
        .replace(
            "kind = \"stellar\"",
            &format!("kind = \"stellar\"\nseeds_file = {:?}", folder.path("seeds")),
        )
        .replace(
            "kind = \"http\"",
            &format!("kind = \"http\"\nsecret_file = {:?}", folder.path("secret")),
        );
    let mut sources =
        folder.sources(&format!("{text}[pollers.pending_deposits]\nenabled = true\n"));
    let read = |sources: &Sources| {
        let settings = load(sources).unwrap();
        let RailKind::Http { secret, .. } = &settings.rails["bank"].kind else { panic!() };
        let seeds = stellar(&settings).seeds.read().unwrap();
        [seeds, secret.read().unwrap()].map(|secret| secret.expose_secret().to_owned())
    };
    assert_eq!(read(&sources), ["SAAA\nSBBB", "whsec_aaaa"]);
    folder.secret("credentials/stellar-seeds", "SCCC\n", 0o444);
    folder.secret("credentials/bank-rail-secret", "whsec_bbbb", 0o444);
    sources.credentials_directory = Some(folder.path("credentials"));
    assert_eq!(read(&sources), ["SCCC", "whsec_bbbb"]);
}
