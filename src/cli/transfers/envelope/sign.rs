//! Signatures of people, for an envelope that waits for them.

use std::io::{self, Read as _};
use std::path::Path;

use super::SignArgs;
use super::show::{missing_json, tell_missing};
use crate::actions::Actions;
use crate::actions::envelopes::{EnvelopeSigned, Signing};
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::config;
use crate::engine::keyed;

/// A signed envelope is far shorter.
const SIGNED_MAX: u64 = 1024 * 1024;

pub(super) async fn sign(session: &Session, args: &SignArgs, out: &mut Out) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.store().await?);
    let mut with = Vec::new();
    if let Some(file) = &args.with.signed {
        with.push(Signing::Signed(text_of(file)?));
    }
    if let Some(file) = &args.with.seeds {
        let secret = config::read_private(file)
            .map_err(|error| Failure::Refused(format!("envelope {}: {error}", args.id)))?;
        with.push(Signing::Seeds(secret));
    }
    let actions = Actions { store: &store, settings, now: session.now() };
    let signed = actions.sign_envelope(&args.id, &with, &args.why.deed()).await?;
    let EnvelopeSigned { envelope_id: id, missing } = signed;
    if out.is_json() {
        return out.json(&keyed! {
            "envelope_id": id,
            "complete": missing.is_empty(),
            "missing": missing_json(&missing),
        });
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
