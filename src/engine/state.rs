//! The states of a payment, and which may follow which.

use std::fmt;

/// What a network says of a payment. The states and moves are those of the `RippleNet` server API, version 4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// The sender has accepted the quote; the receiver is to lock or reject.
    Accepted,
    /// Receiver and intermediaries have promised to take it; the sender is to settle.
    Locked,
    /// The receiver or an intermediary has rejected it; the sender may repair it and try again.
    LockDeclined,
    /// The sender has settled; the network is executing.
    Prepared,
    /// Settlement found no liquidity; the sender may settle again.
    SettlementDeclined,
    /// The money has moved on the network; the receiver is to pay out and complete.
    Executed,
    /// Executed, and sent on by the receiver.
    Forwarded,
    /// Executed, and waiting to be picked up by the beneficiary.
    AwaitingCollection,
    /// The receiver has paid out. It may still be returned.
    Completed,
    /// It ended without success. It may still be returned.
    Failed,
    /// The money went back, by another payment.
    Returned,
    /// A state that this program does not know, kept as it came.
    Other(String),
}

impl PaymentState {
    /// Every state that this program knows, in the order of a payment's life.
    pub const KNOWN: [Self; 11] = [
        Self::Accepted,
        Self::Locked,
        Self::LockDeclined,
        Self::Prepared,
        Self::SettlementDeclined,
        Self::Executed,
        Self::Forwarded,
        Self::AwaitingCollection,
        Self::Completed,
        Self::Failed,
        Self::Returned,
    ];

    /// The network's word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Locked => "LOCKED",
            Self::LockDeclined => "LOCK_DECLINED",
            Self::Prepared => "PREPARED",
            Self::SettlementDeclined => "SETTLEMENT_DECLINED",
            Self::Executed => "EXECUTED",
            Self::Forwarded => "FORWARDED",
            Self::AwaitingCollection => "AWAITING_COLLECTION",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Returned => "RETURNED",
            Self::Other(word) => word,
        }
    }

    /// The state that the network's word means.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|state| state.as_str() == word)
            .unwrap_or_else(|| Self::Other(word.to_owned()))
    }

    /// Whether the network fails a payment in this state at its deadline. What has been executed does not expire, and of a
    /// state that we do not know nobody can say that it does.
    #[must_use]
    pub const fn can_expire(&self) -> bool {
        match self {
            Self::Accepted
            | Self::Locked
            | Self::LockDeclined
            | Self::Prepared
            | Self::SettlementDeclined => true,
            Self::Executed
            | Self::Forwarded
            | Self::AwaitingCollection
            | Self::Completed
            | Self::Failed
            | Self::Returned
            | Self::Other(_) => false,
        }
    }

    /// The states that can come directly after this one.
    ///
    /// `RippleNet`'s documents disagree on what an expired settlement becomes: both answers are legal here.
    fn next(&self) -> &'static [Self] {
        use PaymentState::{
            Accepted, AwaitingCollection, Completed, Executed, Failed, Forwarded, LockDeclined,
            Locked, Other, Prepared, Returned, SettlementDeclined,
        };
        match self {
            Accepted => &[Locked, LockDeclined, Failed],
            LockDeclined => &[Accepted, Failed],
            Locked => &[Prepared, SettlementDeclined, Failed],
            SettlementDeclined => &[Prepared, Failed],
            Prepared => &[Executed, SettlementDeclined, Failed],
            Executed => &[Forwarded, AwaitingCollection, Completed, Failed, Returned],
            Forwarded => &[Executed, AwaitingCollection, Completed, Failed, Returned],
            AwaitingCollection => &[Executed, Forwarded, Completed, Failed, Returned],
            Completed | Failed => &[Returned],
            Returned | Other(_) => &[],
        }
    }

    /// Whether a payment in this state can be found in state `to` later, with or without states between that
    /// nobody saw. A state that we do not know may come from and lead to anything.
    #[must_use]
    pub fn may_become(&self, to: &Self) -> bool {
        if self == to || matches!(self, Self::Other(_)) || matches!(to, Self::Other(_)) {
            return true;
        }
        let mut reached = vec![self.clone()];
        let mut at = 0;
        while let Some(state) = reached.get(at).cloned() {
            for next in state.next() {
                if next == to {
                    return true;
                }
                if !reached.contains(next) {
                    reached.push(next.clone());
                }
            }
            at += 1;
        }
        false
    }

    /// Whether the network is done with it, but for a return.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Returned => true,
            Self::Accepted
            | Self::Locked
            | Self::LockDeclined
            | Self::Prepared
            | Self::SettlementDeclined
            | Self::Executed
            | Self::Forwarded
            | Self::AwaitingCollection
            | Self::Other(_) => false,
        }
    }
}

impl fmt::Display for PaymentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_every_move_and_no_other() {
        let map = include_str!("../../ARCHITECTURE.md");
        let is_state =
            |word: &&str| word.chars().all(|char| char.is_ascii_uppercase() || char == '_');
        let mut drawn: Vec<(&str, &str)> = map
            .lines()
            .filter_map(|line| line.trim().split_once(" --> "))
            .filter(|(from, to)| is_state(from) && is_state(to))
            .collect();
        let of = |from: &PaymentState| -> Vec<(String, String)> {
            let to = from.next().iter();
            to.map(|to| (from.to_string(), to.to_string())).collect()
        };
        let legal: Vec<(String, String)> = PaymentState::KNOWN.iter().flat_map(of).collect();
        let mut legal: Vec<(&str, &str)> =
            legal.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        drawn.sort_unstable();
        legal.sort_unstable();
        assert_eq!(drawn, legal);
    }

    #[test]
    fn each_word_means_its_state() {
        for state in PaymentState::KNOWN {
            assert_eq!(PaymentState::from_word(state.as_str()), state);
        }
        let unknown = PaymentState::from_word("ON_THE_MOON");
        assert_eq!(unknown.as_str(), "ON_THE_MOON");
    }

    #[test]
    fn nothing_leaves_an_end_but_by_a_return() {
        for end in PaymentState::KNOWN.into_iter().filter(PaymentState::is_over) {
            for to in PaymentState::KNOWN {
                let legal = to == end || (to == PaymentState::Returned);
                assert_eq!(end.may_become(&to), legal, "{end} -> {to}");
            }
        }
    }

    #[test]
    fn unseen_states_between_are_legal_and_ways_back_are_not() {
        use PaymentState::*;
        assert!(Accepted.may_become(&Completed));
        assert!(LockDeclined.may_become(&Executed));
        assert!(Prepared.may_become(&SettlementDeclined));
        assert!(!Executed.may_become(&Accepted));
        assert!(!Locked.may_become(&Accepted));
        assert!(!Completed.may_become(&Executed));
    }

    #[test]
    fn an_unknown_state_may_come_from_and_lead_to_anything() {
        let unknown = PaymentState::Other("NEW".to_owned());
        for state in PaymentState::KNOWN {
            assert!(state.may_become(&unknown));
            assert!(unknown.may_become(&state));
        }
    }
}
