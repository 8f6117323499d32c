//! `GET /config`: whether it is a wire gateway, which one we can speak to, and of which currency.

use serde::Deserialize;

use crate::http::{brief, object};
use crate::rails::RailError;

const NAME: &str = "taler-wire-gateway";
/// The newest interface that this client knows.
const KNOWN: u64 = 5;
/// From here on a gateway tells what became of a transfer, at `/transfers/{row_id}`.
const TELLS_TRANSFERS: u64 = 3;
/// From here on a transfer may carry a word of ours.
const TAKES_METADATA: u64 = 5;

/// What a gateway says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Config {
    currency: String,
    /// The newest interface that it speaks.
    current: u64,
}

#[derive(Deserialize)]
struct Told {
    name: Option<String>,
    version: Option<String>,
    currency: Option<String>,
}

/// Reads the answer. What it says may be wrong for us, which is no matter of reading: that is in the inner result.
pub(super) fn read(body: &[u8]) -> Result<Result<Config, RailError>, String> {
    object(body).map(|told: Told| told.judge().map_err(RailError::Options))
}

impl Told {
    fn judge(self) -> Result<Config, String> {
        let name = self.name.unwrap_or_default();
        if name != NAME {
            return Err(format!("it calls itself `{}`, not `{NAME}`", brief(&name)));
        }
        let version = self.version.unwrap_or_default();
        let (current, age) = interfaces(&version)
            .ok_or_else(|| format!("its version `{}` is not `c:r:a`", brief(&version)))?;
        let oldest = current.saturating_sub(age);
        if oldest > KNOWN {
            return Err(format!(
                "it speaks the interfaces {oldest} to {current}, we know 0 to {KNOWN}"
            ));
        }
        let currency = self.currency.ok_or("it tells no currency")?;
        Ok(Config { currency, current })
    }
}

impl Config {
    /// Whether it serves all of `ours`.
    pub(super) fn serves(&self, ours: &[String]) -> Result<(), RailError> {
        match ours.iter().find(|currency| **currency != self.currency) {
            Some(currency) => {
                let why = format!("it serves {}, not {currency}", brief(&self.currency));
                Err(RailError::Options(why))
            }
            None => Ok(()),
        }
    }

    pub(super) fn tells_transfers(&self) -> bool {
        self.current >= TELLS_TRANSFERS
    }

    pub(super) fn takes_metadata(&self) -> bool {
        self.current >= TAKES_METADATA
    }
}

/// The newest interface and how many older ones there are, of libtool's `current:revision:age`.
fn interfaces(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split(':').map(|part| part.parse::<u64>().ok());
    let parts = [parts.next()??, parts.next()??, parts.next()??, parts.next().map_or(0, |_| 1)];
    match parts {
        [current, _, age, 0] if age <= current => Some((current, age)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(name: &str, version: &str) -> Result<Config, RailError> {
        let body = format!(r#"{{"name":"{name}","version":"{version}","currency":"EUR","x":[]}}"#);
        read(body.as_bytes()).unwrap()
    }

    #[test]
    fn versions_that_overlap_ours_are_spoken() {
        for (version, tells, takes) in [
            ("0:0:0", false, false),
            ("2:0:2", false, false),
            ("3:1:0", true, false),
            ("4:0:4", true, false),
            ("5:0:5", true, true),
            ("5:0:0", true, true),
            ("9:2:4", true, true),
        ] {
            let config = judged(NAME, version).unwrap();
            assert_eq!(
                (config.tells_transfers(), config.takes_metadata()),
                (tells, takes),
                "{version}"
            );
        }
    }

    #[test]
    fn what_we_cannot_speak_to_is_a_mistake_in_the_settings() {
        for (name, version, why) in [
            ("railpoll-rail", "5:0:5", "it calls itself `railpoll-rail`"),
            (NAME, "9:0:3", "it speaks the interfaces 6 to 9"),
            (NAME, "6:0:0", "it speaks the interfaces 6 to 6"),
            (NAME, "1:0:2", "its version `1:0:2`"),
            (NAME, "5", "its version"),
            (NAME, "5:0:0:0", "its version"),
            (NAME, "a:b:c", "its version"),
        ] {
            let judged = judged(name, version);
            assert!(
                matches!(&judged, Err(RailError::Options(e)) if e.starts_with(why)),
                "{judged:?}"
            );
        }
        assert!(matches!(read(b"{}"), Ok(Err(RailError::Options(_)))));
        for body in ["", "[]", r#"{"name":1}"#] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn it_serves_one_currency() {
        let config = judged(NAME, "5:0:5").unwrap();
        assert_eq!(config.serves(&[]), Ok(()));
        assert_eq!(config.serves(&["EUR".to_owned()]), Ok(()));
        let both = ["EUR".to_owned(), "USD".to_owned()];
        assert!(matches!(config.serves(&both), Err(RailError::Options(_))));
    }
}
