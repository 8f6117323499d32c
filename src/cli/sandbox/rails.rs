//! `railpoll sandbox --bank --wire-gateway`: simulated rails beside the networks.

use std::path::Path;

use serde_json::json;

use super::super::failure::Failure;
use super::super::output::Out;
use super::{append, faults, path, section, write_secret};
use railpoll_sandbox::bank::{Bank, BankOptions, Course, Customers};
use railpoll_sandbox::wire_gateway::{
    GatewayAuth, GatewayOptions, Stage, TransferStatus, WireGateway,
};

/// Who is let in at the gateway.
const USERNAME: &str = "exchange";
const PASSWORD: &str = "sandbox-password";
/// Where the secrets are, in the folder of the config.
const BANK_FILE: &str = "bank-secret";
const GATEWAY_FILE: &str = "gateway-secret";

/// The rails that are served.
pub(super) struct RailTrials {
    bank: Option<Bank>,
    gateway: Option<WireGateway>,
}

impl RailTrials {
    /// Starts those that have a port. `per_mille` of requests meet a fault, a fifth of them each kind.
    pub(super) async fn start(
        bank: Option<u16>,
        gateway: Option<u16>,
        seed: u64,
        per_mille: u32,
    ) -> Result<Self, Failure> {
        let failed = |port: u16, error: std::io::Error| {
            Failure::Refused(format!("port {port} cannot be listened on: {error}"))
        };
        let mut trials = Self { bank: None, gateway: None };
        if let Some(port) = bank {
            let options = BankOptions {
                port,
                seed,
                faults: faults(per_mille),
                course: Course::later(1, Course::Deliver),
                customers: Some(Customers::default()),
                ..BankOptions::default()
            };
            trials.bank = Some(Bank::start(options).await.map_err(|error| failed(port, error))?);
        }
        if let Some(port) = gateway {
            let (username, password) = (USERNAME.to_owned(), PASSWORD.to_owned());
            let options = GatewayOptions {
                port,
                seed,
                faults: faults(per_mille),
                auth: GatewayAuth::Basic { username, password },
                stages: vec![
                    Stage::of(TransferStatus::Pending, 1),
                    Stage::of(TransferStatus::Success, 0),
                ],
                ..GatewayOptions::default()
            };
            let gateway = WireGateway::start(options).await;
            trials.gateway = Some(gateway.map_err(|error| failed(port, error))?);
        }
        Ok(trials)
    }

    /// The files of secrets, each with its text.
    fn secrets(&self) -> Vec<(&'static str, String)> {
        let bank = self.bank.iter().map(|bank| (BANK_FILE, bank.secret()));
        bank.chain(self.gateway.iter().map(|gateway| (GATEWAY_FILE, gateway.secret()))).collect()
    }

    /// Their sections of a config file, with the secrets in `folder`.
    fn sections(&self, folder: &Path) -> String {
        let file = |name| path(&folder.join(name));
        let bank = self.bank.iter().map(|bank| {
            section(
                "rails.bank",
                [
                    ("kind", json!("http")),
                    ("url", json!(bank.url())),
                    ("secret_file", file(BANK_FILE)),
                ],
            )
        });
        let gateway = self.gateway.iter().map(|gateway| {
            section(
                "rails.gateway",
                [
                    ("kind", json!("wire-gateway")),
                    ("url", json!(gateway.url())),
                    ("auth", json!("basic")),
                    ("username", json!(USERNAME)),
                    ("secret_file", file(GATEWAY_FILE)),
                    ("exchange_base_url", json!("https://exchange.example.com/")),
                ],
            )
        });
        bank.chain(gateway).collect::<Vec<_>>().join("\n")
    }

    /// Adds their sections to a config file, and puts the secrets beside it.
    pub(super) fn write_config(&self, file: &Path) -> Result<(), Failure> {
        let failed = |what: &Path, error: std::io::Error| {
            Failure::Refused(format!("{} cannot be written: {error}", what.display()))
        };
        if self.secrets().is_empty() {
            return Ok(());
        }
        for (name, secret) in self.secrets() {
            let path = file.with_file_name(name);
            write_secret(&path, &secret).map_err(|error| failed(&path, error))?;
        }
        let sections = self.sections(file.parent().unwrap_or(Path::new("")));
        append(file, &sections)
    }

    /// What can be tried with them. `with_sections`: there is no config file to read them in.
    pub(super) fn tell(&self, with_sections: bool, out: &mut Out) -> Result<(), Failure> {
        if with_sections {
            for line in self.sections(Path::new("")).lines() {
                out.line(line)?;
            }
            for (name, secret) in self.secrets() {
                out.line(format!("# {name} holds {secret}"))?;
            }
        }
        if let Some(bank) = &self.bank {
            let admin = format!("http://{}/admin/", bank.address());
            out.line(format!("a simulated bank is at {}, its books at {admin}books", bank.url()))?;
        }
        if let Some(gateway) = &self.gateway {
            out.line(format!("a simulated wire gateway is at {}", gateway.url()))?;
        }
        Ok(())
    }

    /// What came of them: the violations, of which there should be none.
    pub(super) fn tell_end(&self, out: &mut Out) -> Result<Vec<String>, Failure> {
        let mut violations = Vec::new();
        if let Some(bank) = &self.bank {
            let (requests, payouts) = (bank.requests(), bank.payout_count());
            let repeated = bank.paid_more_than_once().len();
            out.line(format!(
                "bank: {requests} requests, {payouts} payouts, {repeated} transfers paid more than once"
            ))?;
            for ((currency, beneficiary), amount) in bank.paid().iter().take(20) {
                let amount = amount.to_plain_string();
                out.line(format!("{amount:>20} {currency} to {beneficiary}"))?;
            }
            violations.extend(bank.violations());
        }
        if let Some(gateway) = &self.gateway {
            let (requests, transfers) = (gateway.requests(), gateway.transfer_count());
            let credits = gateway.credits().len();
            out.line(format!(
                "wire gateway: {requests} requests, {transfers} transfers, {credits} credits"
            ))?;
            violations.extend(gateway.violations());
        }
        Ok(violations)
    }
}
