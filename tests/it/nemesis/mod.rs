//! Everything goes wrong, one thing after the other, while work comes in all the time.
//!
//! A seed has the nine daemons of payments and transfers under a supervisor, networks and rails with books of their own, and three or four troubles
//! of nineteen kinds. While a trouble lasts, those who look are told of it; soon after its end everything is caught up with,
//! and nobody had to help, but for a HUP after credentials were refused, whose pause is minutes long. At the end the others' books are compared with ours.
//!
//! `RAILPOLL_NEMESIS_SEEDS=7..9` plays the seeds 7, 8 and 9 instead of the first five.

mod chance;
mod database;
mod fleet;

mod judge;
mod look;
mod machine;
mod places;
mod server;
mod stage;
mod trouble;
mod voices;
mod work;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use chance::Chance;
use stage::Stage;
use trouble::{Play, Trouble};
use work::Work;

use crate::support::databases::Kind;

/// On a machine that has nothing else to do all was caught up with within a minute, whenever it was measured: the test prints
/// it. Fourteen workers share one that has more to do.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often somebody looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The seeds of a test run.
fn seeds() -> std::ops::RangeInclusive<u64> {
    #[expect(clippy::disallowed_methods, reason = "a test's surroundings, not a setting")]
    let Ok(told) = std::env::var("RAILPOLL_NEMESIS_SEEDS") else { return 1..=5 };
    let (first, last) = told.split_once("..").unwrap_or((&told, &told));
    first.parse().unwrap()..=last.parse().unwrap()
}

/// Looks again and again until it holds. `why_not` is asked when patience is at its end.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool, why_not: impl FnOnce() -> String) -> Duration {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}\n{}", why_not());
        thread::park_timeout(LOOK_EVERY);
    }
    begun.elapsed()
}

/// Says what to do about a seed that failed, and keeps what the daemons said.
struct Witness<'s> {
    stage: &'s Stage,
    work: &'s Work<'s>,
    seed: u64,
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.work.end();
        if !thread::panicking() {
            return;
        }
        let (seed, kind) = (self.seed, self.stage.kind());
        let folder =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("nemesis-{seed}-{kind}"));
        fs::create_dir_all(&folder).unwrap();
        for member in &self.stage.fleet.members {
            let log = member.log_from(0).join("\n");
            fs::write(folder.join(format!("{}.log", member.name)), log).unwrap();
        }
        let name = format!("{kind}").to_lowercase().replace("postgresql", "postgres");
        eprintln!(
            "seed {seed} on {kind} failed. What the daemons said is in {}. It alone: \
             RAILPOLL_NEMESIS_SEEDS={seed}..{seed} scripts/test --quick nemesis::on_{name}",
            folder.display()
        );
    }
}

fn play(kind: Kind, seed: u64) {
    let at = format!("seed {seed} on {kind}");
    let troubles = Trouble::of_seed(seed, kind);
    let begun = Instant::now();
    eprintln!("{at}: {troubles:?}");
    let mut stage = Stage::new(kind, seed);
    let made = {
        let work = Work::new(&stage);
        let chance = Chance::new(seed << 8);
        thread::scope(|scope| {
            let witness = Witness { stage: &stage, work: &work, seed };
            scope.spawn(|| work.come(Chance::new(seed << 8 | 1)));
            let mut play = Play { stage: &stage, work: &work, chance, number: 0 };
            catch_up(&play, &format!("{at}: the beginning"));
            for trouble in troubles {
                play.number += 1;
                bear(&mut play, trouble, &format!("{at}: {trouble}"));
            }
            drop(witness);
        });
        work.made()
    };
    let ends = stage.fleet.stop();
    let work = Work::new(&stage);
    let witness = Witness { stage: &stage, work: &work, seed };
    for (name, end) in ends {
        assert_eq!(end.code, Some(0), "{at}: the end of {name}");
    }
    judge::judge(&stage, &made, &at);
    drop(witness);
    eprintln!("{at}: well after {:?}", begun.elapsed());
}

/// One trouble, from its beginning until all is caught up with.
fn bear(play: &mut Play<'_>, trouble: Trouble, at: &str) {
    play.work.set(true);
    thread::park_timeout(play.chance.millis(1_000));
    let running = trouble.begin(play);
    let told = until(&format!("{at} to be told"), running.is_told, || state(play));
    thread::park_timeout(play.chance.millis(2_000));
    (running.end)();
    play.work.set(false);
    let caught_up = catch_up(play, at);
    until(&format!("{at} to be told afterwards"), running.is_told_after, || state(play));
    eprintln!("{at}: told after {told:?}, caught up {caught_up:?} after its end");
}

/// Everything is done, nobody is alarmed, and every daemon is well.
fn catch_up(play: &Play<'_>, at: &str) -> Duration {
    let stage = play.stage;
    let is_done = || {
        look::left(stage, &play.work.made()).is_empty()
            && stage.fleet.is_well()
            && voices::nothing_is_wrong(stage)
    };
    until(&format!("{at} to be caught up with"), is_done, || state(play))
}

fn state(play: &Play<'_>) -> String {
    let stage = play.stage;
    let pages = stage.fleet.members.iter().map(|member| {
        let (health, ready) = (member.page("/healthz"), member.page("/readyz"));
        format!("{}: {health:?} {ready:?} {:?}", member.name, member.ends())
    });
    let pages: Vec<String> = pages.collect();
    format!("left: {:#?}\n{}", look::left(stage, &play.work.made()), pages.join("\n"))
}

#[test]
fn on_sqlite() {
    for seed in seeds() {
        play(Kind::Sqlite, seed);
    }
}

#[test]
fn on_postgres() {
    for seed in seeds() {
        play(Kind::Postgres, seed);
    }
}
