//! What is kept of one payment: little, so that a million of them fit. Its JSON is made when it is asked for.

use uuid::{Builder, Uuid};

use super::moves::{PaymentState, Role};
use crate::random::scramble;

/// The node of whoever talks to the sandbox.
pub(super) const OUR_NODE: &str = "test.cloud.blueprint2";
/// The node of the partner at the other end.
pub(super) const PARTNER_NODE: &str = "test.cloud.blueprint1";

/// What the sender tells of the beneficiary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserInfo {
    /// Everything that a bank needs.
    Complete,
    /// The beneficiary's name (`/Cdtr/Nm`) is missing.
    WithoutCreditorName,
    /// An empty object.
    Empty,
}

/// A payment, or one that brings the value of another back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    Return,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Regular => "REGULAR",
            Self::Return => "RETURN",
        }
    }
}

/// A state that a payment reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: i64,
    pub(super) state: PaymentState,
    /// Nobody called for it here: the network itself notes it in `user_info`.
    pub(super) by_network: bool,
}

/// The lists within an element of `user_info`.
pub(super) const NOTES: [&str; 12] = [
    "accepted",
    "locked",
    "lock_declined",
    "retry_accept",
    "retry_settlement",
    "settlement",
    "settlement_declined",
    "failed",
    "executed",
    "completed",
    "forwarded",
    "returned",
];

/// Something that a node wrote into `user_info`.
#[derive(Debug, Clone)]
pub(super) struct Note {
    /// The list that it is in.
    pub(super) kind: &'static str,
    pub(super) by: Role,
    pub(super) at: i64,
    /// JSON text.
    pub(super) json: Box<str>,
    pub(super) sub_state: Box<str>,
}

/// What only few payments have.
#[derive(Debug, Clone, Default)]
pub(super) struct More {
    /// The amount to be served exactly like this.
    pub(super) amount: Option<Box<str>>,
    /// The creditor's account, in place of the usual one.
    pub(super) account: Option<Box<str>>,
    pub(super) internal_id: Option<Box<str>>,
    pub(super) labels: Vec<Box<str>>,
    pub(super) notes: Vec<Note>,
    /// The payment that this one brings back.
    pub(super) returns: Option<u32>,
    /// The payment that brought this one back.
    pub(super) returned_by: Option<u32>,
    /// The row is not a payment: this text is served in its place.
    pub(super) raw: Option<Box<str>>,
    /// A settlement is under way and takes effect at this time.
    pub(super) settles_at: Option<i64>,
}

/// One payment. Times are milliseconds since 1970, amounts billionths.
#[derive(Debug, Clone)]
pub(super) struct Payment {
    pub(super) serial: u32,
    pub(super) role: Role,
    pub(super) kind: Kind,
    pub(super) user_info: UserInfo,
    pub(super) amount: u64,
    pub(super) created_at: i64,
    pub(super) expires_at: i64,
    pub(super) modified_at: i64,
    /// Where it is listed.
    pub(super) state: PaymentState,
    pub(super) history: Vec<Step>,
    pub(super) more: Option<Box<More>>,
}

impl Payment {
    /// A payment that went the usual way to `state`, with `gap` ms between its steps.
    pub(super) fn new(
        serial: u32,
        role: Role,
        state: PaymentState,
        modified_at: i64,
        gap: i64,
    ) -> Self {
        let path = state.path();
        let mut history = Vec::with_capacity(path.len());
        let mut at = modified_at;
        for state in path.iter().rev() {
            history.push(Step { at, state: *state, by_network: true });
            at -= gap;
        }
        history.reverse();
        Self {
            serial,
            role,
            kind: Kind::Regular,
            user_info: UserInfo::Complete,
            amount: 10_000_000_000,
            created_at: at,
            expires_at: at,
            modified_at,
            state,
            history,
            more: None,
        }
    }

    pub(super) fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    pub(super) fn raw(&self) -> Option<&str> {
        self.more.as_ref().and_then(|more| more.raw.as_deref())
    }

    /// When it first reached the state.
    pub(super) fn reached(&self, state: PaymentState) -> Option<i64> {
        self.history.iter().find(|step| step.state == state).map(|step| step.at)
    }

    /// The node of one side.
    pub(super) const fn node(&self, side: Role) -> &'static str {
        match (self.role, side) {
            (Role::Receiving, Role::Receiving) | (Role::Sending, Role::Sending) => OUR_NODE,
            (Role::Receiving, Role::Sending) | (Role::Sending, Role::Receiving) => PARTNER_NODE,
        }
    }

    /// Adds a label once.
    pub(super) fn label(&mut self, label: &str) {
        let labels = &mut self.more().labels;
        if !labels.iter().any(|known| &**known == label) {
            labels.push(label.into());
        }
    }
}

/// Ids from serial numbers and back, without a table.
///
/// The first four bytes are the serial number, scrambled so that it can be undone; so ids sort as these ranks do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    pub(super) seed: u64,
}

impl Ids {
    /// The first four bytes of the id: a permutation of the serial numbers (four Feistel rounds).
    pub(super) fn rank(self, serial: u32) -> u32 {
        let [mut high, mut low] = halves(serial);
        for round in 0..4 {
            (high, low) = (low, high ^ self.half(round, low));
        }
        u32::from(high) << 16 | u32::from(low)
    }

    /// The serial number whose rank this is.
    pub(super) fn serial(self, rank: u32) -> u32 {
        let [mut high, mut low] = halves(rank);
        for round in (0..4).rev() {
            (high, low) = (low ^ self.half(round, high), high);
        }
        u32::from(high) << 16 | u32::from(low)
    }

    fn half(self, round: u64, half: u16) -> u16 {
        let [.., a, b] =
            scramble(self.seed ^ (round << 32) ^ u64::from(half).wrapping_add(1)).to_be_bytes();
        u16::from_be_bytes([a, b])
    }

    /// The payment's id.
    pub(super) fn id(self, serial: u32) -> Uuid {
        self.part(serial, 0)
    }

    /// Another id that belongs to the payment, such as its quote's.
    pub(super) fn part(self, serial: u32, salt: u64) -> Uuid {
        let first = scramble(self.seed ^ (salt << 40) ^ u64::from(serial).wrapping_add(1));
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&first.to_be_bytes());
        bytes[8..].copy_from_slice(&scramble(first).to_be_bytes());
        if salt == 0 {
            bytes[..4].copy_from_slice(&self.rank(serial).to_be_bytes());
        }
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The serial number of the payment with this id, if an id of ours looks like it.
    pub(super) fn find(self, id: Uuid) -> Option<u32> {
        let [a, b, c, d, ..] = id.into_bytes();
        let serial = self.serial(u32::from_be_bytes([a, b, c, d]));
        (self.id(serial) == id).then_some(serial)
    }
}

fn halves(number: u32) -> [u16; 2] {
    let [a, b, c, d] = number.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_payment() {
        let ids = Ids { seed: 42 };
        for serial in [0, 1, 2, 65_535, 65_536, 1_000_000, u32::MAX] {
            assert_eq!(ids.serial(ids.rank(serial)), serial);
            assert_eq!(ids.find(ids.id(serial)), Some(serial));
            assert_eq!(ids.find(ids.part(serial, 1)), None);
        }
        assert_ne!(ids.id(1), Ids { seed: 43 }.id(1));
    }

    #[test]
    fn a_seeded_payment_has_the_history_of_its_state() {
        let payment = Payment::new(0, Role::Receiving, PaymentState::Executed, 10_000, 1_000);
        assert_eq!(payment.reached(PaymentState::Accepted), Some(7_000));
        assert_eq!(payment.reached(PaymentState::Executed), Some(10_000));
        assert_eq!(payment.created_at, 6_000);
    }
}
