//! `railpoll sandbox --horizon`: a simulated Stellar network beside the others.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::super::failure::Failure;
use super::super::output::Out;
use super::{append, faults, path, section, write_secret};
use railpoll_sandbox::horizon::{
    Closing, HorizonOptions, HorizonSandbox, Keys, Refused, StreamRates, SubmitRates,
};

/// Accounts whose sequence numbers a distribution account can use.
const CHANNELS: usize = 4;
/// Where the seeds are, in the folder of the config.
const SEEDS_FILE: &str = "stellar-seeds";

/// A network with a bank that issues dollars, an account that distributes them, and a customer.
pub(super) struct StellarTrial {
    horizon: HorizonSandbox,
    /// Who signs: the distribution account first, then its channels.
    ours: Vec<Keys>,
    customer: Keys,
    usd: String,
}

impl StellarTrial {
    /// Starts it. `per_mille` of requests meet a fault, a fifth of them each kind, as on the other networks.
    pub(super) async fn start(port: u16, seed: u64, per_mille: u32) -> Result<Self, Failure> {
        let each = per_mille / 5;
        let options = HorizonOptions {
            port,
            seed,
            closing: Closing::Every(Duration::from_secs(1)),
            faults: faults(per_mille),
            submit_faults: SubmitRates {
                timeout_applied: each,
                timeout_lost: each,
                ..SubmitRates::default()
            },
            stream_faults: StreamRates { drop: each, drop_inside: each, ..StreamRates::default() },
            ..HorizonOptions::default()
        };
        let horizon = HorizonSandbox::start(options).await.map_err(|error| {
            Failure::Refused(format!("port {port} cannot be listened on: {error}"))
        })?;
        Self::people(horizon).map_err(|error| Failure::Defect(error.to_string()))
    }

    fn people(horizon: HorizonSandbox) -> Result<Self, Refused> {
        let issuer = horizon.account("issuer", "1000")?;
        let usd = format!("USD:{}", issuer.account());
        let distribution = horizon.account("distribution", "10000")?;
        let customer = horizon.account("customer", "1000")?;
        for (holder, amount) in [(&distribution, "1000000"), (&customer, "100000")] {
            horizon.trust(holder, &usd, "10000000")?;
            horizon.issue(holder, &usd, amount)?;
        }
        let channels = (1..=CHANNELS).map(|n| horizon.account(&format!("channel {n}"), "100"));
        let ours = std::iter::once(Ok(distribution)).chain(channels).collect::<Result<_, _>>()?;
        Ok(Self { horizon, ours, customer, usd })
    }

    /// Its section of a config file.
    fn section(&self, seeds_file: &Path) -> String {
        let channels: Vec<String> = self.ours.iter().skip(1).map(Keys::account).collect();
        section(
            "networks.stellar",
            [
                ("kind", json!("stellar")),
                ("horizon_url", json!(self.horizon.url())),
                ("passphrase", json!(self.horizon.passphrase())),
                ("seeds_file", path(seeds_file)),
                ("channels", json!(channels)),
            ],
        )
    }

    /// Adds its section to a config file, and puts the seeds beside it.
    pub(super) fn write_config(&self, file: &Path) -> Result<(), Failure> {
        let failed = |what: &Path, error: std::io::Error| {
            Failure::Refused(format!("{} cannot be written: {error}", what.display()))
        };
        let seeds = file.with_file_name(SEEDS_FILE);
        let lines: String = self.ours.iter().map(|keys| keys.seed() + "\n").collect();
        write_secret(&seeds, &lines).map_err(|error| failed(&seeds, error))?;
        let section = self.section(&seeds);
        append(file, &section)
    }

    /// Adds an asset that joins it to the simulated bank: with it, the pollers of transfers have something to do.
    pub(super) fn write_asset(&self, file: &Path) -> Result<(), Failure> {
        let account = self.ours.first().map(Keys::account).unwrap_or_default();
        let issuer = self.usd.split_once(':').map_or("", |(_, issuer)| issuer);
        let section = section(
            "assets.usd",
            [
                ("network", json!("stellar")),
                ("code", json!("USD")),
                ("issuer", json!(issuer)),
                ("account", json!(account)),
                ("rail", json!("bank")),
                ("currency", json!("USD")),
                ("fee_fixed", json!("0.50")),
                ("underpayment", json!("refund")),
            ],
        );
        append(file, &section)
    }

    /// What can be tried with it. `with_section`: there is no config file to read it in.
    pub(super) fn tell(&self, with_section: bool, out: &mut Out) -> Result<(), Failure> {
        if with_section {
            for line in self.section(Path::new(SEEDS_FILE)).lines() {
                out.line(line)?;
            }
            for keys in &self.ours {
                out.line(format!("# {SEEDS_FILE} holds {}", keys.seed()))?;
            }
        }
        let distribution = self.ours.first().map(Keys::account).unwrap_or_default();
        out.line(format!("{:>14}  {}", "asset", self.usd))?;
        out.line(format!("{:>14}  {distribution}", "distribution"))?;
        let (account, seed) = (self.customer.account(), self.customer.seed());
        out.line(format!("{:>14}  {account}, who signs with {seed}", "customer"))?;
        out.line(format!("a simulated Stellar network is at {}", self.horizon.url()))
    }

    /// What came of it: the violations, of which there should be none.
    pub(super) fn tell_end(&self, out: &mut Out) -> Result<Vec<String>, Failure> {
        let (good, failed) = self.horizon.transactions();
        let (requests, ledgers) = (self.horizon.requests(), self.horizon.ledger());
        out.line(format!(
            "Stellar: {requests} requests, ledger {ledgers}, {good} transactions, {failed} failed"
        ))?;
        Ok(self.horizon.violations())
    }
}
