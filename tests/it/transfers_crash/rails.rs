//! The same for rails of the other kinds, a program and a wire gateway, in scenes of a few transfers.

use std::process::Command;
use std::sync::Arc;

use bigdecimal::BigDecimal;
use railpoll::engine::NewTransfer;
use railpoll_sandbox::horizon::HorizonOptions;

use super::gateway::Gateway;
use super::killing::{Killer, Stage, at_each_place_and_call};
use super::program::Program;
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, Setting};
use crate::support::transfers::{Transfers, send};
use crate::support::world::{Daemon, Ended, World};

/// What the rail is called.
const RAIL: &str = "side";
/// What becomes of payouts, each called by that: an answer is lost after it took effect, and before it did.
const COURSES: [&str; 3] = ["lost", "half", "returned"];

/// For which transfer money left, and how much.
pub(crate) type Paid = (String, BigDecimal);

/// The other side of a rail, with books of its own.
pub(crate) trait Side {
    /// What it pays.
    const CURRENCY: &str;

    /// One with empty books.
    fn open(world: &World) -> Self;

    /// The keys of its section in the config.
    fn section(&self) -> String;

    /// Somebody whose payout takes this course.
    fn beneficiary(&self, course: &str) -> String;

    /// What the `n`-th payer is told to write.
    fn subject(&self, n: u64) -> String;

    /// Sees to it that payouts take their courses.
    fn prepare_payouts(&self);

    /// The payers 1 and 2 pay in 10.50. What is to be on record of money that came by a feed.
    fn pay_in(&self) -> Vec<&'static str>;

    fn arm(&self, killer: Arc<Killer>);

    fn disarm(&self);

    /// All that was paid, if nobody did anything wrong.
    fn paid(&self, at: &str) -> Vec<Paid>;

    /// It as a whole section.
    fn rail(&self) -> String {
        format!("[rails.{RAIL}]\n{}", self.section())
    }
}

/// Payouts, one of each course, and who makes them.
struct Payouts<S> {
    transfers: Transfers,
    side: S,
}

impl<S: Side> Payouts<S> {
    fn new(kind: Kind) -> Self {
        let transfers = Transfers::new(kind);
        transfers.world.database.trust_the_machine();
        let side = S::open(&transfers.world);
        Self { transfers, side }
    }

    fn command(&self) -> Command {
        self.transfers.outgoing(&["pollers.outgoing.rails=[\"side\"]"])
    }

    fn send(&self, course: &str, amount: &BigDecimal) -> NewTransfer {
        let amount = Some(amount.to_string().parse().unwrap());
        NewTransfer {
            rail: RAIL.to_owned(),
            currency: S::CURRENCY.to_owned(),
            amount_in: amount.clone(),
            amount_out: amount,
            beneficiary: Some(self.side.beneficiary(course)),
            subject: Some(course.to_owned()),
            ..send(course)
        }
    }
}

/// So much goes out for each.
fn amounts() -> impl Iterator<Item = (&'static str, BigDecimal)> {
    COURSES.into_iter().zip(1..).map(|(course, n)| (course, BigDecimal::new(n.into(), 2) + 10))
}

impl<S: Side> Stage for Payouts<S> {
    fn set(&mut self) {
        self.transfers.start_afresh();
        self.side = S::open(&self.transfers.world);
        self.transfers.configure(&self.side.rail());
        let new: Vec<_> = amounts().map(|(course, amount)| self.send(course, &amount)).collect();
        self.transfers.create(&new);
        self.side.prepare_payouts();
    }

    fn world(&self) -> &World {
        &self.transfers.world
    }

    fn run(&self, start: impl FnOnce(&mut Command) -> Daemon) -> Ended {
        start(&mut self.command()).ended()
    }

    fn arm(&self, killer: Arc<Killer>) {
        self.side.arm(killer);
    }

    fn disarm(&self) {
        self.side.disarm();
    }

    fn finish(&self, at: &str) {
        let daemon = Daemon::start(self.command().arg("--loop"));
        let (transfers, world) = (&self.transfers, &self.transfers.world);
        let over = "SELECT CAST(count(*) AS text) FROM transfers WHERE completed_at IS NOT NULL";
        transfers.wait_for(at, over, &[&COURSES.len().to_string()]);
        // All may be over before it has begun: only then it listens to signals.
        daemon.wait_for_log("lease taken");
        daemon.signal("TERM");
        daemon.ended().expect(0);
        let mut paid = self.side.paid(at);
        paid.sort_unstable();
        let mut wanted: Vec<Paid> =
            amounts().map(|(course, amount)| (course.to_owned(), amount)).collect();
        wanted.retain(|(course, _)| course != "returned");
        wanted.sort_unstable();
        assert_eq!(paid, wanted, "{at}");
        transfers.check_trail(at);
        for (course, _) in amounts() {
            let end = if course == "returned" { "error" } else { "completed" };
            assert_eq!(transfers.status(course), end, "{at}: {course}");
        }
        assert_eq!(world.count("payouts"), COURSES.len(), "{at}: a new decision");
        assert_eq!(world.count("payouts WHERE finished_at IS NULL"), 0, "{at}");
    }
}

/// Two deposits, and who finds that they have come. Horizon is down meanwhile.
struct Deposits<S> {
    anchor: Anchor,
    side: S,
    told: Vec<&'static str>,
    to: Vec<String>,
}

impl<S: Side> Deposits<S> {
    fn new(kind: Kind) -> Self {
        let anchor = Anchor::new(kind);
        anchor.transfers.world.database.trust_the_machine();
        let side = S::open(&anchor.transfers.world);
        Self { anchor, side, told: Vec::new(), to: Vec::new() }
    }

    fn deposit(&self, n: u64) -> NewTransfer {
        let to = self.anchor.customer(&format!("customer {n}")).account();
        NewTransfer {
            rail: RAIL.to_owned(),
            currency: S::CURRENCY.to_owned(),
            subject: Some(self.side.subject(n)),
            ..self.anchor.expected_deposit(&format!("in-{n}"), &to)
        }
    }
}

impl<S: Side> Stage for Deposits<S> {
    fn set(&mut self) {
        self.side = S::open(&self.anchor.transfers.world);
        let setting = Setting { network: self.side.rail(), ..Setting::default() };
        self.anchor.start_afresh(&setting, HorizonOptions::default());
        let new = [self.deposit(1), self.deposit(2)];
        self.to = new.iter().filter_map(|one| one.to_address.clone()).collect();
        self.anchor.transfers.create(&new);
        self.told = self.side.pay_in();
    }

    fn world(&self) -> &World {
        &self.anchor.transfers.world
    }

    fn run(&self, start: impl FnOnce(&mut Command) -> Daemon) -> Ended {
        let only = ["pollers.pending_deposits.rails=[\"side\"]"];
        self.anchor.ask_alone(|anchor| start(&mut anchor.pending_deposits(&only)).ended())
    }

    fn arm(&self, killer: Arc<Killer>) {
        self.side.arm(killer);
    }

    fn disarm(&self) {
        self.side.disarm();
    }

    fn finish(&self, at: &str) {
        self.anchor.send_until_paid(2);
        self.anchor.check_paid(&self.to);
        assert_eq!(self.anchor.verdicts(), self.told, "{at}");
        assert_eq!(self.side.paid(at), [], "{at}: money went back");
        let world = &self.anchor.transfers.world;
        assert_eq!(world.count("quarantine"), 0, "{at}");
        let received = "SELECT CAST(amount_in AS text) FROM transfers ORDER BY transfer_id";
        let received: Vec<BigDecimal> =
            world.texts(received).iter().map(|amount| amount.parse().unwrap()).collect();
        assert_eq!(received, [BigDecimal::new(105.into(), 1), BigDecimal::new(105.into(), 1)]);
    }
}

// What is booked is the same code for all rails, and is tried on both databases in `killed`.

#[test]
fn payouts_at_a_gateway_on_postgres() {
    at_each_place_and_call(Payouts::<Gateway>::new(Kind::Postgres), 8);
}

#[test]
fn payouts_by_a_program_on_postgres() {
    at_each_place_and_call(Payouts::<Program>::new(Kind::Postgres), 8);
}

#[test]
fn deposits_at_a_gateway_on_sqlite() {
    at_each_place_and_call(Deposits::<Gateway>::new(Kind::Sqlite), 3);
}

#[test]
fn deposits_by_a_program_on_sqlite() {
    at_each_place_and_call(Deposits::<Program>::new(Kind::Sqlite), 3);
}
