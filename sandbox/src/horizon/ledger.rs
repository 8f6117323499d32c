//! The ledger: what it takes in, and how it closes.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use stellar_xdr::{
    InnerTransactionResultResult as Inner, OperationResult, TransactionResult,
    TransactionResultResult as Outer,
};

use super::check::{BASE_FEE, Missing, Proven, Terms, check, check_authority, whole};
use super::codes::succeeded;
use super::envelope::Envelope;
use super::history::{Applied, Header, History, toid};
use super::movement::{Movement, Place};
use super::operations::apply;
use super::queue::{Queue, Room, Waiting};
use super::signatures::Signatures;
use super::state::State;

/// The first ledger's number.
pub(super) const FIRST_LEDGER: u32 = 1_000;

/// What the network says to a transaction.
#[derive(Debug)]
pub(super) enum Taken {
    Pending,
    Duplicate,
    TryAgainLater,
    Error(Box<TransactionResult>),
}

/// The ledger and what waits for it.
///
/// What can be changed while it runs is public.
#[derive(Debug)]
pub struct Ledger {
    /// Operations that fit into one ledger, at least one.
    pub capacity: usize,
    /// What the network asks for each operation, in stroops; never less than 100. Who bids less gets
    /// `tx_insufficient_fee`. `/fee_stats` shows it once ledgers have closed with it.
    pub min_fee: i64,
    /// Horizon takes ledgers in so many ledgers late: what is newer it does not know. What it knows, it keeps.
    pub lag: u32,
    /// Horizon finds transactions by their hash so much later, by the ledgers' time, than it tells all else of their
    /// ledger: so it is where one address has several servers, and the one that is asked is behind the others. Who
    /// waits for a submission of his own is told in time.
    pub lookup_lag: Duration,
    pub(super) network_id: [u8; 32],
    pub(super) state: State,
    pub(super) history: History,
    pub(super) queue: Queue,
    /// Why what was once taken in is in no ledger.
    dropped: HashMap<[u8; 32], String>,
    /// Counts up whenever somebody who waits for a transaction has reason to look.
    pub(super) news: u64,
    visible: u32,
}

impl Ledger {
    pub(super) fn new(passphrase: &str, capacity: usize, now: DateTime<Utc>) -> Self {
        let mut ledger = Self {
            network_id: Sha256::digest(passphrase).into(),
            state: State::default(),
            history: History::default(),
            queue: Queue::default(),
            capacity: capacity.max(1),
            min_fee: BASE_FEE,
            lag: 0,
            lookup_lag: Duration::ZERO,
            dropped: HashMap::new(),
            news: 0,
            visible: FIRST_LEDGER,
        };
        ledger.begin(FIRST_LEDGER, now);
        ledger
    }

    fn begin(&mut self, sequence: u32, now: DateTime<Utc>) {
        self.history.ledgers.push(Header {
            sequence,
            closed_at: whole_second(now),
            successful: 0,
            failed: 0,
            operations: 0,
            capacity: u32::try_from(self.capacity).unwrap_or(u32::MAX),
            rate: BASE_FEE,
        });
        self.visible = sequence;
    }

    /// Everything is gone and the count begins anew, as when a test network is reset.
    pub(super) fn reset(&mut self, now: DateTime<Utc>) {
        self.state = State::default();
        self.history = History::default();
        self.queue.clear();
        self.dropped.clear();
        self.begin(2, now);
    }

    /// The last closed ledger.
    pub(super) fn last(&self) -> &Header {
        // There is one from the start.
        &self.history.ledgers[self.history.ledgers.len() - 1]
    }

    /// The last ledger that Horizon has taken in.
    pub(super) fn visible(&self) -> &Header {
        let behind = usize::try_from(self.last().sequence - self.visible).unwrap_or(0);
        &self.history.ledgers[self.history.ledgers.len() - 1 - behind]
    }

    /// Every paging token that Horizon knows is below this one.
    pub(super) fn horizon_end(&self) -> u64 {
        toid(self.visible.saturating_add(1), 0, 0)
    }

    /// Horizon takes in what it may.
    pub(super) fn ingest(&mut self) {
        let first = self.history.ledgers[0].sequence;
        let newest = self.last().sequence.saturating_sub(self.lag).max(first);
        // What Horizon has seen, it does not forget.
        self.visible = newest.max(self.visible);
        self.state.forget_until(self.visible);
    }

    /// Why this transaction will be in no ledger, as far as that is known.
    pub(super) fn why_dropped(&self, hash: &[u8; 32]) -> Option<&str> {
        self.dropped.get(hash).map(String::as_str)
    }

    /// The transaction, once Horizon has taken it in.
    pub(super) fn seen(&self, hash: &[u8; 32]) -> Option<&Applied> {
        self.history.find(hash).filter(|applied| applied.ledger <= self.visible)
    }

    /// The transaction, once whoever asks for it by its hash is told of it.
    pub(super) fn found(&self, hash: &[u8; 32]) -> Option<&Applied> {
        let lag = TimeDelta::from_std(self.lookup_lag).unwrap_or(TimeDelta::MAX);
        let now = self.visible().closed_at;
        self.seen(hash).filter(|applied| now - applied.closed_at >= lag)
    }

    /// Looks at a transaction, and lets it wait for the next ledger if it is good.
    pub(super) fn offer(&mut self, envelope: Envelope, now: DateTime<Utc>) -> Taken {
        let error = |fee, result| Taken::Error(Box::new(whole(&envelope, fee, result)));
        match self.queue.room(&envelope, self.capacity) {
            Room::Yes => {}
            Room::Duplicate => return Taken::Duplicate,
            Room::TryAgainLater => return Taken::TryAgainLater,
            Room::Older => return error(0, Inner::TxBadSeq),
            Room::Dearer(fee) => {
                return Taken::Error(Box::new(TransactionResult {
                    fee_charged: fee,
                    result: Outer::TxInsufficientFee,
                    ext: stellar_xdr::TransactionResultExt::V0,
                }));
            }
        }
        let mut proven = Proven::default();
        let terms = Terms { now: seconds(now), min_fee: self.min_fee.max(BASE_FEE) };
        if let Err(result) = check(&self.state, &envelope, &mut proven, terms) {
            return Taken::Error(result);
        }
        let hash = envelope.hash();
        self.dropped.remove(&hash);
        for gone in self.queue.push(envelope, proven, self.capacity) {
            self.news += 1;
            self.dropped.insert(gone, "another took its place".to_owned());
        }
        Taken::Pending
    }

    /// Closes a ledger with what waits, as far as there is room.
    pub(super) fn close(&mut self, now: DateTime<Utc>) {
        let mut chosen = self.queue.take(self.capacity);
        for hash in self.queue.grow_old() {
            self.dropped.insert(hash, "it was in none of four ledgers".to_owned());
        }
        let closed_at = whole_second(now).max(self.last().closed_at);
        // The fee was right when it came in; that it has risen since does not matter.
        let terms = Terms { now: seconds(closed_at), min_fee: BASE_FEE };
        chosen.retain_mut(|waiting| {
            let checked = check(&self.state, &waiting.envelope, &mut waiting.proven, terms);
            if let Err(result) = &checked {
                let why = super::codes::codes(result).transaction;
                self.dropped.insert(waiting.envelope.hash(), why);
            }
            checked.is_ok()
        });
        chosen.sort_by_key(|waiting| waiting.envelope.hash());
        let full = self.queue.len() > 0;
        let cheapest = chosen.iter().map(|waiting| waiting.envelope.rate()).min();
        let market = cheapest.filter(|_| full).unwrap_or(BASE_FEE);
        self.close_with(chosen, closed_at, market.max(self.min_fee));
    }

    /// Closes a ledger with just these transactions, at so many stroops per operation.
    pub(super) fn close_with(
        &mut self,
        transactions: Vec<Waiting>,
        closed_at: DateTime<Utc>,
        rate: i64,
    ) {
        let sequence = self.last().sequence.saturating_add(1);
        let closed_at = whole_second(closed_at).max(self.last().closed_at);
        let mut header = Header {
            sequence,
            closed_at,
            successful: 0,
            failed: 0,
            operations: 0,
            capacity: u32::try_from(self.capacity).unwrap_or(u32::MAX),
            rate,
        };
        for (order, waiting) in transactions.into_iter().enumerate() {
            let applied = self.apply(waiting, order + 1, &header);
            let operations = u32::try_from(applied.0.envelope.transaction.operations.len());
            header.operations += operations.unwrap_or(0);
            header.successful += u32::from(applied.0.successful);
            header.failed += u32::from(!applied.0.successful);
            self.history.add(applied.0, applied.1);
        }
        self.history.ledgers.push(header);
        self.news += 1;
        self.ingest();
    }

    fn apply(
        &mut self,
        waiting: Waiting,
        order: usize,
        header: &Header,
    ) -> (Applied, Vec<(usize, Movement)>) {
        let Waiting { envelope, mut proven, .. } = waiting;
        let ledger = header.sequence;
        let fee = header.rate.saturating_mul(envelope.priced_operations()).min(envelope.bid());
        let fee = self.state.charge(envelope.fee_source(), fee);
        if let Some(account) = self.state.account_mut(envelope.source()) {
            account.sequence = envelope.sequence();
            account.sequence_ledger = ledger;
            account.sequence_time = seconds(header.closed_at);
        }
        self.state.keep(ledger);
        let (result, movements) = self.carry_out(&envelope, &mut proven, header);
        let successful = matches!(result, Inner::TxSuccess(_));
        if successful {
            self.state.keep(ledger);
        } else {
            self.state.undo();
        }
        let applied = Applied {
            toid: toid(ledger, order, 0),
            ledger,
            closed_at: header.closed_at,
            result: whole(&envelope, fee, result),
            successful,
            envelope,
        };
        (applied, if successful { movements } else { Vec::new() })
    }

    fn carry_out(
        &mut self,
        envelope: &Envelope,
        proven: &mut Proven,
        header: &Header,
    ) -> (Inner, Vec<(usize, Movement)>) {
        let source = envelope.source();
        let mut signatures =
            Signatures::new(&envelope.inner_hash, &envelope.signatures, &mut proven.inner);
        let (mut results, mut movements) = (Vec::<OperationResult>::new(), Vec::new());
        let mut failed = false;
        for (number, operation) in envelope.transaction.operations.iter().enumerate() {
            let place = Place {
                source,
                sequence: envelope.sequence(),
                index: u32::try_from(number).unwrap_or(u32::MAX),
                ledger: header.sequence,
                now: seconds(header.closed_at),
            };
            let refused =
                check_authority(&self.state, source, operation, &mut signatures, Missing::Fails);
            let (result, moved) = match refused {
                Some(refused) => (refused, None),
                None => apply(&mut self.state, operation, place),
            };
            failed |= !succeeded(&result);
            movements.extend(moved.map(|moved| (number, moved)));
            results.push(result);
        }
        let results = results.try_into().unwrap_or_default();
        let result = if failed { Inner::TxFailed(results) } else { Inner::TxSuccess(results) };
        (result, movements)
    }
}

/// Seconds since 1970.
pub(super) fn seconds(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or(0)
}

/// Ledgers close at whole seconds.
fn whole_second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::seconds(1)).unwrap_or(time)
}
