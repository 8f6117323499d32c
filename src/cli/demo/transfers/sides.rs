//! The bank and the ledger of the demo, who is there, and our config for them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::plan::{COINS, Coin, Conduct, Planned, Way};
use crate::cli::failure::Failure;
use crate::cli::sandbox::{path, section, write_secret};
use railpoll_sandbox::FaultRates;
use railpoll_sandbox::bank::{Bank, BankOptions, Course};
use railpoll_sandbox::horizon::{
    Closing, HorizonOptions, HorizonSandbox, Keys, Refused, StreamRates, SubmitFault, SubmitRates,
};

/// Accounts whose sequence numbers are used, so that many transactions are on their way at once.
const CHANNELS: usize = 4;
/// By its hash, a transaction is found so late: when it is first looked up, it is not. It is more than the margin for
/// servers that are behind, which is a tenth of [`TIME_BOUND`]; and less than an envelope is valid.
const FOUND_AFTER: Duration = Duration::from_secs(6);
/// How long envelopes are valid, as the config has it.
const TIME_BOUND: &str = "30s";
/// More than all customers together have.
const PLENTY: &str = "100000000";
/// What strangers have, and lend their account to.
const STRANGER: &str = "stranger";

/// Both sides of the transfers.
pub(super) struct Sides {
    pub(super) bank: Bank,
    pub(super) horizon: HorizonSandbox,
}

/// The account of whoever a transfer is for.
pub(super) fn customer(id: &str) -> Keys {
    Keys::of(&format!("customer of {id}"))
}

/// Somebody who pays without a word.
pub(super) fn stranger() -> Keys {
    Keys::of(STRANGER)
}

/// Our account.
pub(super) fn us() -> String {
    Keys::of("distribution").account()
}

fn channel(n: usize) -> String {
    format!("channel {n}")
}

impl Coin {
    /// As the ledger writes it.
    pub(super) fn asset(&self) -> String {
        format!("{}:{}", self.code, Keys::of("issuer").account())
    }
}

impl Sides {
    /// Starts both, with everybody who takes part.
    pub(super) async fn start(seed: u64, plan: &[Planned]) -> Result<Self, Failure> {
        let no_port = |error| Failure::Refused(format!("no loopback port can be had: {error}"));
        let bank = Bank::start(bank_options(seed)).await.map_err(no_port)?;
        let horizon = HorizonSandbox::start(horizon_options(seed)).await.map_err(no_port)?;
        // Horizon does not find at once what the ledger has: 404 after a submission.
        horizon.change(|network, _| network.ledger.lag = 1);
        // And where the answer is lost, it finds a transaction by its hash long after it shows that its number is used.
        horizon.change(|network, _| network.ledger.lookup_lag = FOUND_AFTER);
        horizon.script_submit(1, SubmitFault::TimeoutApplied);
        for one in plan.iter().filter(|one| one.conduct == Conduct::CannotBePaid) {
            let closed = Course::fail("account_closed", "the beneficiary's account is closed");
            bank.set_course_for(&one.id, closed);
        }
        let sides = Self { bank, horizon };
        sides.people(plan).map_err(|error| Failure::Defect(error.to_string()))?;
        Ok(sides)
    }

    fn people(&self, plan: &[Planned]) -> Result<(), Refused> {
        let horizon = &self.horizon;
        horizon.account("issuer", "1000")?;
        for n in 0..CHANNELS {
            horizon.account(&channel(n), "1000")?;
        }
        for name in ["distribution", STRANGER] {
            let keys = horizon.account(name, "100000")?;
            for coin in &COINS {
                self.fund(&keys, coin, PLENTY)?;
            }
        }
        for one in plan.iter().filter(|one| one.conduct != Conduct::HasNoAccount) {
            let keys = horizon.account(&format!("customer of {}", one.id), "1000")?;
            match one.way {
                Way::Deposit if one.conduct == Conduct::TrustsLate => {}
                Way::Deposit => self.trust(&keys, one.coin)?,
                Way::Withdrawal => self.fund(&keys, one.coin, "10000")?,
            }
        }
        Ok(())
    }

    /// A customer opens a trustline.
    pub(super) fn trust(&self, holder: &Keys, coin: &Coin) -> Result<(), Refused> {
        self.horizon.trust(holder, &coin.asset(), "1000000000")
    }

    fn fund(&self, holder: &Keys, coin: &Coin, amount: &str) -> Result<(), Refused> {
        self.trust(holder, coin)?;
        self.horizon.issue(holder, &coin.asset(), amount)
    }

    /// Adds both, and the assets, to a config file, and puts the secrets beside it.
    pub(super) fn write_config(&self, file: &Path) -> Result<(), Failure> {
        let (secret, seeds) = (file.with_file_name("bank-secret"), file.with_file_name("seeds"));
        let mut lines = Keys::of("distribution").seed();
        for n in 0..CHANNELS {
            lines = lines + "\n" + &Keys::of(&channel(n)).seed();
        }
        let append = || {
            write_secret(&secret, &self.bank.secret())?;
            write_secret(&seeds, &lines)?;
            let mut text = fs::read_to_string(file)?;
            text.push_str(&self.sections(&secret, &seeds));
            fs::write(file, text)
        };
        append().map_err(|error| {
            Failure::Refused(format!("{} cannot be written: {error}", file.display()))
        })
    }

    fn sections(&self, secret: &Path, seeds: &Path) -> String {
        let channels: Vec<String> =
            (0..CHANNELS).map(|n| Keys::of(&channel(n)).account()).collect();
        let bank = section(
            "rails.bank",
            [
                ("kind", json!("http")),
                ("url", json!(self.bank.url())),
                ("secret_file", path(secret)),
                ("timeout", json!("2s")),
            ],
        );
        let stellar = section(
            "networks.stellar",
            [
                ("kind", json!("stellar")),
                ("horizon_url", json!(self.horizon.url())),
                ("passphrase", json!(self.horizon.passphrase())),
                ("seeds_file", path(seeds)),
                ("channels", json!(channels)),
                ("time_bound", json!(TIME_BOUND)),
                ("timeout", json!("2s")),
                ("requests_per_second", json!(2000)),
                ("payments_per_envelope", json!(5)),
            ],
        );
        let assets = COINS.iter().map(|coin| {
            section(
                &format!("assets.{}", coin.name),
                [
                    ("network", json!("stellar")),
                    ("code", json!(coin.code)),
                    ("issuer", json!(Keys::of("issuer").account())),
                    ("account", json!(us())),
                    ("rail", json!("bank")),
                    ("currency", json!(coin.currency)),
                    ("fee_fixed", json!(coin.fee_fixed)),
                    ("fee_percent", json!(coin.fee_percent)),
                    ("underpayment", json!("refund")),
                    ("overpayment", json!("accept")),
                ],
            )
        });
        [bank, stellar].into_iter().chain(assets).map(|one| format!("\n{one}")).collect()
    }
}

fn bank_options(seed: u64) -> BankOptions {
    BankOptions {
        seed,
        faults: FaultRates {
            status_500: 30,
            status_500_after: 30,
            status_502: 10,
            cut_before: 20,
            cut_after: 40,
            truncated: 10,
            ..FaultRates::default()
        },
        courses: vec![(300, Course::later(1, Course::Deliver))],
        ..BankOptions::default()
    }
}

fn horizon_options(seed: u64) -> HorizonOptions {
    HorizonOptions {
        seed,
        closing: Closing::Every(Duration::from_millis(250)),
        submit_timeout: Duration::from_millis(500),
        stream_retry: Duration::from_millis(100),
        faults: FaultRates {
            status_500: 10,
            cut_before: 10,
            cut_after: 10,
            ..FaultRates::default()
        },
        submit_faults: SubmitRates {
            timeout_applied: 80,
            timeout_lost: 80,
            forgotten: 40,
            ..SubmitRates::default()
        },
        stream_faults: StreamRates {
            drop: 250,
            drop_inside: 150,
            repeat: 100,
            garbage: 50,
            close: 100,
            ..StreamRates::default()
        },
        ..HorizonOptions::default()
    }
}
