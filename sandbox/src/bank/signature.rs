//! Signatures as Standard Webhooks 1.0.0 has them, checked with code of the sandbox's own.

use std::fmt;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use chrono::{DateTime, Utc};
use rustls::SupportedCipherSuite;
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::crypto::tls13::OkmBlock;

/// How far the client's clock may be from ours, in seconds.
const TOLERANCE: i64 = 5 * 60;

/// A secret that requests are signed with.
#[derive(Clone)]
pub(super) struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// 32 bytes as they are.
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// The secret as it is written: `whsec_` and base64.
    pub(super) fn text(&self) -> String {
        format!("whsec_{}", BASE64.encode(&self.0))
    }

    /// `v1,` and the signature of a body. Nothing for a secret of more than 64 bytes, which the standard forbids.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        let mut signed = format!("{id}.{timestamp}.").into_bytes();
        signed.extend_from_slice(body);
        // HMAC-SHA-256 by way of the key schedule of TLS 1.3, the one place where our only provider lends it.
        let suite = match TLS13_AES_128_GCM_SHA256 {
            SupportedCipherSuite::Tls13(suite) if self.0.len() <= OkmBlock::MAX_LEN => suite,
            SupportedCipherSuite::Tls13(_) | SupportedCipherSuite::Tls12(_) => return None,
        };
        let tag = suite.hkdf_provider.hmac_sign(&OkmBlock::new(&self.0), &signed);
        Some(format!("v1,{}", BASE64.encode(tag.as_ref())))
    }

    /// Whether the headers sign the body, at this time.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let header = |name: &str| {
            let mut values = headers.get_all(name).iter();
            match (values.next().map(|value| value.to_str()), values.next()) {
                (Some(Ok(value)), None) if !value.is_empty() => Ok(value),
                (Some(_), None) => Err(format!("{name} is not readable text")),
                (Some(_), Some(_)) => Err(format!("{name} is there twice")),
                (None, _) => Err(format!("{name} is missing")),
            }
        };
        let id = header("webhook-id")?;
        if id.contains('.') {
            return Err(format!("webhook-id [{id}] has a point in it"));
        }
        let timestamp = header("webhook-timestamp")?;
        let at: i64 = timestamp
            .parse()
            .ok()
            .filter(|at: &i64| at.to_string() == timestamp)
            .ok_or_else(|| format!("webhook-timestamp [{timestamp}] is not in seconds"))?;
        let apart = now.timestamp().abs_diff(at);
        if apart > TOLERANCE.unsigned_abs() {
            return Err(format!("webhook-timestamp is {apart} s from the bank's clock"));
        }
        let ours = self.sign(id, at, body);
        let mut theirs = header("webhook-signature")?.split(' ');
        if ours.is_some_and(|ours| theirs.any(|their| their == ours)) {
            return Ok(());
        }
        Err("webhook-signature has no signature of this body under the secret".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const AT: i64 = 1_649_367_553;
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    fn secret() -> Secret {
        Secret(BASE64.decode("C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap())
    }

    fn headers(changes: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let at = AT.to_string();
        let good =
            [("webhook-id", ID), ("webhook-timestamp", &at), ("webhook-signature", SIGNATURE)];
        for (name, value) in good.into_iter().chain(changes.iter().copied()) {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn check(changes: &[(&'static str, &str)], body: &[u8], late: i64) -> Result<(), String> {
        let now = DateTime::from_timestamp(AT + late, 0).unwrap();
        secret().check(&headers(changes), body, now)
    }

    #[test]
    fn the_published_example_is_good_for_five_minutes() {
        assert_eq!(secret().text(), "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        assert_eq!(secret().sign(ID, AT, BODY).as_deref(), Some(SIGNATURE));
        for late in [0, 300, -300] {
            assert_eq!(check(&[], BODY, late), Ok(()), "{late}");
        }
        assert!(check(&[], BODY, 301).unwrap_err().contains("301 s"));
        assert!(check(&[], BODY, -301).unwrap_err().contains("301 s"));
    }

    #[test]
    fn one_good_signature_of_several_is_enough() {
        let rotated = format!("v1,{} v1a,abc {SIGNATURE}", BASE64.encode([7; 32]));
        assert_eq!(check(&[("webhook-signature", &rotated)], BODY, 0), Ok(()));
    }

    #[test]
    fn nothing_else_passes() {
        assert!(check(&[], b"{}", 0).is_err());
        for change in [
            ("webhook-id", "msg_other"),
            ("webhook-id", "a.b"),
            ("webhook-id", ""),
            ("webhook-timestamp", "1649367554"),
            ("webhook-timestamp", "+1649367553"),
            ("webhook-timestamp", "1649367553.0"),
            ("webhook-signature", "v1,AAAA"),
            ("webhook-signature", "tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
        ] {
            assert!(check(&[change], BODY, 0).is_err(), "{change:?}");
        }
        let mut twice = headers(&[]);
        twice.append("webhook-id", HeaderValue::from_static(ID));
        let now = DateTime::from_timestamp(AT, 0).unwrap();
        assert!(secret().check(&twice, BODY, now).unwrap_err().contains("twice"));
        let mut none = headers(&[]);
        drop(none.remove("webhook-signature"));
        assert!(secret().check(&none, BODY, now).unwrap_err().contains("missing"));
    }
}
