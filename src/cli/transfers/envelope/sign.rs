//! Signatures of people, for an envelope that waits for them.

use std::io::{self, Read as _};
use std::path::Path;

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::show::{missing_json, tell_missing};
use super::{SignArgs, find, open};
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::config;
use crate::engine::{EnvelopeStatus, readable};
use crate::networks::stellar::{Envelope, Keys};

/// A signed envelope is far shorter.
const SIGNED_MAX: u64 = 1024 * 1024;

pub(super) async fn sign(session: &Session, args: &SignArgs, out: &mut Out) -> Result<(), Failure> {
    let settings = session.settings()?;
    let store = session.store().await?;
    let row = find(&store, &args.id).await?;
    let id = &row.envelope_id;
    if row.status != EnvelopeStatus::WaitingSignatures {
        return Err(Failure::Refused(format!(
            "envelope {id} is {} and takes no signatures",
            row.status
        )));
    }
    if row.max_time <= session.now() {
        return Err(Failure::Refused(format!(
            "envelope {id} was valid until {}: pending-deposits makes another",
            readable(row.max_time)
        )));
    }
    let mut opened = open(&settings, &row)?;
    opened.horizon.check().await.map_err(Failure::Network)?;
    let authorities = opened.authorities().await?;
    let refused = |why: String| Failure::Refused(format!("envelope {id}: {why}"));
    let envelope = &mut opened.envelope;
    if let Some(file) = &args.with.signed {
        let text = text_of(file)?;
        let signed = Envelope::parse(&text, opened.horizon.network_id())
            .map_err(|error| refused(error.to_string()))?;
        envelope
            .take_signatures(&signed, &authorities)
            .map_err(|error| refused(error.to_string()))?;
    }
    if let Some(file) = &args.with.seeds {
        let secret = config::read_private(file).map_err(|error| refused(error.to_string()))?;
        let keys =
            Keys::parse(secret.expose_secret()).map_err(|error| refused(error.to_string()))?;
        envelope.sign(&keys, &authorities).map_err(|error| refused(error.to_string()))?;
    }
    let missing = envelope.missing(&authorities);
    let xdr = envelope.to_xdr_base64().map_err(|error| refused(error.to_string()))?;
    if xdr == row.xdr && !missing.is_empty() {
        return Err(refused(format!(
            "no signature that is missing was given; `railpoll transfers envelope show {id}` tells who may sign"
        )));
    }
    let deed = args.why.deed();
    store.sign_envelope(id, &row.xdr, &xdr, missing.is_empty(), &deed, session.now()).await?;
    if out.is_json() {
        let is_complete = missing.is_empty();
        return out.json(&json!({
            "envelope_id": id,
            "complete": is_complete,
            "missing": missing_json(&missing),
        }));
    }
    out.line(format!("signed envelope {id}"))?;
    tell_missing(&missing, out)
}

/// What stands in a file, or comes on standard input.
fn text_of(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(SIGNED_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(SIGNED_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::Refused(format!("{} cannot be read: {error}", file.display())))?;
    Ok(text)
}
