//! What the sandbox can be told.

use std::time::Duration;

use crate::Clock;
use crate::faults::FaultRates;
use crate::random::Chance;

/// How a simulated Stellar network begins. All but the port, the clock, the seed and the passphrase can be changed
/// while it runs.
#[derive(Debug, Clone)]
pub struct HorizonOptions {
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// The network's clock.
    pub clock: Clock,
    /// Faults by chance follow from it.
    pub seed: u64,
    /// What signatures are made for.
    pub passphrase: String,
    /// When ledgers close.
    pub closing: Closing,
    /// Operations that fit into one ledger.
    pub capacity: usize,
    /// How long `POST /transactions` waits for the ledger before it answers 504.
    pub submit_timeout: Duration,
    /// How long a stream lives before it ends with `byebye`.
    pub stream_lifetime: Duration,
    /// After how long a client is told to open a broken stream again.
    pub stream_retry: Duration,
    /// How long every request takes before it is carried out.
    pub latency: Duration,
    /// Faults of any request by chance; none at first.
    pub faults: FaultRates,
    /// Faults of submissions by chance; none at first.
    pub submit_faults: SubmitRates,
    /// Faults of streams by chance; none at first.
    pub stream_faults: StreamRates,
}

impl Default for HorizonOptions {
    fn default() -> Self {
        Self {
            port: 0,
            clock: Clock::system(),
            seed: 1,
            passphrase: "Railpoll Sandbox HorizonNetwork".to_owned(),
            closing: Closing::AtOnce,
            capacity: 1_000,
            submit_timeout: Duration::from_secs(10),
            stream_lifetime: Duration::from_secs(55),
            stream_retry: Duration::from_secs(1),
            latency: Duration::ZERO,
            faults: FaultRates::default(),
            submit_faults: SubmitRates::default(),
            stream_faults: StreamRates::default(),
        }
    }
}

/// When ledgers close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// When `close` is called.
    ByHand,
    /// Every so often, whether or not anything waits. (The real network: 5 s.)
    Every(Duration),
    /// As soon as a transaction has come in.
    AtOnce,
}

/// What goes wrong with a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmitFault {
    /// 504, and the transaction is in the next ledger all the same.
    TimeoutApplied,
    /// 504, and the network has never heard of the transaction.
    TimeoutLost,
    /// It is taken in (`PENDING`, if anybody asks), and then forgotten. 504 for who waits.
    Forgotten,
    /// Another transaction of the same source takes the sequence first: `tx_bad_seq`.
    SequenceTaken,
}

/// How many submissions of 1000 meet which fault. Together at most 1000.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubmitRates {
    /// [`SubmitFault::TimeoutApplied`]
    pub timeout_applied: u32,
    /// [`SubmitFault::TimeoutLost`]
    pub timeout_lost: u32,
    /// [`SubmitFault::Forgotten`]
    pub forgotten: u32,
    /// [`SubmitFault::SequenceTaken`]
    pub sequence_taken: u32,
}

/// What goes wrong with a stream, after so many records of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamFault {
    /// The connection ends between two records.
    Drop(usize),
    /// The connection ends inside the next record.
    DropInside(usize),
    /// The last record comes twice.
    Repeat(usize),
    /// Nothing comes any more, and the connection stays open.
    Silence(usize),
    /// The next record is no JSON.
    Garbage(usize),
    /// The stream ends with `byebye`, as it does by itself after its limit.
    Close(usize),
}

/// How many streams of 1000 meet which fault, after up to ten records. Together at most 1000.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamRates {
    /// [`StreamFault::Drop`]
    pub drop: u32,
    /// [`StreamFault::DropInside`]
    pub drop_inside: u32,
    /// [`StreamFault::Repeat`]
    pub repeat: u32,
    /// [`StreamFault::Silence`]
    pub silence: u32,
    /// [`StreamFault::Garbage`]
    pub garbage: u32,
    /// [`StreamFault::Close`]
    pub close: u32,
}

impl SubmitRates {
    pub(super) fn draw(&self, chance: &mut Chance) -> Option<SubmitFault> {
        chance.one_of([
            (self.timeout_applied, SubmitFault::TimeoutApplied),
            (self.timeout_lost, SubmitFault::TimeoutLost),
            (self.forgotten, SubmitFault::Forgotten),
            (self.sequence_taken, SubmitFault::SequenceTaken),
        ])
    }
}

impl StreamRates {
    pub(super) fn draw(&self, chance: &mut Chance) -> Option<StreamFault> {
        if *self == Self::default() {
            return None;
        }
        let after = usize::try_from(chance.below(10)).unwrap_or(0);
        chance.one_of([
            (self.drop, StreamFault::Drop(after)),
            (self.drop_inside, StreamFault::DropInside(after)),
            (self.repeat, StreamFault::Repeat(after)),
            (self.silence, StreamFault::Silence(after)),
            (self.garbage, StreamFault::Garbage(after)),
            (self.close, StreamFault::Close(after)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_kept_roughly() {
        let rates =
            SubmitRates { timeout_applied: 100, timeout_lost: 50, ..SubmitRates::default() };
        let mut chance = Chance::new(3);
        let drawn: Vec<_> = (0..10_000).filter_map(|_| rates.draw(&mut chance)).collect();
        let applied = drawn.iter().filter(|one| **one == SubmitFault::TimeoutApplied).count();
        assert!((800..1200).contains(&applied), "{applied}");
        assert!((1300..1700).contains(&drawn.len()), "{}", drawn.len());
        assert_eq!(StreamRates::default().draw(&mut chance), None);
    }
}
