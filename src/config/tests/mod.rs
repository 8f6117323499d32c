//! The module as its users see it: sources in, settings or mistakes out.

mod defaults;
mod layers;
mod mistakes;
mod secrets;
mod shops;
mod tari;
mod transfer_mistakes;
mod transfers;
mod typed;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use secrecy::SecretString;
use tempfile::TempDir;

use super::{
    NetworkKind, PaymentSettings, RippleNetSettings, Settings, Sources, StellarSettings, effective,
    load,
};
use crate::engine::Poller;

/// A network with all that it needs.
const ACME: &str = r#"
    [networks.acme]
    kind = "ripplenet"
    base_url = "https://acme.test.ripplexcurrent.com"
    token_url = "https://auth-test.rnc.ripplenet.com/oauth/token"
    audience = "urn:ripplexcurrent-test:acme"
    client_id = "acme-poller"
    connector_role = "receiving"
"#;

/// A network, a rail and an asset, with all that they need.
const STELLAR: &str = r#"
    [networks.stellar]
    kind = "stellar"
    horizon_url = "https://horizon-testnet.stellar.org"
    passphrase = "Test SDF Network ; September 2015"
    [rails.bank]
    kind = "http"
    url = "https://bank.example.com/railpoll/"
    [assets.usdc]
    network = "stellar"
    code = "USDC"
    issuer = "GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5"
    account = "GAL5Q5KUPOIBX7FCMGAEF4DDBEWRFOARIQI56U4J3U2WDXKDQBRSQ6SG"
    rail = "bank"
    currency = "USD"
"#;

/// A folder with configuration files.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn secret(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.file(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// The sources that are one file, `railpoll.toml`.
    fn sources(&self, text: &str) -> Sources {
        Sources { files: vec![self.file("railpoll.toml", text)], ..Sources::default() }
    }

    /// What is wrong with one file, with the file's folder left out.
    fn mistakes(&self, text: &str) -> Vec<String> {
        self.mistakes_of(&self.sources(text))
    }

    fn mistakes_of(&self, sources: &Sources) -> Vec<String> {
        let folder = format!("{}/", self.0.path().display());
        let text = load(sources).unwrap_err().to_string().replace(&folder, "");
        text.lines().map(str::to_owned).collect()
    }
}

/// The sources that are only these assignments.
fn set(assignments: &[&str]) -> Sources {
    Sources { set: assignments.iter().map(|&text| text.to_owned()).collect(), ..Sources::default() }
}

fn settings(assignments: &[&str]) -> Settings {
    load(&set(assignments)).unwrap()
}

/// The value and the origin of a key in effect.
fn shown(sources: &Sources, key: &str) -> Option<(String, String)> {
    let keys = effective(sources).unwrap();
    keys.into_iter().find(|found| found.key == key).map(|found| (found.value, found.origin))
}

/// What only a poller of payments has.
fn payments(settings: &Settings, poller: Poller) -> &PaymentSettings {
    settings.pollers[&poller].payments().unwrap()
}

fn ripplenet<'a>(settings: &'a Settings, name: &str) -> &'a RippleNetSettings {
    match &settings.networks[name].kind {
        NetworkKind::RippleNet(ripplenet) => ripplenet,
        other @ (NetworkKind::Stellar(_) | NetworkKind::Tari) => panic!("{other:?}"),
    }
}

fn stellar(settings: &Settings) -> &StellarSettings {
    match &settings.networks["stellar"].kind {
        NetworkKind::Stellar(stellar) => stellar,
        other @ (NetworkKind::RippleNet(_) | NetworkKind::Tari) => panic!("{other:?}"),
    }
}

/// The client secret of the network `acme`.
fn client_secret(settings: &Settings) -> SecretString {
    ripplenet(settings, "acme").client_secret.read().unwrap()
}
