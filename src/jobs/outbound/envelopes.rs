//! Making an envelope: its transaction, its signatures, and its place in the database before it is sent.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::Sender;
use super::errand::Ready;
use super::known::Known;
use crate::engine::{EnvelopeStatus, Step, later};
use crate::jobs::frame::note::Note;
use crate::jobs::frame::report::SweepError;
use crate::jobs::frame::round::Round;
use crate::networks::NetworkError;
use crate::networks::stellar::{
    AccountState, BuildError, Envelope, EnvelopePlan, Ledger, authorities, opening_fee,
};
use crate::store::{self, EnvelopePayment, Intention, NewEnvelope};

/// People who sign need time.
const SIGNING_TIME: Duration = Duration::from_secs(24 * 3600);

/// What a sweep has found out about the network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    ledger: Ledger,
    seen_at: Instant,
    /// Stroops for one operation.
    fee: u32,
}

impl Weather {
    /// The ledger's time: its bounds are looked at by that, and by nobody's clock.
    fn now(&self) -> DateTime<Utc> {
        later(self.ledger.closed_at, self.seen_at.elapsed())
    }
}

/// What came of making an envelope.
pub(super) enum Made {
    /// It is stored.
    Stored(Box<store::Envelope>),
    /// It is not: what is in it, or the source's number, was moved by somebody else.
    Not,
    /// It is not: its source has sent what we did not know of, which has been read. What is due is to be looked at anew.
    Recovered,
    /// Nothing of it can be paid now.
    Short,
    /// The network does not tell of the source, or of the payer.
    Untold {
        /// Whether it is the source.
        is_source: bool,
    },
    /// Its source has sent what we do not know of, and that cannot be read.
    Unread,
    /// It cannot be made at all, of these.
    Impossible(BuildError, Vec<Ready>),
}

impl Sender {
    /// Asks for the newest ledger and the going fee.
    pub(super) async fn weather(&self, round: &Round<'_>) -> Result<Weather, SweepError> {
        let ledger = round.answer(self.horizon.latest_ledger()).await?;
        let seen_at = Instant::now();
        let fees = round.answer(self.horizon.fee_stats()).await?;
        let fee = opening_fee(fees.base_fee, fees.nearly_all_paid, self.settings.max_fee);
        Ok(Weather { ledger, seen_at, fee })
    }

    /// Makes an envelope of `group` with the number after the last that `source` has used, and stores it. `used` is
    /// one that we know to be used, whatever a server that is behind says.
    pub(super) async fn make(
        &self,
        round: &Round<'_>,
        weather: &Weather,
        source: &str,
        group: Vec<Ready>,
        used: Option<i64>,
    ) -> Result<Made, SweepError> {
        let Some(first) = group.first() else { return Ok(Made::Not) };
        let Some(source_state) = self.own_account(round, source).await? else {
            return Ok(Made::Untold { is_source: true });
        };
        match self.knows(round, source, source_state.source.sequence).await? {
            Known::Yes => {}
            Known::Now => return Ok(Made::Recovered),
            Known::No => return Ok(Made::Unread),
        }
        let payer_state = if first.payer == source {
            source_state.clone()
        } else {
            match self.own_account(round, &first.payer).await? {
                Some(state) => state,
                None => return Ok(Made::Untold { is_source: false }),
            }
        };
        let group = self.affordable(round, group, &payer_state, &source_state, weather.fee).await?;
        if group.is_empty() {
            return Ok(Made::Short);
        }
        let last = std::cmp::max(source_state.source.sequence, used.unwrap_or(0));
        let sequence = last.saturating_add(1);
        let built = self.built(weather, source, sequence, &group, &source_state, &payer_state);
        let new = built.and_then(|(envelope, is_signed)| {
            let row = self.row(&envelope, is_signed, &group)?;
            Ok((envelope, row))
        });
        let (envelope, new) = match new {
            Ok(new) => new,
            Err(error) => return Ok(Made::Impossible(error, group)),
        };
        let hash = envelope.hash_hex();
        let steps: Vec<Step<'_>> = group.iter().filter_map(|one| one.errand.sent(&hash)).collect();
        match round.store.intend_envelope(round.lease, &new, &steps, round.now()).await? {
            Intention::Stored => self.seen.borrow_mut().stored(source, sequence),
            Intention::SequenceTaken => {
                tracing::warn!(source, sequence, "the sequence number is another envelope's");
                return Ok(Made::Not);
            }
            Intention::Held => {
                tracing::info!("nothing goes out: the database was restored");
                return Ok(Made::Not);
            }
            Intention::Moved(ids) => {
                let ids = ids.join(" ");
                tracing::info!(ids, "moved by somebody else meanwhile: looked at again");
                return Ok(Made::Not);
            }
        }
        for step in &steps {
            (round.observer)(Note::of_step(step));
        }
        let stored = round.store.envelope(&hash).await?;
        Ok(stored.map_or(Made::Not, |stored| Made::Stored(Box::new(stored))))
    }

    /// The state of an account of ours; none if the network does not tell of it alone. That it does not exist is a mistake in
    /// the configuration.
    async fn own_account(
        &self,
        round: &Round<'_>,
        account: &str,
    ) -> Result<Option<AccountState>, SweepError> {
        let missing = || {
            NetworkError::Options(format!("our account {account} does not exist on the network"))
        };
        let state = self.account(round, account).await?;
        Ok(state.map(|state| state.ok_or_else(missing)).transpose()?)
    }

    /// The envelope, signed as far as our keys go, and whether that is enough.
    fn built(
        &self,
        weather: &Weather,
        source: &str,
        sequence: i64,
        group: &[Ready],
        source_state: &AccountState,
        payer_state: &AccountState,
    ) -> Result<(Envelope, bool), BuildError> {
        let first = group.first().ok_or(BuildError::Operations(0))?;
        let authorities = authorities(source_state, payer_state);
        let build = |time_bound| {
            let plan = EnvelopePlan {
                source: source.to_owned(),
                payer: first.payer.clone(),
                sequence,
                fee_per_operation: weather.fee,
                memo: first.memo.clone(),
                max_time: later(weather.now(), time_bound),
                operations: group.iter().map(|one| one.planned.clone()).collect(),
            };
            let mut envelope = Envelope::build(&plan, self.horizon.network_id())?;
            envelope.sign(&self.keys, &authorities)?;
            let is_signed = envelope.missing(&authorities).is_empty();
            Ok((envelope, is_signed))
        };
        let (envelope, is_signed) = build(self.settings.time_bound)?;
        if is_signed {
            return Ok((envelope, true));
        }
        build(std::cmp::max(self.settings.time_bound, SIGNING_TIME))
    }

    fn row(
        &self,
        envelope: &Envelope,
        is_signed: bool,
        group: &[Ready],
    ) -> Result<NewEnvelope, BuildError> {
        let balances = envelope.balance_ids()?;
        let payments: Vec<EnvelopePayment> =
            group.iter().zip(balances).map(|(one, balance)| one.row(balance)).collect();
        let max_time =
            envelope.max_time().ok_or_else(|| BuildError::Form("no time bound".to_owned()))?;
        Ok(NewEnvelope {
            envelope_id: envelope.hash_hex(),
            network: self.desk.scope.network.clone(),
            source_account: envelope.source(),
            sequence: envelope.sequence(),
            xdr: envelope.to_xdr_base64()?,
            fee: i64::from(envelope.fee()),
            max_time,
            status: if is_signed {
                EnvelopeStatus::Intended
            } else {
                EnvelopeStatus::WaitingSignatures
            },
            payments,
        })
    }
}
