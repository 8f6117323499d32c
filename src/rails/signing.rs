//! Signatures over a message, as of Standard Webhooks 1.0.0: HMAC-SHA256 with a secret that both sides know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;
use thiserror::Error;

/// How a secret begins.
const SECRET_PREFIX: &str = "whsec_";
/// How a signature of this kind begins.
const VERSION: &str = "v1";
/// The bytes of a secret, at least and at most.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// A message older or newer than this is a replay, or of a clock that is wrong.
const TOLERANCE_SECONDS: u64 = 5 * 60;

/// The secrets of one sender and one receiver. Printing it shows none of them.
#[derive(Debug)]
pub struct Signer {
    secrets: Vec<SecretSlice<u8>>,
}

/// Why a signature is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The time is not in whole seconds since 1970.
    #[error("the timestamp is not a number of seconds")]
    Timestamp,
    /// It was signed too long ago, or in the future.
    #[error("the timestamp is more than {TOLERANCE_SECONDS} s away")]
    Stale,
    /// None of the signatures is made with one of our secrets.
    #[error("no signature fits the message")]
    Mismatch,
}

impl Signer {
    /// Reads one secret, or several with blanks or line ends between them. Messages are signed with each of them, and
    /// one is enough to be believed: so a secret is changed without an hour in which nothing works.
    ///
    /// # Errors
    /// Says what a secret looks like; never what it was.
    pub fn new(secrets: &SecretString) -> Result<Self, String> {
        let secrets: Vec<_> =
            secrets.expose_secret().split_whitespace().map(secret).collect::<Result<_, _>>()?;
        if secrets.is_empty() {
            return Err(malformed());
        }
        Ok(Self { secrets })
    }

    /// The header `webhook-signature`. `timestamp` is of the try, in seconds since 1970; `id` has no `.`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let timestamp = timestamp.to_string();
        let signatures = self.secrets.iter().map(|secret| {
            let signature = mac(secret, id, &timestamp, body).finalize().into_bytes();
            format!("{VERSION},{}", STANDARD.encode(signature))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }

    /// Whether a message comes from somebody who knows a secret of ours. The three texts are the headers `webhook-id`,
    /// `webhook-timestamp` and `webhook-signature`; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// See [`SignatureError`].
    pub fn verify(
        &self,
        id: &str,
        timestamp: &str,
        signatures: &str,
        body: &[u8],
        now: i64,
    ) -> Result<(), SignatureError> {
        let signed_at: i64 = timestamp.parse().map_err(|_| SignatureError::Timestamp)?;
        if now.abs_diff(signed_at) > TOLERANCE_SECONDS {
            return Err(SignatureError::Stale);
        }
        let is_ours = |signature: &[u8]| {
            self.secrets.iter().any(|secret| {
                // Takes the same time wherever the first wrong byte is.
                mac(secret, id, timestamp, body).verify_slice(signature).is_ok()
            })
        };
        let fits = signatures
            .split(' ')
            .filter_map(|signature| signature.split_once(','))
            .filter(|(version, _)| *version == VERSION)
            .filter_map(|(_, signature)| STANDARD.decode(signature).ok())
            .any(|signature| is_ours(&signature));
        if fits { Ok(()) } else { Err(SignatureError::Mismatch) }
    }
}

fn secret(text: &str) -> Result<SecretSlice<u8>, String> {
    let encoded = text.strip_prefix(SECRET_PREFIX).ok_or_else(malformed)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| malformed())?;
    if !SECRET_BYTES.contains(&bytes.len()) {
        return Err(malformed());
    }
    Ok(bytes.into())
}

fn malformed() -> String {
    format!(
        "a secret is `{SECRET_PREFIX}` and {} to {} bytes in base64",
        SECRET_BYTES.start(),
        SECRET_BYTES.end()
    )
}

fn mac(secret: &SecretSlice<u8>, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret()).expect("any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    // The test vector of the Standard Webhooks libraries.
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const AT: i64 = 1_649_367_553;
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    fn signer(secrets: &str) -> Signer {
        Signer::new(&secrets.into()).unwrap()
    }

    fn verdict(id: &str, timestamp: &str, signatures: &str, body: &[u8]) -> Option<SignatureError> {
        signer(SECRET).verify(id, timestamp, signatures, body, AT).err()
    }

    #[test]
    fn the_test_vector_of_the_standard() {
        assert_eq!(signer(SECRET).sign(ID, AT, BODY), SIGNATURE);
        assert_eq!(verdict(ID, &AT.to_string(), SIGNATURE, BODY), None);
    }

    #[test]
    fn whatever_is_changed_is_seen() {
        let at = AT.to_string();
        let mismatch = Some(SignatureError::Mismatch);
        assert_eq!(verdict("msg_x", &at, SIGNATURE, BODY), mismatch);
        assert_eq!(verdict(ID, &(AT + 1).to_string(), SIGNATURE, BODY), mismatch);
        assert_eq!(verdict(ID, &at, SIGNATURE, b"{}"), mismatch);
        for signatures in
            ["", "v1", "v1,", "v1,AAAA", "v1a,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="]
        {
            assert_eq!(verdict(ID, &at, signatures, BODY), mismatch, "{signatures}");
        }
        let others = format!("v1,AAAA v2,x {SIGNATURE}");
        assert_eq!(verdict(ID, &at, &others, BODY), None, "one of several is enough");
    }

    #[test]
    fn a_time_that_is_off_is_a_replay() {
        let signer = signer(SECRET);
        let at = |offset: i64| {
            let signature = signer.sign(ID, AT + offset, BODY);
            verdict(ID, &(AT + offset).to_string(), &signature, BODY)
        };
        assert_eq!([at(-300), at(300)], [None; 2]);
        assert_eq!([at(-301), at(301)], [Some(SignatureError::Stale); 2]);
        for rubbish in ["", "soon", "1649367553.5", "99999999999999999999"] {
            let verdict = verdict(ID, rubbish, SIGNATURE, BODY);
            assert_eq!(verdict, Some(SignatureError::Timestamp), "{rubbish}");
        }
        assert_eq!(
            verdict(ID, &i64::MIN.to_string(), SIGNATURE, BODY),
            Some(SignatureError::Stale)
        );
    }

    #[test]
    fn a_secret_is_changed_with_both_in_use() {
        let new = format!("whsec_{}", STANDARD.encode([7; 24]));
        let signatures = signer(&format!("{new}\n{SECRET}\n")).sign(ID, AT, BODY);
        assert_eq!(signatures.split(' ').count(), 2);
        for secret in [SECRET, &new] {
            let verdict = signer(secret).verify(ID, &AT.to_string(), &signatures, BODY, AT);
            assert_eq!(verdict, Ok(()));
        }
    }

    #[test]
    fn a_secret_has_a_shape_and_is_never_shown() {
        let short = format!("whsec_{}", STANDARD.encode([7; 23]));
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        for wrong in ["", " ", "secret", "whsec_", "whsec_???", &short, &long] {
            let why = Signer::new(&wrong.into()).unwrap_err();
            assert!(why.starts_with("a secret is `whsec_`"), "{why}");
        }
        assert!(!format!("{:?}", signer(SECRET)).contains("97"));
    }
}
