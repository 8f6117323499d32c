//! What a wire gateway can be told.

use std::time::Duration;

use crate::Clock;
use crate::faults::FaultRates;

/// How a gateway begins.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// The gateway's clock.
    pub clock: Clock,
    /// Row ids and faults follow from it.
    pub seed: u64,
    /// Its only currency: 1 to 11 capital letters.
    pub currency: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Which names it knows for the parameters of histories.
    pub names: ParameterNames,
    /// Whom it lets in.
    pub auth: GatewayAuth,
    /// How long every request takes.
    pub latency: Duration,
    /// Faults by chance; none at first.
    pub faults: FaultRates,
    /// What becomes of transfers, stage by stage. Nothing: each is a success at once.
    pub stages: Vec<Stage>,
    /// What the account holds, as a decimal number. Nothing: as much as anybody wants.
    pub balance: Option<String>,
    /// Peculiarities; none at first.
    pub quirks: GatewayQuirks,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            port: 0,
            clock: Clock::system(),
            seed: 1,
            currency: "EUR".to_owned(),
            protocol: Protocol::default(),
            names: ParameterNames::Both,
            auth: GatewayAuth::None,
            latency: Duration::ZERO,
            faults: FaultRates::default(),
            stages: Vec::new(),
            balance: None,
            quirks: GatewayQuirks::default(),
        }
    }
}

/// The version of the protocol, in libtool's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// The newest interface. `/transfers/{row_id}` is there from 3 on, metadata from 5.
    pub current: u32,
    /// Its revision.
    pub revision: u32,
    /// How many interfaces before it work too.
    pub age: u32,
}

impl Default for Protocol {
    fn default() -> Self {
        Self { current: 5, revision: 0, age: 4 }
    }
}

/// Names of the parameters of histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterNames {
    /// `limit`, `offset`, `timeout_ms`, and the older names where these are not there.
    Both,
    /// `delta`, `start`, `long_poll_ms`; without `delta` there is no answer. The newer names mean nothing.
    OldOnly,
    /// The newer names. The older ones mean nothing.
    NewOnly,
}

/// Whom a gateway lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayAuth {
    /// Everybody.
    None,
    /// Who knows a name and a password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// Who has a token.
    Bearer {
        /// The token.
        token: String,
    },
}

/// What has become of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferStatus {
    /// It is being done.
    Pending,
    /// It failed, and will be tried again.
    TransientFailure,
    /// It failed for good; the money is back.
    PermanentFailure,
    /// It is done.
    Success,
    /// It was done, and came back. Draft protocols only: a client may never have heard of it.
    LateFailure,
}

impl TransferStatus {
    /// The word in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::TransientFailure => "transient_failure",
            Self::PermanentFailure => "permanent_failure",
            Self::Success => "success",
            Self::LateFailure => "late_failure",
        }
    }

    /// Whether the money has left the account.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        match self {
            Self::Pending | Self::TransientFailure | Self::Success => true,
            Self::PermanentFailure | Self::LateFailure => false,
        }
    }
}

/// One stage of a transfer. The last one stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The status in this stage.
    pub status: TransferStatus,
    /// What `status_msg` says.
    pub message: Option<String>,
    /// How many times it is told in this stage before the next stage may begin.
    pub lookups: u32,
    /// How long the stage lasts at least.
    pub after: Duration,
}

impl Stage {
    /// A stage that is told so many times.
    #[must_use]
    pub const fn of(status: TransferStatus, lookups: u32) -> Self {
        Self { status, message: None, lookups, after: Duration::ZERO }
    }
}

/// How the gateway differs from its specification, or makes use of what that leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayQuirks {
    /// `/config` is only for those who are let in, as at libeufin-nexus 0.11.
    pub auth_on_config: bool,
    /// 200 and an empty list in place of 204.
    pub empty_lists: bool,
    /// The most rows in one answer; 0 for 1024.
    pub page: usize,
}
