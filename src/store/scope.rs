//! Whose memory it is.

use std::fmt;
use std::str::FromStr;

use crate::engine::Poller;

/// Which poller's memory of which network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// The poller.
    pub poller: Poller,
    /// The configured network's or rail's name.
    pub network: String,
}

impl Scope {
    /// The place itself, for whichever of several processes this is.
    #[must_use]
    pub fn place(&self) -> &str {
        self.network.split_once('#').map_or(&self.network, |(place, _)| place)
    }

    /// The part of this that the `n`-th of several processes works for: the first one's has the same name, the next
    /// one's is `name#2`. A configured name has no `#`.
    #[must_use]
    pub fn slot(&self, n: u32) -> Self {
        let network = if n <= 1 { self.network.clone() } else { format!("{}#{n}", self.network) };
        Self { poller: self.poller, network }
    }
}

/// `outgoing/bank`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.poller, self.network)
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (poller, network) =
            text.split_once('/').ok_or_else(|| format!("{text} names no poller and place"))?;
        Ok(Self { poller: poller.parse()?, network: network.to_owned() })
    }
}
