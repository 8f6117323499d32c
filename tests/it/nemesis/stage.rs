//! Where it is played: networks and rails with books of their own, a database, a host, and the nine daemons of payments and transfers.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use railpoll_sandbox::bank::{BankOptions, Course};
use railpoll_sandbox::horizon::{Closing, HorizonOptions};
use railpoll_sandbox::wire_gateway::{GatewayOptions, Stage as Step, TransferStatus, WireGateway};
use railpoll_sandbox::{Partner, SandboxOptions};

use super::fleet::{Fleet, supervised};
use super::server::Server;
use crate::support::databases::{Kind, TestDatabase};
use crate::support::faults::{SmallDisk, Wire};
use crate::support::host::Host;
use crate::support::stellar::{Anchor, Setting};
use crate::support::transfers::Transfers;
use crate::support::world::{Ended, World, finish};

/// Room for the database of a seed, with its log: SQLite's grows to 16 MB before it is taken in.
const SQLITE_MEGABYTES: u32 = 64;
const POSTGRES_MEGABYTES: u32 = 160;

/// What every daemon and every command is told.
const SETS: [&str; 10] = [
    "defaults.poller.enabled=true",
    "defaults.poller.fixed_delay=1s",
    "defaults.poller.lease=12s",
    "defaults.poller.review.mode=automatic",
    "defaults.poller.review.require_user_info=[\"/Cdtr/Nm\"]",
    "pollers.executed.payout=bank",
    "pollers.outgoing.lease=12s",
    "networks.acme.timeout=2s",
    "networks.stellar.timeout=2s",
    "rails.gateway.timeout=2s",
];

/// All of it. What is named first goes first.
pub(super) struct Stage {
    pub(super) fleet: Fleet,
    pub(super) gateway: WireGateway,
    /// The networks, the bank, and the configuration.
    pub(super) anchor: Anchor,
    pub(super) host: Host,
    /// Between the daemons and PostgreSQL.
    pub(super) wire: Option<Wire>,
    pub(super) server: Option<Server>,
    /// The database's.
    pub(super) disk: SmallDisk,
    sets: Vec<String>,
}

impl Stage {
    /// Everything is started, and nothing is there to do yet.
    pub(super) fn new(kind: Kind, seed: u64) -> Self {
        let (megabytes, mut sets) = match kind {
            Kind::Sqlite => (SQLITE_MEGABYTES, Vec::new()),
            Kind::Postgres => (POSTGRES_MEGABYTES, Vec::new()),
        };
        sets.extend(SETS.map(str::to_owned));
        let disk = SmallDisk::new(megabytes);
        let (mut server, mut wire) = (None, None);
        let url = match kind {
            Kind::Sqlite => format!("sqlite:{}", disk.path().join("railpoll.db").display()),
            Kind::Postgres => {
                let own = server.insert(Server::start(disk.path()));
                let wire = wire.insert(Wire::to(own.address));
                sets.push(format!("database.url={}", own.url(wire.address(), "postgres")));
                own.url(own.address, "postgres")
            }
        };
        let anchor = anchor(&url, seed);
        let gateway = gateway(&anchor, seed);
        let setting = Setting {
            channels: 2,
            network: rail(&gateway),
            asset: "underpayment = \"refund\"".to_owned(),
            ..Setting::default()
        };
        anchor.configure(&setting);
        let folder = anchor.transfers.world.folder.path();
        fs::create_dir(folder.join("tmp")).unwrap();
        let host = Host::new(folder);
        let fleet = Fleet::start(|name, address| daemon(&anchor, &host, &sets, name, address));
        Self { fleet, gateway, anchor, host, wire, server, disk, sets }
    }

    pub(super) fn kind(&self) -> Kind {
        self.anchor.transfers.world.database.kind
    }

    pub(super) fn world(&self) -> &World {
        &self.anchor.transfers.world
    }

    /// Where the daemons put what they need for a moment.
    pub(super) fn temporary(&self) -> PathBuf {
        self.world().folder.path().join("tmp")
    }

    /// The operator's command, on the same host.
    pub(super) fn railpoll(&self, words: &[&str]) -> Ended {
        let sets: Vec<&str> = self.sets.iter().map(String::as_str).collect();
        let mut command = self.world().command("railpoll", &sets);
        finish(on(&self.host, &self.temporary(), command.args(words)))
    }
}

fn anchor(url: &str, seed: u64) -> Anchor {
    let partner = Partner {
        delay: (Duration::from_millis(100), Duration::from_millis(500)),
        returns: 150,
        ..Partner::default()
    };
    let options = SandboxOptions {
        seed,
        partner: Some(partner),
        partner_every: Some(Duration::from_millis(100)),
        ..SandboxOptions::default()
    };
    let world = World::on(TestDatabase::on(url.to_owned()), options);
    let currencies = ["USD", "GBP", "EUR"].map(|code| (code.to_owned(), 2)).to_vec();
    let course = Course::later(1, Course::Deliver);
    let bank = BankOptions { seed, currencies, course, ..BankOptions::default() };
    let transfers = Transfers::in_world(world, bank);
    let horizon = HorizonOptions {
        seed,
        // Ledgers close whether or not anybody pays: without a later one nobody knows that a transaction has come too late.
        closing: Closing::Every(Duration::from_millis(300)),
        submit_timeout: Duration::from_secs(1),
        ..HorizonOptions::default()
    };
    Anchor::beside(transfers, &Setting { channels: 2, ..Setting::default() }, horizon)
}

fn gateway(anchor: &Anchor, seed: u64) -> WireGateway {
    let stages = vec![Step::of(TransferStatus::Pending, 1), Step::of(TransferStatus::Success, 0)];
    let options = GatewayOptions { seed, stages, ..GatewayOptions::default() };
    anchor.transfers.world.wait(WireGateway::start(options)).unwrap()
}

/// The gateway's section of the config.
fn rail(gateway: &WireGateway) -> String {
    format!(
        "[rails.gateway]\nkind = \"wire-gateway\"\nurl = \"{}\"\nauth = \"none\"\n\
         exchange_base_url = \"https://exchange.example.com/\"\n",
        gateway.url()
    )
}

fn daemon(
    anchor: &Anchor,
    host: &Host,
    sets: &[String],
    name: &'static str,
    address: SocketAddr,
) -> Command {
    let world = &anchor.transfers.world;
    let listen = format!("pollers.{}.listen={address}", name.replace('-', "_"));
    let mut sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    sets.push(&listen);
    let mut command = world.command(name, &sets);
    on(host, &world.folder.path().join("tmp"), &mut command);
    supervised(command)
}

fn on<'c>(host: &Host, temporary: &std::path::Path, command: &'c mut Command) -> &'c mut Command {
    host.runs(command).env("TMPDIR", temporary)
}
