//! Asking the ledger before paying. When an account's sequence number is beyond what we know of, somebody has sent what the
//! database does not remember: before a restore, from another program, by hand. It is read then, and what was paid already
//! is not paid again (`unpaid`).
//!
//! What an account has sent may not be to be read: its list fails, or has a transaction that makes no sense. That is the
//! account's own trouble. What is due from it waits; and where channels are used, all that is due, for any of them may have
//! paid any of it.

use chrono::{DateTime, TimeDelta, Utc};

use super::Sender;
use crate::engine::later;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::NetworkError;
use crate::networks::stellar::{PastRecord, PastTransaction, UnreadPast};
use crate::store::{FoundPayment, Looked};

/// A transfer may be younger by our clock than by the ledger's.
pub(super) const CLOCKS: TimeDelta = TimeDelta::hours(1);
/// The number of an account that has sent nothing ends with so many zero bits.
const FRESH: i64 = 0xffff_ffff;

/// Whether all that an account has sent is known, up to its sequence number on the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It is.
    Yes,
    /// It was not, and has been read now: what is due has to be looked at anew.
    Now,
    /// It is not, and cannot be read now: the account is put off.
    No,
}

/// The name by which an account is put off whose transactions cannot be read.
pub(super) fn sent_by(source: &str) -> String {
    format!("transactions/{source}")
}

impl Sender {
    /// Whether all that `source` has sent is known, up to its sequence number on the ledger.
    pub(super) async fn knows(
        &self,
        round: &Round<'_>,
        source: &str,
        sequence: i64,
    ) -> Result<Known, SweepError> {
        let network = &self.desk.scope.network;
        let settled = round.store.settled_sequence(network, source).await?;
        if settled.is_some_and(|settled| sequence <= settled) {
            return Ok(Known::Yes);
        }
        if settled.is_none() && sequence & FRESH == 0 {
            round
                .store
                .record_found(round.lease, network, source, sequence, &[], round.now())
                .await?;
            return Ok(Known::Yes);
        }
        let thing = sent_by(source);
        if round.sick.is_put_off(&thing) {
            return Ok(Known::No);
        }
        let since = round.store.oldest_to_send(network).await?.unwrap_or_else(|| round.now());
        let behind = Behind { settled, since: since - CLOCKS };
        match self.sent_since(round, source, sequence, behind).await {
            Ok(found) => {
                round.sick.well(round.lease, &thing).await?;
                self.record_sent(round, source, sequence, &found).await?;
                Ok(Known::Now)
            }
            Err(error) => {
                self.put_off(round, &thing, error).await?;
                Ok(Known::No)
            }
        }
    }

    /// Reads the payments of `source` behind what is known.
    async fn sent_since(
        &self,
        round: &Round<'_>,
        source: &str,
        sequence: i64,
        behind: Behind,
    ) -> Result<Vec<FoundPayment>, NetworkError> {
        let (mut found, mut newest): (Vec<FoundPayment>, Option<i64>) = (Vec::new(), None);
        let mut cursor: Option<u64> = None;
        'pages: loop {
            let from = cursor.map(|cursor| cursor.to_string());
            let page = round.answer(self.horizon.transactions(source, from.as_deref())).await?;
            round.beat();
            let Some(last) = page.last() else { break };
            let place = last.paging_token().and_then(|place| place.parse::<u64>().ok());
            let is_behind = place.is_some_and(|place| cursor.is_none_or(|cursor| place < cursor));
            cursor = place;
            for record in page {
                match record {
                    PastRecord::Read(past) if past.source == source => {
                        newest.get_or_insert(past.sequence);
                        if behind.is_known(Some(past.sequence), Some(past.closed_at)) {
                            break 'pages;
                        }
                        found.extend(payments(past));
                    }
                    PastRecord::Read(past) => {
                        if behind.settled.is_none() && past.closed_at < behind.since {
                            break 'pages;
                        }
                    }
                    PastRecord::Unread(one)
                        if one.source.as_ref().is_some_and(|it| it != source) => {}
                    PastRecord::Unread(one) if behind.is_known(one.sequence, one.closed_at) => {
                        newest = newest.or(one.sequence);
                        break 'pages;
                    }
                    PastRecord::Unread(one) => return Err(unread(source, &one)),
                }
            }
            // The same page again, and again, is no list.
            if !is_behind {
                let why = format!("the list of transactions of {source} does not go on");
                return Err(NetworkError::Unreadable(why));
            }
        }
        if newest.is_some_and(|newest| newest < sequence) {
            let why =
                format!("the list of transactions of {source} ends before its sequence number");
            return Err(NetworkError::Unavailable(why));
        }
        Ok(found)
    }

    /// Writes down what `source` has sent and is not on record.
    async fn record_sent(
        &self,
        round: &Round<'_>,
        source: &str,
        sequence: i64,
        found: &[FoundPayment],
    ) -> Result<(), SweepError> {
        tracing::warn!(
            source,
            payments = found.len(),
            "read from the ledger what is not on record"
        );
        let (store, lease, network) = (round.store, round.lease, &self.desk.scope.network);
        let new = store.record_found(lease, network, source, sequence, found, round.now()).await?;
        if new > 0 && self.has_channels() {
            // Nobody else sends from a channel. What another one has sent may be on its way to the ledger still.
            let why = format!("channel {source} has sent {new} payments that are not on record");
            self.is_lost(round, &why).await?;
        }
        Ok(())
    }

    /// Whether what was sent and forgotten may be on its way still. With channels it would be applied beside what is sent in
    /// its place; one account alone has one number for both.
    async fn may_be_on_its_way(&self, round: &Round<'_>) -> Result<bool, SweepError> {
        if !self.has_channels() {
            return Ok(false);
        }
        let Some(restoration) = round.store.restoration().await? else { return Ok(false) };
        let over = later(restoration.began_at, self.settings.time_bound);
        Ok(round.answer(self.horizon.latest_ledger()).await?.closed_at <= over)
    }

    /// After a restore: all that our accounts have sent is read. One that cannot be read keeps all waiting, and is put off.
    pub(super) async fn look_again(&self, round: &Round<'_>) -> Result<(), SweepError> {
        if self.may_be_on_its_way(round).await? {
            tracing::info!(
                "what was sent before the database was restored may be on its way: looked up later"
            );
            return Ok(());
        }
        let network = &self.desk.scope.network;
        let sources = self.sources();
        let channels = round.store.take_channels(round.lease, network, &sources).await?;
        if channels.len() < sources.len() {
            tracing::info!("another worker has some of our accounts: the rest is looked up later");
            return Ok(());
        }
        let mut unread: Vec<&str> = Vec::new();
        for source in &sources {
            let known = match self.account(round, source).await? {
                Some(Some(state)) => self.knows(round, source, state.source.sequence).await?,
                Some(None) => Known::Yes,
                None => Known::No,
            };
            if known == Known::No {
                unread.push(source);
            }
        }
        if !unread.is_empty() {
            let accounts = unread.join(" ");
            tracing::warn!(
                accounts,
                "nothing goes out before all was read that these accounts have sent"
            );
            return Ok(());
        }
        loop {
            let looks = round.store.looks_left(network, true, 1_000).await?;
            if looks.is_empty() {
                return Ok(());
            }
            let looked: Vec<Looked> = looks
                .into_iter()
                .map(|look| Looked { kind: look.kind, id: look.id, newest: None, detail: None })
                .collect();
            round.store.looked(round.lease, network, &looked, round.now()).await?;
        }
    }
}

/// Where the transactions of an account begin that are not known.
#[derive(Debug, Clone, Copy)]
struct Behind {
    /// All up to this number are.
    settled: Option<i64>,
    /// Without such a number: nothing that is due came to be before this.
    since: DateTime<Utc>,
}

impl Behind {
    /// Whether a transaction is known, or older than all that matters.
    fn is_known(self, sequence: Option<i64>, closed_at: Option<DateTime<Utc>>) -> bool {
        match self.settled {
            Some(settled) => sequence.is_some_and(|sequence| sequence <= settled),
            None => closed_at.is_some_and(|closed_at| closed_at < self.since),
        }
    }
}

/// What it has paid nobody can tell.
fn unread(source: &str, one: &UnreadPast) -> NetworkError {
    let hash = one.hash.as_deref().unwrap_or("of an unknown hash");
    let why = &one.why;
    NetworkError::Unreadable(format!(
        "a transaction of {source} that is not on record cannot be read, so nobody knows what it paid: {hash}: {why}"
    ))
}

fn payments(past: PastTransaction) -> impl Iterator<Item = FoundPayment> {
    let PastTransaction { hash, source, closed_at, payments, .. } = past;
    payments.into_iter().map(move |one| FoundPayment {
        hash: hash.clone(),
        position: one.position,
        source_account: source.clone(),
        payer: one.payer,
        destination: one.destination,
        asset: one.asset.to_string(),
        amount: one.amount,
        memo: one.memo,
        paid_at: closed_at,
    })
}
