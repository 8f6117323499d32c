//! What can go wrong, and which of it a seed meets.

use std::fmt;

use super::chance::Chance;
use super::database;
use super::machine;
use super::places;
use super::stage::Stage;
use super::work::Work;
use crate::support::databases::Kind;

/// Seeds that together meet each kind.
const TOGETHER: u64 = 5;

/// Something that goes wrong for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The disk of SQLite's file is full.
    FullDisk,
    /// That disk answers EIO.
    BrokenDisk,
    /// SQLite's file is replaced by a copy that is a little older.
    ReplacedFile,
    /// The server takes no writes, as a standby.
    ReadOnlyServer,
    /// Something on the way forgets all connections.
    SilentConnections,
    /// A pooler on the way stands still.
    FrozenPooler,
    /// The server's first process is killed.
    KilledPostmaster,
    /// The server's disk is full.
    FullServer,
    /// The host's clock is wrong.
    ClockJump,
    /// A daemon has no files left.
    ExhaustedFiles,
    /// The disk of the log is full.
    UnwritableLog,
    /// Daemons are killed.
    KilledDaemon,
    /// A daemon stands still for longer than its lease.
    FrozenDaemon,
    /// A network or rail does not answer.
    PlaceDown,
    /// Answers are lost after they took effect.
    LostAnswers,
    /// One payment's own URLs answer 500.
    SickPayment,
    /// Questions about one deposit are answered 500.
    SickDeposit,
    /// One account's own URL answers 500.
    SickAccount,
    /// A network does not take our secret.
    RefusedCredentials,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Trouble {
    const EVERYWHERE: [Self; 11] = [
        Self::ClockJump,
        Self::ExhaustedFiles,
        Self::UnwritableLog,
        Self::KilledDaemon,
        Self::FrozenDaemon,
        Self::PlaceDown,
        Self::LostAnswers,
        Self::SickPayment,
        Self::SickDeposit,
        Self::SickAccount,
        Self::RefusedCredentials,
    ];
    const SQLITE: [Self; 3] = [Self::FullDisk, Self::BrokenDisk, Self::ReplacedFile];
    const POSTGRES: [Self; 5] = [
        Self::ReadOnlyServer,
        Self::SilentConnections,
        Self::FrozenPooler,
        Self::KilledPostmaster,
        Self::FullServer,
    ];

    /// Every kind that meets such a database.
    fn all(kind: Kind) -> Vec<Self> {
        let own = match kind {
            Kind::Sqlite => &Self::SQLITE[..],
            Kind::Postgres => &Self::POSTGRES[..],
        };
        [&Self::EVERYWHERE[..], own].concat()
    }

    /// What a seed meets, in this order. Each five seeds, from the first on, meet every kind.
    pub(super) fn of_seed(seed: u64, kind: Kind) -> Vec<Self> {
        let (round, place) = ((seed - 1) / TOGETHER, (seed - 1) % TOGETHER);
        let mut deck = Self::all(kind);
        Chance::new(round).shuffle(&mut deck);
        let each = deck.len().div_ceil(usize::try_from(TOGETHER).unwrap());
        let first = usize::try_from(place).unwrap() * each;
        // Where the deck ends, it begins anew.
        (first..first + each).map(|n| deck[n % deck.len()]).collect()
    }

    /// Lets it begin.
    pub(super) fn begin<'s>(self, play: &mut Play<'s>) -> Running<'s> {
        match self {
            Self::FullDisk => database::full_disk(play),
            Self::BrokenDisk => database::broken_disk(play),
            Self::ReplacedFile => database::replaced_file(play),
            Self::ReadOnlyServer => database::read_only_server(play),
            Self::SilentConnections => database::silent_connections(play),
            Self::FrozenPooler => database::frozen_pooler(play),
            Self::KilledPostmaster => database::killed_postmaster(play),
            Self::FullServer => database::full_server(play),
            Self::ClockJump => machine::clock_jump(play),
            Self::ExhaustedFiles => machine::exhausted_files(play),
            Self::UnwritableLog => machine::unwritable_log(play),
            Self::KilledDaemon => machine::killed_daemon(play),
            Self::FrozenDaemon => machine::frozen_daemon(play),
            Self::PlaceDown => places::down(play),
            Self::LostAnswers => places::lost_answers(play),
            Self::SickPayment => places::sick_payment(play),
            Self::SickDeposit => places::sick_deposit(play),
            Self::SickAccount => places::sick_account(play),
            Self::RefusedCredentials => places::refused_credentials(play),
        }
    }
}

/// Where trouble is made.
pub(super) struct Play<'s> {
    pub(super) stage: &'s Stage,
    pub(super) work: &'s Work<'s>,
    pub(super) chance: Chance,
    /// How many troubles there were.
    pub(super) number: usize,
}

/// A trouble that has begun.
pub(super) struct Running<'s> {
    /// Whether those who look are told of it.
    pub(super) is_told: Box<dyn Fn() -> bool + 's>,
    /// Ends it.
    pub(super) end: Box<dyn FnOnce() + 's>,
    /// Whether all that may be told of it only afterwards was told.
    pub(super) is_told_after: Box<dyn Fn() -> bool + 's>,
}

impl<'s> Running<'s> {
    pub(super) fn new(is_told: impl Fn() -> bool + 's, end: impl FnOnce() + 's) -> Self {
        Self { is_told: Box::new(is_told), end: Box::new(end), is_told_after: Box::new(|| true) }
    }
}

#[test]
fn five_seeds_meet_every_kind() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for round in 0..4 {
            let met: Vec<Trouble> =
                (1..=TOGETHER).flat_map(|n| Trouble::of_seed(round * TOGETHER + n, kind)).collect();
            let all = Trouble::all(kind);
            assert!(all.iter().all(|one| met.contains(one)), "{round} on {kind}: {met:?}");
        }
    }
}
