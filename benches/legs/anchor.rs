//! A bank on the one side, a Stellar network on the other, and us between them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use railpoll_sandbox::bank::{Bank, BankOptions};
use railpoll_sandbox::horizon::{HorizonOptions, HorizonSandbox, Keys};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::Outcome;
use crate::support::cost::sandbox_thread;

/// The rail's name in the configuration.
pub(crate) const RAIL: &str = "bank";
/// The network's.
pub(crate) const NETWORK: &str = "stellar";

/// Both sides, on a thread of their own.
pub(crate) struct Anchor {
    pub(crate) bank: Bank,
    pub(crate) horizon: HorizonSandbox,
    folder: TempDir,
    // Last: both live on its one thread.
    _runtime: Runtime,
}

impl Anchor {
    pub(crate) fn new(bank: BankOptions, horizon: HorizonOptions) -> Outcome<Self> {
        let runtime = sandbox_thread()?;
        let bank = runtime.block_on(Bank::start(bank))?;
        let horizon = runtime.block_on(HorizonSandbox::start(horizon))?;
        horizon.account("issuer", "1000")?;
        let us = horizon.account("us", "1000000")?;
        horizon.trust(&us, &usdc(), "1000000000")?;
        horizon.issue(&us, &usdc(), "100000000")?;
        Ok(Self { bank, horizon, folder: tempfile::tempdir()?, _runtime: runtime })
    }

    /// Writes the configuration of all pollers of transfers with the database of `url` and so many channels; where it
    /// is. `network` is more keys of the network, `poller` of every poller.
    pub(crate) fn config(
        &self,
        url: &str,
        channels: usize,
        network: &str,
        poller: &str,
    ) -> Outcome<PathBuf> {
        let folder = self.folder.path();
        let keys: Vec<Keys> = (0..channels).map(channel).collect();
        let mut seeds = vec![Keys::of("us").seed()];
        seeds.extend(keys.iter().map(Keys::seed));
        for (n, _) in keys.iter().enumerate() {
            self.horizon.account(&channel_name(n), "1000")?;
        }
        let channels: Vec<String> = keys.iter().map(Keys::account).collect();
        let text = format!(
            r#"
            [database]
            url = "{url}"
            [rails.{RAIL}]
            kind = "http"
            url = "{bank}"
            secret_file = "{secret}"
            [networks.{NETWORK}]
            kind = "stellar"
            horizon_url = "{horizon}"
            passphrase = "{passphrase}"
            seeds_file = "{seeds}"
            channels = {channels:?}
            requests_per_second = 10000
            {network}
            [assets.usdc]
            network = "{NETWORK}"
            code = "USDC"
            issuer = "{issuer}"
            account = "{us}"
            rail = "{RAIL}"
            currency = "USD"
            [defaults.poller]
            initial_delay = "0s"
            fixed_delay = "1s"
            {poller}
            [pollers.pending_deposits]
            enabled = true
            [pollers.outgoing]
            enabled = true
            [pollers.watch]
            enabled = true
            "#,
            bank = self.bank.url(),
            secret = secret_file(folder, "bank", &self.bank.secret())?.display(),
            horizon = self.horizon.url(),
            passphrase = self.horizon.passphrase(),
            seeds = secret_file(folder, "seeds", &seeds.join("\n"))?.display(),
            issuer = Keys::of("issuer").account(),
            us = us(),
        );
        let file = folder.join("railpoll.toml");
        fs::write(&file, text)?;
        Ok(file)
    }

    /// The accounts of many who can take USDC.
    pub(crate) fn receivers(&self) -> Outcome<Vec<String>> {
        let receiver = |n| Ok(self.customer(&format!("receiver {n}"))?.account());
        (0..500).map(receiver).collect()
    }

    /// Somebody who can take USDC, and has some: the account's keys.
    pub(crate) fn customer(&self, name: &str) -> Outcome<Keys> {
        let keys = self.horizon.account(name, "1000000")?;
        self.horizon.trust(&keys, &usdc(), "1000000000")?;
        self.horizon.issue(&keys, &usdc(), "10000000")?;
        Ok(keys)
    }
}

fn secret_file(folder: &Path, name: &str, secret: &str) -> Outcome<PathBuf> {
    let file = folder.join(name);
    fs::write(&file, secret)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Our account, which pays and is paid.
pub(crate) fn us() -> String {
    Keys::of("us").account()
}

/// What goes out for what comes in as USD, and the reverse.
pub(crate) fn usdc() -> String {
    format!("USDC:{}", Keys::of("issuer").account())
}

fn channel(n: usize) -> Keys {
    Keys::of(&channel_name(n))
}

fn channel_name(n: usize) -> String {
    format!("channel {n}")
}
