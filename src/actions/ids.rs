//! Ids that somebody typed: the beginning of one is enough, if it is one thing's.

use crate::engine::{Refusal, RefusalCode};

/// How many candidates of an id are told.
pub(crate) const CANDIDATES: u32 = 6;
/// A beginning of an id that is shorter may be anybody's.
const BEGINNING_MIN: usize = 4;

/// Whether a text is long enough to be the beginning of an id.
pub(crate) fn may_begin(text: &str) -> bool {
    text.chars().count() >= BEGINNING_MIN
}

/// What to say of an id that nothing has: a short one may have been meant as a beginning.
pub(crate) fn too_short(text: &str) -> String {
    if may_begin(text) {
        return String::new();
    }
    format!(" (the beginning of an id will do, from {BEGINNING_MIN} characters on)")
}

/// That several ids begin so.
pub(crate) fn ambiguous(what: &str, text: &str, candidates: &[String]) -> Refusal {
    let shown = usize::try_from(CANDIDATES).unwrap_or(usize::MAX).saturating_sub(1);
    let more = if candidates.len() > shown { ", and more" } else { "" };
    let candidates = candidates.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
    let text = format!("several {what} begin with {text}: {candidates}{more}");
    Refusal::new(RefusalCode::Ambiguous, text)
}

/// What somebody saw must be what there is.
///
/// # Errors
/// It has changed since.
pub(crate) fn expect_version(
    noun: &str,
    id: &str,
    found: i64,
    seen: Option<i64>,
) -> Result<(), Refusal> {
    match seen {
        Some(seen) if seen != found => Err(Refusal::new(
            RefusalCode::OtherVersion,
            format!(
                "{noun} {id} has version {found}, and you decided on version {seen}: look again with `railpoll {noun}s \
                 show {id}`"
            ),
        )),
        Some(_) | None => Ok(()),
    }
}
