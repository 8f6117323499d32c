//! A hash chain over events: each hash is of the one before it and of the event, so nothing of the past can be changed,
//! taken away or put in without every later hash being another.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

/// The hash of all events up to one.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain([u8; 32]);

/// An event as it is hashed.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Its number.
    pub id: i64,
    /// What happened.
    pub event_type: &'a str,
    /// To what.
    pub subject: &'a str,
    /// The version of what it happened to.
    pub version: i64,
    /// When, exact to the microsecond.
    pub occurred_at: DateTime<Utc>,
    /// The facts, as they stand in the outbox.
    pub data: &'a str,
}

impl Chain {
    /// The hash with one event more.
    #[must_use]
    pub fn with(self, link: Link<'_>) -> Self {
        let mut hash = Sha256::new_with_prefix(self.0);
        hash.update(link.id.to_be_bytes());
        hash.update(link.version.to_be_bytes());
        hash.update(link.occurred_at.timestamp_micros().to_be_bytes());
        // Each text is preceded by its length, so that no two events are the same bytes.
        for text in [link.event_type, link.subject, link.data] {
            hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(text);
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Chain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a hash: 64 hexadecimal digits are");
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digits: Option<Vec<u8>> = text.bytes().map(digit).collect();
        let digits = digits.filter(|digits| digits.len() == 64).ok_or_else(wrong)?;
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |byte, digit| (byte << 4) | digit);
        }
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link<'a>(id: i64, subject: &'a str, data: &'a str) -> Link<'a> {
        let occurred_at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        Link { id, event_type: "payment.new", subject, version: 1, occurred_at, data }
    }

    #[test]
    fn the_hash_of_a_history_is_the_same_for_ever() {
        let chain = Chain::default().with(link(1, "a", "{}")).with(link(2, "b", "{}"));
        assert_eq!(
            chain.to_string(),
            "a67a01dc6bdc98868907257f679e743faa864169d6a6093ee9cacb7ecfa62317"
        );
        assert_eq!(chain.to_string().parse(), Ok(chain));
        assert!("ab".parse::<Chain>().is_err());
        assert!("g".repeat(64).parse::<Chain>().is_err());
    }

    #[test]
    fn every_part_of_an_event_counts() {
        let one = link(1, "a", "bc");
        let later = one.occurred_at + chrono::TimeDelta::microseconds(1);
        let others = [
            Link { id: 2, ..one },
            Link { event_type: "payment.updated", ..one },
            Link { subject: "ab", data: "c", ..one },
            Link { version: 2, ..one },
            Link { occurred_at: later, ..one },
            Link { data: "bd", ..one },
        ];
        let hash = Chain::default().with(one);
        for other in others {
            assert_ne!(Chain::default().with(other), hash, "{other:?}");
        }
        assert_ne!(hash.with(one), hash);
    }
}
