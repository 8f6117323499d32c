//! Why something was not done.

use std::fmt;

use super::words;

words! {
    /// What kind of refusal it is, for programs.
    pub(crate) enum RefusalCode: "refusal" {
        /// There is no such thing.
        NotFound = "not_found",
        /// Several things are named so.
        Ambiguous = "ambiguous",
        /// It is not what whoever decided has seen.
        OtherVersion = "other_version",
        /// It is not in a state in which this can be done.
        WrongState = "wrong_state",
        /// It does not fit what it is to be done with.
        Unfit = "unfit",
        /// The configuration lacks what it needs.
        NotConfigured = "not_configured",
        /// Nobody knows who paid, or is to be paid.
        NobodyKnown = "nobody_known",
        /// Somebody else was faster.
        MovedMeanwhile = "moved_meanwhile",
        /// What was given cannot be read, or says what cannot be.
        Invalid = "invalid",
        /// The signature is not of who must have signed it, or not under this.
        BadSignature = "bad_signature",
    }
}

/// A refusal: nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Which kind it is.
    pub(crate) code: RefusalCode,
    /// What is the matter, as a sentence for people.
    pub(crate) text: String,
    /// What to do about it, where it is not in the text.
    pub(crate) hint: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{}; {hint}", self.text),
            None => f.write_str(&self.text),
        }
    }
}
