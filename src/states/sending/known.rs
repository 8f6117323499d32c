//! Asking the ledger before paying. When an account's sequence number is beyond what we know of, somebody has sent what the
//! database does not remember: before a restore, from another program, by hand. It is read then, and what was paid already
//! is not paid again.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Sender;
use super::errand::Errand;
use super::facts::Due;
use super::sorted::Sorted;
use crate::engine::{Cause, Step, TransferStatus, later};
use crate::networks::stellar::PastTransaction;
use crate::states::note::Note;
use crate::states::round::Round;
use crate::states::sweep::SweepError;
use crate::store::{FoundPayment, LookKind, Looked, StoreError};

/// A transfer may be younger by our clock than by the ledger's.
const CLOCKS: TimeDelta = TimeDelta::hours(1);
/// The number of an account that has sent nothing ends with so many zero bits.
const FRESH: i64 = 0xffff_ffff;

impl Sender {
    /// Whether all that `source` has sent is known, up to its sequence number on the ledger. If it was not, it is now, and
    /// what is due has to be looked at anew.
    pub(super) async fn knows(
        &self,
        round: &Round<'_>,
        source: &str,
        sequence: i64,
    ) -> Result<bool, SweepError> {
        let network = &self.desk.scope.network;
        let settled = round.store.settled_sequence(network, source).await?;
        if settled.is_some_and(|settled| sequence <= settled) {
            return Ok(true);
        }
        if settled.is_none() && sequence & FRESH == 0 {
            round
                .store
                .record_found(round.lease, network, source, sequence, &[], round.now())
                .await?;
            return Ok(true);
        }
        self.recover(round, source, sequence, settled).await?;
        Ok(false)
    }

    /// Reads the transactions of `source` behind the one that is `settled`, and writes down those that are not ours.
    async fn recover(
        &self,
        round: &Round<'_>,
        source: &str,
        sequence: i64,
        settled: Option<i64>,
    ) -> Result<(), SweepError> {
        let network = &self.desk.scope.network;
        let since = round.store.oldest_to_send(network).await?.unwrap_or_else(|| round.now());
        let since = since - CLOCKS;
        let (mut found, mut newest): (Vec<FoundPayment>, Option<i64>) = (Vec::new(), None);
        let mut cursor: Option<String> = None;
        'pages: loop {
            let page = self.horizon.transactions(source, cursor.as_deref());
            let page = round.answer(page).await?;
            round.beat();
            let Some(last) = page.last() else { break };
            cursor = Some(last.paging_token.clone());
            for past in page {
                let is_known = settled.is_some_and(|settled| past.sequence <= settled);
                if past.source == source
                    && (is_known || (settled.is_none() && past.closed_at < since))
                {
                    newest.get_or_insert(past.sequence);
                    break 'pages;
                }
                if past.source == source {
                    newest.get_or_insert(past.sequence);
                    found.extend(payments(past));
                } else if settled.is_none() && past.closed_at < since {
                    break 'pages;
                }
            }
        }
        if newest.is_some_and(|newest| newest < sequence) {
            let why =
                format!("the list of transactions of {source} ends before its sequence number");
            return Err(crate::networks::NetworkError::Unavailable(why).into());
        }
        tracing::warn!(
            source,
            payments = found.len(),
            "read from the ledger what is not on record"
        );
        let (store, lease) = (round.store, round.lease);
        let new = store.record_found(lease, network, source, sequence, &found, round.now()).await?;
        if new > 0 && !self.settings.channels.is_empty() {
            // Nobody else sends from a channel. What another one has sent may be on its way to the ledger still.
            let why = format!("channel {source} has sent {new} payments that are not on record");
            self.is_lost(round, &why).await?;
        }
        Ok(())
    }

    /// Whether what was sent and forgotten may be on its way still. With channels it would be applied beside what is sent in
    /// its place; one account alone has one number for both.
    async fn may_be_on_its_way(&self, round: &Round<'_>) -> Result<bool, SweepError> {
        if self.settings.channels.is_empty() {
            return Ok(false);
        }
        let Some(restoration) = round.store.restoration().await? else { return Ok(false) };
        let over = later(restoration.began_at, self.settings.time_bound);
        Ok(round.answer(self.horizon.latest_ledger()).await?.closed_at <= over)
    }

    /// After a restore: all that our accounts have sent is read.
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
        for source in &sources {
            if let Some(state) = round.answer(self.horizon.account(source)).await? {
                self.knows(round, source, state.source.sequence).await?;
            }
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

    /// Leaves out what was paid already, as far as the ledger tells, and writes that down. What may have been paid waits for
    /// a person.
    pub(super) async fn unpaid(
        &self,
        round: &Round<'_>,
        sorted: &mut Sorted,
        due: Vec<(Errand, Due)>,
    ) -> Result<Vec<(Errand, Due)>, SweepError> {
        let due = self.not_returned(round, sorted, due).await?;
        let network = &self.desk.scope.network;
        let found = round.store.found_payments(network).await?;
        if found.is_empty() {
            return Ok(due);
        }
        let mut groups: HashMap<Kind, Vec<&FoundPayment>> = HashMap::new();
        for one in &found {
            groups.entry(Kind::of_found(one)).or_default().push(one);
        }
        let mut wanted: HashMap<Kind, usize> = HashMap::new();
        for (errand, facts) in &due {
            let kind = Kind::of_due(facts);
            if let Some(group) = groups.get_mut(&kind) {
                // What is older than all that wants it was for something else.
                let since = errand.created_at() - CLOCKS;
                if group.iter().any(|one| one.paid_at >= since) {
                    *wanted.entry(kind).or_default() += 1;
                }
            }
        }
        let mut unpaid = Vec::new();
        for (errand, facts) in due {
            let kind = Kind::of_due(&facts);
            let since = errand.created_at() - CLOCKS;
            let group = groups.get_mut(&kind).filter(|_| wanted.contains_key(&kind));
            let Some(group) = group.filter(|group| group.iter().any(|one| one.paid_at >= since))
            else {
                unpaid.push((errand, facts));
                continue;
            };
            let left = wanted.entry(kind).or_default();
            let young = group.iter().filter(|one| one.paid_at >= since).count();
            if young == *left
                && let Some(place) = group.iter().position(|one| one.paid_at >= since)
            {
                let one = group.remove(place);
                *left -= 1;
                self.bind(round, errand, one).await?;
            } else {
                let all: Vec<&FoundPayment> = group.clone();
                self.show(round, sorted, errand, &all).await?;
            }
        }
        Ok(unpaid)
    }

    /// Leaves out deposits whose money went back on their rail, or may have, before the database was restored.
    async fn not_returned(
        &self,
        round: &Round<'_>,
        sorted: &mut Sorted,
        due: Vec<(Errand, Due)>,
    ) -> Result<Vec<(Errand, Due)>, SweepError> {
        let deposits = due.iter().filter(|(errand, _)| matches!(errand, Errand::Deposit(_)));
        let ids: Vec<String> = deposits.map(|(errand, _)| errand.id().to_owned()).collect();
        let returned = round.store.found_by_looks(LookKind::Refund, ids).await?;
        let mut left = Vec::with_capacity(due.len());
        for (errand, facts) in due {
            match returned.get(errand.id()) {
                Some((_, detail)) => self.hold(round, sorted, errand, detail).await?,
                None => left.push((errand, facts)),
            }
        }
        Ok(left)
    }

    async fn bind(
        &self,
        round: &Round<'_>,
        errand: Errand,
        found: &FoundPayment,
    ) -> Result<(), StoreError> {
        let (to, cause, refund) = match &errand {
            Errand::Deposit(_) => (TransferStatus::Completed, Cause::Applied, None),
            Errand::Refund(refund, _) => {
                let id = Some(refund.refund_id.as_str());
                (TransferStatus::Refunded, Cause::RefundDone, id)
            }
        };
        let step = errand.transfer().map(|transfer| {
            let mut step = Step::new(transfer, to, cause);
            step.changes.message = Some("it was paid already: found on the ledger".to_owned());
            if refund.is_none() {
                step.changes.network_reference = Some(found.hash.clone());
            }
            step
        });
        let (store, network, now) = (round.store, &self.desk.scope.network, round.now());
        let lease = round.lease;
        if store.bind_found(lease, network, found, refund, step.as_ref(), now).await? {
            tracing::info!(id = errand.id(), transaction = found.hash, "it was paid already");
            if let Some(step) = &step {
                (round.observer)(Note::of_step(step));
            }
        }
        Ok(())
    }

    async fn show(
        &self,
        round: &Round<'_>,
        sorted: &mut Sorted,
        errand: Errand,
        found: &[&FoundPayment],
    ) -> Result<(), SweepError> {
        let hashes: Vec<&str> = found.iter().map(|one| one.hash.as_str()).collect();
        let why = format!(
            "it may have been paid already: the ledger has payments to the same address of the same amount that are not on \
             record, and not as many as are due; look at {}",
            hashes.join(", ")
        );
        let (network, lease) = (&self.desk.scope.network, round.lease);
        let transfer = errand.transfer().map(|transfer| transfer.transfer_id.clone());
        let refund = match &errand {
            Errand::Deposit(_) => None,
            Errand::Refund(refund, _) => Some(refund.refund_id.clone()),
        };
        let (transfer, refund) = (transfer.as_deref(), refund.as_deref());
        round.store.show_found(lease, network, found, transfer, refund).await?;
        self.hold(round, sorted, errand, &why).await
    }
}

/// What payments have in common that may be one another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    payer: String,
    to: String,
    asset: String,
    amount: String,
    memo: Option<String>,
}

impl Kind {
    fn of_found(found: &FoundPayment) -> Self {
        Self {
            payer: found.payer.clone(),
            to: found.destination.clone(),
            asset: found.asset.clone(),
            amount: plain(&found.amount.to_string()),
            memo: found.memo.as_ref().map(|memo| format!("{memo:?}")),
        }
    }

    fn of_due(due: &Due) -> Self {
        Self {
            payer: due.payer.clone(),
            to: due.to.clone(),
            asset: due.asset.to_string(),
            amount: plain(&due.amount.to_string()),
            memo: due.memo.as_ref().map(|memo| format!("{memo:?}")),
        }
    }
}

/// The same number in the same digits.
fn plain(amount: &str) -> String {
    if !amount.contains('.') {
        return amount.to_owned();
    }
    amount.trim_end_matches('0').trim_end_matches('.').to_owned()
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

impl Errand {
    fn created_at(&self) -> DateTime<Utc> {
        match self {
            Self::Deposit(transfer) => transfer.created_at,
            Self::Refund(refund, _) => refund.created_at,
        }
    }
}
