//! What a sandbox can be told.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::moves::{PaymentState, Role};
use super::partner::Partner;
use super::payment::UserInfo;
use crate::Clock;
use crate::faults::FaultRates;

/// How a sandbox begins. All but the port, the clock and the seed can be changed while it runs.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// The network's clock.
    pub clock: Clock,
    /// Ids, amounts, delays and faults follow from it.
    pub seed: u64,
    /// How long a token is good.
    pub token_lifetime: Duration,
    /// How long every request takes.
    pub latency: Duration,
    /// Faults by chance; none at first.
    pub faults: FaultRates,
    /// Peculiarities; none at first.
    pub quirks: Quirks,
    /// What the partner and the network do by themselves; nothing at first.
    pub partner: Option<Partner>,
    /// How often the partner acts. Nothing: only when `partner_tick` is called.
    pub partner_every: Option<Duration>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            port: 0,
            clock: Clock::system(),
            seed: 1,
            token_lifetime: Duration::from_secs(3600),
            latency: Duration::ZERO,
            faults: FaultRates::default(),
            quirks: Quirks::default(),
            partner: None,
            partner_every: None,
        }
    }
}

/// How the network differs from its documentation, or makes use of what that leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quirks {
    /// `before` and `after` are part of the range.
    pub inclusive_bounds: bool,
    /// `before` and `after` do nothing.
    pub ignore_range: bool,
    /// Lists are always sorted by `MODIFIED_AT`, newest first, whatever is asked.
    pub ignore_sort: bool,
    /// Numbers are JSON numbers, as specified; else strings, as seen.
    pub plain_numbers: bool,
    /// `accepted_at` to `returned_at` are absent, as at older tenants.
    pub no_stage_dates: bool,
    /// Changes carry the time of the last multiple of this; many changes then share one.
    pub coarse_clock: Duration,
    /// A settlement takes effect only after this, and is in progress until then.
    pub settle_takes: Duration,
    /// Changes per 1000 that lists show late, though with the time at which they were made. A payment that is asked for
    /// by its id is told as it is.
    pub late: u32,
    /// How late at most.
    pub late_for: Duration,
    /// New payments per 1000 that come with a garbage row in the same list.
    pub garbage: u32,
}

/// Payments to be made. Everything has a usual value: see `Default`.
#[derive(Debug, Clone)]
pub struct PaymentSpec {
    /// The state that they are in, with the history of the usual way there.
    pub state: PaymentState,
    /// What we are to them.
    pub role: Role,
    /// Their amounts.
    pub amount: Amount,
    /// The deadline, from now on. It may have passed.
    pub expires_in: TimeDelta,
    /// What the sender tells of the beneficiary.
    pub user_info: UserInfo,
    /// `modified_at` of the first. Nothing: chosen so that the last one was changed now.
    pub first_modified_at: Option<DateTime<Utc>>,
    /// From one `modified_at` to the next.
    pub spacing: Duration,
    /// How many payments share one `modified_at`; at least 1.
    pub ties: u32,
}

impl Default for PaymentSpec {
    fn default() -> Self {
        Self {
            state: PaymentState::Accepted,
            role: Role::Receiving,
            amount: Amount::Varied,
            expires_in: TimeDelta::days(1),
            user_info: UserInfo::Complete,
            first_modified_at: None,
            spacing: Duration::from_millis(1),
            ties: 1,
        }
    }
}

/// The amounts of payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// Different from payment to payment, with nine decimals.
    Varied,
    /// This text, to the letter.
    Exact(String),
}

/// A row that no client can take for a payment as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garbage {
    /// Numbers where texts belong, a list where an object belongs.
    WrongTypes,
    /// A payment without any amount.
    NoAmount,
    /// A payment in a state that nobody documented.
    UnknownState,
    /// A payment with an amount of 400 digits.
    AbsurdAmount,
}

impl Garbage {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::WrongTypes, Self::NoAmount, Self::UnknownState, Self::AbsurdAmount];
}
