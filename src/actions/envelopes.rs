//! Envelopes: transactions of ours that wait for signatures of people.

use std::error::Error;

use secrecy::ExposeSecret as _;
use secrecy::SecretString;

use super::transfers::{find_any, story};
use super::{ActionError, Actions, ids};
use crate::config::Settings;
use crate::engine::{Clock, EnvelopeStatus, Poller, Refusal, RefusalCode, readable};
use crate::networks::stellar::{
    Authority, Envelope, EnvelopeError, EnvelopePlan, Horizon, Keys, Missing, authorities,
};
use crate::store::{self, Deed, Store};

/// What an envelope is signed with.
#[derive(Debug)]
pub(crate) enum Signing {
    /// The same envelope, signed elsewhere, in base64.
    Signed(String),
    /// Seeds, one in a line.
    Seeds(SecretString),
}

/// An envelope that took signatures.
#[derive(Debug)]
pub(crate) struct EnvelopeSigned {
    pub(crate) envelope_id: String,
    /// Whose signatures it lacks still.
    pub(crate) missing: Vec<Missing>,
}

impl Actions<'_> {
    /// Adds signatures to an envelope that waits for them. The network is asked who may sign.
    ///
    /// # Errors
    /// There is no such envelope, it takes no signatures, or none that is missing was given.
    pub(crate) async fn sign_envelope(
        &self,
        id: &str,
        with: &[Signing],
        deed: &Deed,
    ) -> Result<EnvelopeSigned, ActionError> {
        let row = find(self.store, id).await?;
        let id = &row.envelope_id;
        let wrong_state = |text: String| Refusal::new(RefusalCode::WrongState, text);
        if row.status != EnvelopeStatus::WaitingSignatures {
            let text = format!("envelope {id} is {} and takes no signatures", row.status);
            return Err(wrong_state(text).into());
        }
        if row.max_time <= self.now {
            let until = readable(row.max_time);
            let text =
                format!("envelope {id} was valid until {until}: pending-deposits makes another");
            return Err(wrong_state(text).into());
        }
        let mut opened = open(self.settings, &row)?;
        opened.horizon.check().await.map_err(ActionError::Network)?;
        let authorities = opened.authorities().await?;
        let envelope = &mut opened.envelope;
        let refused =
            |why: String| Refusal::new(RefusalCode::Invalid, format!("envelope {id}: {why}"));
        let unfit = |error: &dyn Error| refused(error.to_string());
        for one in with {
            match one {
                Signing::Signed(text) => {
                    let signed = Envelope::parse(text, opened.horizon.network_id())
                        .map_err(|error| unfit(&error))?;
                    envelope
                        .take_signatures(&signed, &authorities)
                        .map_err(|error| unfit(&error))?;
                }
                Signing::Seeds(secret) => {
                    let keys = Keys::parse(secret.expose_secret())
                        .map_err(|error| refused(error.to_string()))?;
                    envelope.sign(&keys, &authorities).map_err(|error| unfit(&error))?;
                }
            }
        }
        let missing = envelope.missing(&authorities);
        let xdr = envelope.to_xdr_base64().map_err(|error| unfit(&error))?;
        if xdr == row.xdr && !missing.is_empty() {
            let hint = format!("`railpoll transfers envelope show {id}` tells who may sign");
            return Err(refused("no signature that is missing was given".to_owned())
                .hint(hint)
                .into());
        }
        let is_complete = missing.is_empty();
        self.store.sign_envelope(id, &row.xdr, &xdr, is_complete, deed, self.now).await?;
        Ok(EnvelopeSigned { envelope_id: row.envelope_id, missing })
    }
}

/// The envelope with this hash, or else the newest of the transfer with this id.
pub(crate) async fn find(store: &Store, id: &str) -> Result<store::Envelope, ActionError> {
    if let Some(envelope) = store.envelope(id).await? {
        return Ok(envelope);
    }
    let mut begun = Vec::new();
    if ids::may_begin(id) {
        begun = store.envelopes_beginning(id, ids::CANDIDATES).await?;
    }
    match (begun.pop(), begun.is_empty()) {
        (Some(envelope), true) => return Ok(envelope),
        (Some(last), false) => {
            begun.push(last);
            let all: Vec<String> = begun.into_iter().map(|row| row.envelope_id).collect();
            return Err(ids::ambiguous("envelopes", id, &all).into());
        }
        (None, _) => {}
    }
    let Some(transfer) = find_any(store, id).await? else {
        let text = format!("there is no envelope and no transfer {id}{}", ids::too_short(id));
        let hint = "`railpoll transfers envelope list` shows what waits for signatures";
        return Err(Refusal::new(RefusalCode::NotFound, text).hint(hint).into());
    };
    let story = story(store, &transfer.transfer_id).await?;
    // They are told in the order of their making, and only the newest can be open.
    story.envelopes.into_iter().next_back().ok_or_else(|| {
        let text = format!("there is no envelope for transfer {id}");
        let hint = format!("`railpoll transfers explain {id}` tells what comes next");
        Refusal::new(RefusalCode::NotFound, text).hint(hint).into()
    })
}

/// An envelope with what the network and the ledger's own form tell of it.
pub(crate) struct OpenedEnvelope {
    horizon: Horizon,
    pub(crate) envelope: Envelope,
    pub(crate) plan: EnvelopePlan,
}

/// Opens an envelope that is on record.
///
/// # Errors
/// Its network is not configured, or it cannot be read.
pub(crate) fn open(
    settings: &Settings,
    row: &store::Envelope,
) -> Result<OpenedEnvelope, ActionError> {
    let not_configured = |why: String| Refusal::new(RefusalCode::NotConfigured, why);
    let (network, own) = settings.stellar(&row.network).map_err(not_configured)?;
    let sender = settings.pollers.get(&Poller::PendingDeposits);
    let retry = sender.map(|poller| poller.retry).ok_or_else(|| {
        ActionError::Defect("there are no settings of the poller pending-deposits".to_owned())
    })?;
    let horizon =
        Horizon::of(network, own, retry, Clock::system(), |_| {}).map_err(not_configured)?;
    let unreadable = |error: EnvelopeError| {
        let text = format!("envelope {} cannot be read: {error}", row.envelope_id);
        Refusal::new(RefusalCode::Invalid, text)
    };
    let envelope = Envelope::parse(&row.xdr, horizon.network_id()).map_err(unreadable)?;
    let plan = envelope.plan().map_err(unreadable)?;
    Ok(OpenedEnvelope { horizon, envelope, plan })
}

impl OpenedEnvelope {
    /// Who must sign, as the network has it now.
    pub(crate) async fn authorities(&self) -> Result<Vec<Authority>, ActionError> {
        let account = async |id: &str| {
            let found = self.horizon.account(id).await.map_err(ActionError::Network)?;
            Ok::<_, ActionError>(found.ok_or_else(|| {
                let text = format!("our account {id} does not exist on the network");
                Refusal::new(RefusalCode::NotFound, text)
            })?)
        };
        let source = account(&self.envelope.source()).await?;
        let payer = account(&self.plan.payer).await?;
        Ok(authorities(&source, &payer))
    }
}
