//! What the ledger says was paid already is not paid again: what was found there is compared with what is due.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::Sender;
use super::errand::Errand;
use super::facts::Due;
use super::known::CLOCKS;
use super::sorted::Sorted;
use crate::engine::{Cause, Step, TransferStatus};
use crate::jobs::frame::note::Note;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::store::{FoundPayment, LookKind, StoreError};

impl Sender {
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

impl Errand {
    fn created_at(&self) -> DateTime<Utc> {
        match self {
            Self::Deposit(transfer) => transfer.created_at,
            Self::Refund(refund, _) => refund.created_at,
        }
    }
}
