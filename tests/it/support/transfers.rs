//! A world with a bank behind a rail, and transfers that go out on it.

use crate::support::ann;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use railpoll::engine::{Clock, NewTransfer, TransferKind, TransferStatus};
use railpoll::store::Store;
use railpoll_sandbox::bank::{Bank, BankOptions};

use super::databases::Kind;
use super::world::{Daemon, Ended, World, finish, until_true};

/// A world, and a bank that is the rail `bank`.
pub(crate) struct Transfers {
    pub(crate) bank: Bank,
    pub(crate) world: World,
}

impl Transfers {
    pub(crate) fn new(kind: Kind) -> Self {
        Self::with(kind, BankOptions::default())
    }

    pub(crate) fn with(kind: Kind, options: BankOptions) -> Self {
        Self::in_world(World::new(kind), options)
    }

    /// The same in this world.
    pub(crate) fn in_world(world: World, options: BankOptions) -> Self {
        let bank = world.wait(Bank::start(options)).unwrap();
        let transfers = Self { bank, world };
        transfers.configure("");
        transfers.migrate();
        transfers
    }

    /// Begins anew, with another bank and an empty database.
    pub(crate) fn start_afresh(&mut self) {
        self.world.start_afresh();
        self.bank = self.world.wait(Bank::start(BankOptions::default())).unwrap();
        self.configure("");
        self.migrate();
    }

    fn migrate(&self) {
        if !self.world.database.is_bare {
            return;
        }
        let store = self.store();
        self.world.wait(store.migrate()).unwrap();
        self.world.wait(store.close());
    }

    /// Writes the config file: the bank as a rail, quick retries, and `more`.
    pub(crate) fn configure(&self, more: &str) {
        let secret = self.world.folder.path().join("bank-secret");
        fs::write(&secret, self.bank.secret()).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let rail = format!(
            r#"
            [rails.bank]
            kind = "http"
            url = "{url}"
            secret_file = "{secret}"
            timeout = "2s"
            [pollers.outgoing]
            lease = "6s"
            {more}
            "#,
            url = self.bank.url(),
            secret = secret.display(),
        );
        self.world.configure("receiving", &rail);
    }

    /// The database as a program of ours sees it.
    pub(crate) fn store(&self) -> Store {
        self.world.wait(Store::create(&self.world.database.url)).unwrap()
    }

    /// Creates so many sends of 10.00 USD each, whose money is in.
    pub(crate) fn sends(&self, number: usize) -> Vec<String> {
        let new: Vec<NewTransfer> = (0..number).map(|n| send(&format!("send-{n:05}"))).collect();
        self.create(&new)
    }

    /// Creates transfers.
    #[track_caller]
    pub(crate) fn create(&self, new: &[NewTransfer]) -> Vec<String> {
        let store = self.store();
        let bad =
            self.world.wait(store.create_transfers(ann(), new, Clock::system().now())).unwrap();
        assert_eq!(bad, []);
        self.world.wait(store.close());
        new.iter().map(|one| one.transfer_id.clone()).collect()
    }

    /// The command of the daemon that pays out; `sets` override the config.
    pub(crate) fn outgoing(&self, sets: &[&str]) -> Command {
        let mut all = vec!["pollers.outgoing.enabled=true"];
        all.extend(sets);
        self.world.command("outgoing", &all)
    }

    /// One sweep of it.
    pub(crate) fn pay(&self, sets: &[&str]) -> Ended {
        finish(&mut self.outgoing(sets))
    }

    /// It in loop mode.
    pub(crate) fn start(&self, sets: &[&str]) -> Daemon {
        Daemon::start(self.outgoing(sets).arg("--loop"))
    }

    /// Waits until a query tells `rows`. What is to be looked up at the rail after a while is looked up at once.
    #[track_caller]
    pub(crate) fn wait_for(&self, at: &str, query: &str, rows: &[&str]) {
        let world = &self.world;
        let past = match world.database.kind {
            Kind::Sqlite => "'2000-01-01T00:00:00.000000Z'",
            Kind::Postgres => "timestamptz '2000-01-01'",
        };
        let look_now = format!(
            "UPDATE payouts SET not_before = {past} WHERE finished_at IS NULL AND not_before > {past}"
        );
        until_true(at, || {
            world.sql(&look_now);
            world.texts(query) == rows
        });
    }

    /// Where a transfer stands.
    pub(crate) fn status(&self, transfer_id: &str) -> String {
        self.world
            .texts(&format!("SELECT status FROM transfers WHERE transfer_id = '{transfer_id}'"))
            .remove(0)
    }

    /// How many transfers stand there.
    pub(crate) fn count_in(&self, status: &str) -> usize {
        self.world.count(&format!("transfers WHERE status = '{status}'"))
    }

    /// What stands at a transfer for a person to read.
    pub(crate) fn message(&self, transfer_id: &str) -> String {
        let sql = format!(
            "SELECT coalesce(message, '') FROM transfers WHERE transfer_id = '{transfer_id}'"
        );
        self.world.texts(&sql).remove(0)
    }

    /// Fails unless the bank has paid each of these transfers once and no other, and nobody broke its contract.
    #[track_caller]
    pub(crate) fn check_paid_once(&self, ids: &[String], at: &str) {
        assert_eq!(self.bank.violations(), Vec::<String>::new(), "{at}");
        assert_eq!(self.bank.paid_more_than_once(), [], "{at}");
        let orders = self.bank.payouts().into_iter();
        let paid = orders.filter(|order| order.status.is_paid());
        let mut paid: Vec<String> = paid.map(|order| order.about().to_owned()).collect();
        paid.sort_unstable();
        let mut wanted = ids.to_vec();
        wanted.sort_unstable();
        assert_eq!(paid, wanted, "{at}");
    }

    /// Fails unless each status that a transfer ever had is on record once, with its event, and the counts are right.
    #[track_caller]
    pub(crate) fn check_trail(&self, at: &str) {
        let world = &self.world;
        let moves =
            world.texts("SELECT CAST(sum(version) AS text) FROM transfers HAVING count(*) > 0");
        let moves: usize = moves.first().map_or(0, |sum| sum.parse().unwrap());
        assert_eq!(world.count("status_changes WHERE kind = 'transfer'"), moves, "{at}");
        let told = world.events("transfer.created") + world.events("transfer.status_changed");
        assert_eq!(told, moves, "{at}");
        let counted = "SELECT status || ' ' || CAST(sum(transfers) AS text) FROM transfer_counts \
                       GROUP BY status HAVING sum(transfers) <> 0 ORDER BY status";
        let there = "SELECT status || ' ' || CAST(count(*) AS text) FROM transfers \
                     GROUP BY status ORDER BY status";
        assert_eq!(world.texts(counted), world.texts(there), "{at}");
        assert_eq!(
            world.count("transfers WHERE payout_id IS NOT NULL AND completed_at IS NOT NULL"),
            0,
            "{at}"
        );
    }
}

/// A send of 10.00 USD whose money is in.
pub(crate) fn send(id: &str) -> NewTransfer {
    NewTransfer {
        transfer_id: id.to_owned(),
        kind: TransferKind::Send,
        protocol: None,
        status: TransferStatus::PendingReceiver,
        asset: "acme".to_owned(),
        rail: "bank".to_owned(),
        currency: "USD".to_owned(),
        network: "acme".to_owned(),
        amount_expected: None,
        amount_in: Some("10.00".parse().unwrap()),
        amount_out: Some("10.00".parse().unwrap()),
        amount_fee: Some("0".parse().unwrap()),
        from_address: None,
        to_address: None,
        memo: None,
        account: None,
        beneficiary: Some(r#"{"name":"Ada","iban":"DE02120300000000202051"}"#.to_owned()),
        subject: Some(format!("Rent {id}")),
        rail_reference: None,
        deadline: None,
        payment: None,
        created_at: None,
    }
}
