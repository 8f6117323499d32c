//! What a rail has answered about the deposits that are waited for is written down.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Asker, count};
use crate::engine::decide::deposits::{DepositRuling, OtherMoney, after};
use crate::engine::decide::returns::{refund_of, returned};
use crate::engine::{Arrival, Claimant, Incoming, Match, NewRefund, Step, Transfer, asset_of};
use crate::jobs::frame::note::Note;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::rails::Arrivals;
use crate::store::{FEED, IncomingPage, NewIncoming, Postponed, Recorded};

/// What became of a batch.
pub(super) struct Booked {
    /// So many came a step further.
    pub(super) moved: u64,
    /// So many are to be asked about again.
    pub(super) stayed: u64,
}

impl Asker {
    /// Puts money on record that came for a transfer in another currency, so that it can go back. Its transfer moves by a step of
    /// its own, for the rail tells the same again if a person lets the transfer wait on.
    async fn keep_foreign(
        &self,
        round: &Round<'_>,
        step: &Step<'_>,
        came: OtherMoney,
    ) -> Result<(), SweepError> {
        let (rail, deposit, now) = (&self.desk.scope.network, step.transfer, round.now());
        let mut incoming = incoming(rail, deposit, &came, now);
        let known = self.desk.store.incoming_with_id(rail, &incoming.incoming_id).await?;
        let is_anothers =
            known.is_some_and(|row| row.transfer_id() != Some(deposit.transfer_id.as_str()));
        if is_anothers {
            // The rail has given two deposits one name.
            incoming.incoming_id.clone_from(&deposit.transfer_id);
        }
        let claimant = Claimant::Transfer(deposit.transfer_id.clone());
        let row = NewIncoming::confirmed(incoming, Match::WrongAsset(claimant));
        let rows = std::slice::from_ref(&row);
        match self
            .desk
            .store
            .record_incoming(round.lease, &IncomingPage::of(rail, FEED, rows, None), now)
            .await?
        {
            Recorded::Stored { new: 0, .. } | Recorded::Again(_) => {}
            Recorded::Stored { .. } => (round.observer)(Note::Incoming {
                incoming_id: row.incoming.incoming_id.clone(),
                verdict: row.verdict.as_str(),
                transfer_id: Some(deposit.transfer_id.clone()),
                detail: format!("{} {}", came.amount, came.currency),
            }),
        }
        Ok(())
    }

    /// Writes down what the rail has answered: all moves in one transaction, and when to ask again in another.
    pub(super) async fn book(
        &self,
        round: &Round<'_>,
        batch: &[Transfer],
        arrivals: Arrivals,
    ) -> Result<Booked, SweepError> {
        let now = round.now();
        let answers: HashMap<String, Arrival> = arrivals.answers.into_iter().collect();
        let silent = Arrival::NotYet { message: None };
        let (mut steps, mut postponed): (Vec<Step<'_>>, Vec<Postponed>) = (Vec::new(), Vec::new());
        for deposit in batch {
            let arrival = answers.get(&deposit.transfer_id).unwrap_or(&silent);
            let terms = asset_of(&self.expected.assets, deposit)
                .and_then(|asset| asset.terms(deposit.kind));
            match after(deposit, arrival, terms.as_ref(), now) {
                DepositRuling::Move(step) => steps.push(*step),
                DepositRuling::Foreign(step, came) => {
                    self.keep_foreign(round, &step, came).await?;
                    steps.push(*step);
                }
                DepositRuling::Again(not_before) => postponed.push(Postponed {
                    transfer_id: deposit.transfer_id.clone(),
                    version: deposit.version,
                    not_before,
                    message: words(arrival),
                    counts: true,
                }),
            }
        }
        let before = self.desk.store.refunds_decided(&returned(steps.iter())).await?;
        let refunds: Vec<NewRefund> = steps
            .iter_mut()
            .filter_map(|step| refund_of(step, &self.expected.assets, &before))
            .collect();
        let moved = self.desk.store.move_transfers(round.lease, &steps, &refunds, now).await?;
        self.desk.store.postpone_transfers(round.lease, &postponed).await?;
        for step in steps.iter().filter(|step| moved.contains(&step.transfer.transfer_id)) {
            (round.observer)(Note::of_step(step));
        }
        Ok(Booked { moved: count(moved.len()), stayed: count(postponed.len()) })
    }
}

/// Money in a currency that its transfer is not of, as it is on record. Its id is the rail's name for it.
fn incoming(rail: &str, deposit: &Transfer, came: &OtherMoney, now: DateTime<Utc>) -> Incoming {
    let id = &deposit.transfer_id;
    let raw = serde_json::json!({
        "transfer_id": id,
        "amount": came.amount.to_string(),
        "currency": came.currency,
        "from": came.from,
        "reference": came.reference,
    });
    let reference = came.reference.as_ref().unwrap_or(id).clone();
    Incoming {
        source: rail.to_owned(),
        incoming_id: reference.clone(),
        account: FEED.to_owned(),
        from: came.from.clone(),
        amount: came.amount.clone(),
        asset: came.currency.clone(),
        memo: None,
        subject: deposit.subject.clone(),
        fee: None,
        muxed_id: None,
        reference,
        at: now,
        raw: raw.to_string(),
    }
}

/// What the rail says about a deposit that stays where it is.
fn words(arrival: &Arrival) -> Option<String> {
    match arrival {
        Arrival::NotYet { message } | Arrival::Pending { message } => message.clone(),
        Arrival::Untold { why } => Some(format!("the rail's answer cannot be understood: {why}")),
        Arrival::Received { amount, .. } => {
            Some(format!("the rail tells of a deposit of {amount}"))
        }
        Arrival::Failed { reason, .. } => Some(reason.clone()),
    }
}
