//! A world with a bank and a Stellar network, and transfers between the two.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::{Clock, Memo, NewTransfer, TransferKind, TransferStatus};
use railpoll_sandbox::horizon::{
    CustomerMemo, CustomerPayment, HorizonOptions, HorizonSandbox, Keys, Paid,
};

use super::databases::Kind;
use super::transfers::Transfers;
use super::world::{Daemon, Ended, finish, until_true};

/// One unit of an asset, as the ledger counts.
pub(crate) const ONE: i64 = 10_000_000;

/// A bank on the one side, a ledger on the other. USDC goes out for what comes in as USD, and the reverse.
pub(crate) struct Anchor {
    pub(crate) horizon: HorizonSandbox,
    pub(crate) transfers: Transfers,
    /// How far the network's clock is ahead.
    ahead: Arc<AtomicI64>,
}

/// What differs from one test to the next.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// Accounts whose sequence numbers are used.
    pub(crate) channels: usize,
    /// Whether we have the channels' seeds.
    pub(crate) has_channel_seeds: bool,
    /// More keys of the network, and sections behind it.
    pub(crate) network: String,
    /// More keys of the asset.
    pub(crate) asset: String,
}

impl Default for Setting {
    fn default() -> Self {
        let (network, asset) = (String::new(), String::new());
        Self { channels: 0, has_channel_seeds: true, network, asset }
    }
}

/// Runs `scenario` on both databases, both at once. The thread that fails bears the kind's name.
pub(crate) fn on_both_kinds(scenario: impl Fn(Kind) + Sync) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    thread::scope(|scope| {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let scenario = &scenario;
            let run = move || scenario(kind);
            thread::Builder::new()
                .name(format!("{test} on {kind}"))
                .spawn_scoped(scope, run)
                .unwrap();
        }
    });
}

impl Anchor {
    pub(crate) fn new(kind: Kind) -> Self {
        Self::with(kind, &Setting::default(), HorizonOptions::default())
    }

    pub(crate) fn with(kind: Kind, setting: &Setting, options: HorizonOptions) -> Self {
        Self::beside(Transfers::new(kind), setting, options)
    }

    /// The same beside this bank.
    pub(crate) fn beside(transfers: Transfers, setting: &Setting, options: HorizonOptions) -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        let horizon = ledger(&transfers, &ahead, options);
        let anchor = Self { horizon, transfers, ahead };
        anchor.people(setting);
        anchor.configure(setting);
        anchor
    }

    /// Begins anew, with another bank, another ledger and an empty database.
    pub(crate) fn start_afresh(&mut self, setting: &Setting, options: HorizonOptions) {
        self.transfers.start_afresh();
        self.horizon = ledger(&self.transfers, &self.ahead, options);
        self.people(setting);
        self.configure(setting);
    }

    /// Who is on the network: an issuer, us with a lot of its money, and channels.
    fn people(&self, setting: &Setting) {
        let horizon = &self.horizon;
        horizon.account("issuer", "1000").unwrap();
        let us = horizon.account("distribution", "10000").unwrap();
        horizon.trust(&us, &usdc(), "1000000000").unwrap();
        horizon.issue(&us, &usdc(), "10000000").unwrap();
        for n in 0..setting.channels {
            horizon.account(&channel(n), "100").unwrap();
        }
    }

    /// Writes the config file.
    pub(crate) fn configure(&self, setting: &Setting) {
        let folder = self.transfers.world.folder.path();
        let seeds = folder.join("stellar-seeds");
        let mut lines = format!("{}\n", Keys::of("distribution").seed());
        let channels: Vec<Keys> = (0..setting.channels).map(|n| Keys::of(&channel(n))).collect();
        for channel in channels.iter().filter(|_| setting.has_channel_seeds) {
            writeln!(lines, "{}", channel.seed()).unwrap();
        }
        fs::write(&seeds, lines).unwrap();
        fs::set_permissions(&seeds, fs::Permissions::from_mode(0o600)).unwrap();
        let channels: Vec<String> = channels.iter().map(Keys::account).collect();
        self.transfers.configure(&format!(
            r#"
            [networks.stellar]
            kind = "stellar"
            horizon_url = "{url}"
            passphrase = "{passphrase}"
            seeds_file = "{seeds}"
            channels = {channels:?}
            timeout = "5s"
            requests_per_second = 5000
            time_bound = "30s"
            {network}
            [assets.usdc]
            network = "stellar"
            code = "USDC"
            issuer = "{issuer}"
            account = "{us}"
            rail = "bank"
            currency = "USD"
            fee_fixed = "0.50"
            {asset}
            [assets.lumens]
            network = "stellar"
            code = "native"
            account = "{us}"
            rail = "bank"
            currency = "EUR"
            "#,
            url = self.horizon.url(),
            passphrase = self.horizon.passphrase(),
            seeds = seeds.display(),
            issuer = Keys::of("issuer").account(),
            us = us(),
            network = setting.network,
            asset = setting.asset,
        ));
    }

    /// Puts the network's clock ahead.
    pub(crate) fn let_time_pass(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
        self.horizon.close();
    }

    /// The account of a customer who can take USDC.
    pub(crate) fn customer(&self, name: &str) -> Keys {
        let keys = self.horizon.account(name, "100").unwrap();
        self.horizon.trust(&keys, &usdc(), "1000000").unwrap();
        keys
    }

    /// The command of the daemon that asks and sends; `sets` override the config.
    pub(crate) fn pending_deposits(&self, sets: &[&str]) -> Command {
        let mut all = vec!["pollers.pending_deposits.enabled=true"];
        all.extend(sets);
        self.transfers.world.command("pending-deposits", &all)
    }

    /// Does something while Horizon is down, so that money is asked about and none is sent.
    pub(crate) fn ask_alone<T>(&self, asks: impl FnOnce(&Self) -> T) -> T {
        let world = &self.transfers.world;
        world.wait(self.horizon.go_down());
        let told = asks(self);
        world.wait(self.horizon.come_up());
        told
    }

    /// One sweep of it on each side. The network's may come before what the rail's finds.
    pub(crate) fn send(&self) -> Ended {
        finish(&mut self.pending_deposits(&[])).expect(0)
    }

    /// Sweeps until so many transfers are over.
    pub(crate) fn send_until_paid(&self, number: usize) {
        until_true("all to be paid", || {
            let ended = finish(&mut self.pending_deposits(&[]));
            assert!(matches!(ended.code, Some(0 | 69)), "{}", ended.stderr);
            self.transfers.count_in("completed") == number
        });
    }

    /// The command of the daemon that watches.
    pub(crate) fn watching(&self, sets: &[&str]) -> Command {
        let mut all = vec!["pollers.watch.enabled=true"];
        all.extend(sets);
        self.transfers.world.command("watch", &all)
    }

    /// One sweep of it.
    pub(crate) fn watch(&self) -> Ended {
        finish(&mut self.watching(&[])).expect(0)
    }

    /// It in loop mode.
    pub(crate) fn start_watching(&self) -> Daemon {
        Daemon::start(self.watching(&[]).arg("--loop"))
    }

    /// Deposits for so many customers, and where they go.
    pub(crate) fn deposits(&self, number: usize) -> Vec<String> {
        let to: Vec<String> =
            (0..number).map(|n| self.customer(&format!("customer {n}")).account()).collect();
        let new: Vec<_> =
            to.iter().enumerate().map(|(n, to)| self.deposit(&format!("d{n}"), to)).collect();
        self.transfers.create(&new);
        to
    }

    /// A deposit of 10.50 USD, of which 10 USDC go out to `to`: its money is in already.
    pub(crate) fn deposit(&self, id: &str, to: &str) -> NewTransfer {
        NewTransfer {
            status: TransferStatus::PendingAnchor,
            amount_in: amount("10.50"),
            amount_out: amount("10"),
            amount_fee: amount("0.50"),
            ..self.expected_deposit(id, to)
        }
    }

    /// The same before its money is in.
    pub(crate) fn expected_deposit(&self, id: &str, to: &str) -> NewTransfer {
        NewTransfer {
            transfer_id: id.to_owned(),
            kind: TransferKind::Deposit,
            protocol: None,
            status: TransferStatus::PendingUserTransferStart,
            asset: "usdc".to_owned(),
            rail: "bank".to_owned(),
            currency: "USD".to_owned(),
            network: "stellar".to_owned(),
            amount_expected: amount("10.50"),
            amount_in: None,
            amount_out: None,
            amount_fee: None,
            from_address: None,
            to_address: Some(to.to_owned()),
            memo: None,
            account: None,
            beneficiary: None,
            subject: Some(format!("subject {id}")),
            rail_reference: None,
            deadline: None,
            payment: None,
            created_at: Some(Clock::system().now()),
        }
    }

    /// A withdrawal of 10 USDC with the number `memo`, before its money is in.
    pub(crate) fn withdrawal(&self, id: &str, memo: u64) -> NewTransfer {
        NewTransfer {
            kind: TransferKind::Withdrawal,
            amount_expected: amount("10"),
            to_address: None,
            memo: Some(Memo::Id(memo)),
            account: Some(us()),
            beneficiary: Some(r#"{"account":"DE02"}"#.to_owned()),
            ..self.expected_deposit(id, "")
        }
    }

    /// Creates one transfer.
    pub(crate) fn create(&self, new: &NewTransfer) {
        self.transfers.create(std::slice::from_ref(new));
    }

    /// A customer pays us USDC with a number.
    pub(crate) fn pays(&self, customer: &Keys, amount: &str, memo: u64) -> String {
        self.pays_with(customer, amount, CustomerMemo::Id(memo))
    }

    /// The same with any memo.
    pub(crate) fn pays_with(&self, customer: &Keys, amount: &str, memo: CustomerMemo) -> String {
        let payment = CustomerPayment { to: us(), asset: usdc(), amount: amount.to_owned(), memo };
        self.horizon.pay(customer, &payment).unwrap()
    }

    /// A customer with so much USDC.
    pub(crate) fn rich_customer(&self, name: &str) -> Keys {
        let keys = self.customer(name);
        self.horizon.issue(&keys, &usdc(), "100000").unwrap();
        keys
    }

    /// What we have paid.
    pub(crate) fn paid(&self) -> Vec<Paid> {
        self.horizon.payments_from(&us())
    }

    /// Fails unless each of these accounts got 10 USDC from us, and nobody got anything besides.
    #[track_caller]
    pub(crate) fn check_paid(&self, to: &[String]) {
        let mut paid: Vec<(String, i64)> =
            self.paid().into_iter().map(|paid| (paid.to, paid.amount)).collect();
        paid.sort_unstable();
        let mut wanted: Vec<(String, i64)> = to.iter().map(|to| (to.clone(), 10 * ONE)).collect();
        wanted.sort_unstable();
        assert_eq!(paid, wanted);
        self.check_books();
    }

    /// Fails if anybody broke the rules of the other, or the history does not add up.
    #[track_caller]
    pub(crate) fn check_books(&self) {
        assert_eq!(self.horizon.discrepancies(), Vec::<String>::new());
        assert_eq!(self.horizon.violations(), Vec::<String>::new());
        assert_eq!(self.horizon.overlaps(), Vec::<String>::new());
        assert_eq!(self.transfers.bank.violations(), Vec::<String>::new());
        self.transfers.check_trail("at the end");
    }

    /// The verdicts on incoming payments, oldest first.
    pub(crate) fn verdicts(&self) -> Vec<String> {
        let sql = "SELECT verdict || coalesce(' ' || transfer_id, '') FROM incoming \
                   ORDER BY received_at, length(incoming_id), incoming_id";
        self.transfers.world.texts(sql)
    }
}

/// A network that does not keep anybody waiting.
pub(crate) fn quick() -> HorizonOptions {
    HorizonOptions {
        submit_timeout: Duration::from_millis(200),
        stream_retry: Duration::from_millis(1),
        ..HorizonOptions::default()
    }
}

/// A network whose clock is so far ahead.
fn ledger(
    transfers: &Transfers,
    ahead: &Arc<AtomicI64>,
    options: HorizonOptions,
) -> HorizonSandbox {
    let (offset, system) = (Arc::clone(ahead), Clock::system());
    let tell = move || system.now() + TimeDelta::seconds(offset.load(Ordering::Relaxed));
    let clock = railpoll_sandbox::Clock::from_fn(tell);
    let options = HorizonOptions { clock, ..options };
    transfers.world.wait(HorizonSandbox::start(options)).unwrap()
}

/// Our account.
pub(crate) fn us() -> String {
    Keys::of("distribution").account()
}

/// What goes out.
pub(crate) fn usdc() -> String {
    format!("USDC:{}", Keys::of("issuer").account())
}

fn channel(n: usize) -> String {
    format!("channel {n}")
}

fn amount(text: &str) -> Option<railpoll::engine::Amount> {
    Some(text.parse().unwrap())
}
