//! Who moves transfers, and why.

use std::fmt;

/// Who moves transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// Asks rails about deposits, and sends on networks.
    PendingDeposits,
    /// Pays out on rails.
    Outgoing,
    /// Sees what comes in on networks.
    Watch,
    /// Makes payouts of a network's executed payments.
    Executed,
    /// A person, or a program that speaks for one.
    Operator,
}

impl Actor {
    /// The word in tables and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingDeposits => "pending-deposits",
            Self::Outgoing => "outgoing",
            Self::Watch => "watch",
            Self::Executed => "executed",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a transfer moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The customer has told all that is needed.
    UserReady,
    /// The customer is asked for something.
    UserAsked,
    /// The agreement came to nothing before money came.
    TurnedDown,
    /// The rail has seen the money, and not settled it.
    ArrivalSeen,
    /// The money is in, and the amount is accepted.
    Arrived,
    /// The money is in, and a person must look at it.
    ArrivalHeld,
    /// The money is in, and goes back by the asset's policy.
    ArrivalReturned,
    /// The rail says that it does not come.
    ArrivalFailed,
    /// Nothing came in time.
    DeadlinePassed,
    /// An envelope with the payment is stored, and is sent.
    Sent,
    /// The receiver's account has no trustline, or not one that can take the amount.
    TrustMissing,
    /// The receiver's account can take it now.
    TrustFound,
    /// The envelope can no longer be applied: there will be another.
    SendLapsed,
    /// It cannot be sent, and a person must look at it.
    SendHeld,
    /// The network has applied it.
    Applied,
    /// The rail has the payout.
    Initiated,
    /// The rail has delivered.
    Delivered,
    /// The rail refuses, or could not deliver.
    PayoutFailed,
    /// The rail needs other facts.
    InformationAsked,
    /// Nobody can tell whether the payout was made.
    PayoutUnclear,
    /// It cannot be paid out as it stands, and a person must look at it.
    PayoutHeld,
    /// The payment that it pays out is no longer what was approved.
    DecisionVoid,
    /// The refund is sent on the network, or the rail has it.
    RefundStarted,
    /// The envelope of the refund can no longer be applied: there will be another.
    RefundLapsed,
    /// The money is back.
    RefundDone,
    /// The refund could not be made.
    RefundFailed,
    /// A person stops it.
    Held,
    /// A person lets it go on.
    Released,
    /// A person sends the money back.
    RefundDecided,
    /// A person gives a payment to a transfer that it was not matched with.
    Assigned,
    /// The facts that were asked for are there.
    Informed,
    /// A person has it tried again, by a new decision.
    Retried,
    /// A person says what became of it.
    Resolved,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 33] = [
        Self::UserReady,
        Self::UserAsked,
        Self::TurnedDown,
        Self::ArrivalSeen,
        Self::Arrived,
        Self::ArrivalHeld,
        Self::ArrivalReturned,
        Self::ArrivalFailed,
        Self::DeadlinePassed,
        Self::Sent,
        Self::TrustMissing,
        Self::TrustFound,
        Self::SendLapsed,
        Self::SendHeld,
        Self::Applied,
        Self::Initiated,
        Self::Delivered,
        Self::PayoutFailed,
        Self::InformationAsked,
        Self::PayoutUnclear,
        Self::PayoutHeld,
        Self::DecisionVoid,
        Self::RefundStarted,
        Self::RefundLapsed,
        Self::RefundDone,
        Self::RefundFailed,
        Self::Held,
        Self::Released,
        Self::RefundDecided,
        Self::Assigned,
        Self::Informed,
        Self::Retried,
        Self::Resolved,
    ];

    /// The word in the history and in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserReady => "user_ready",
            Self::UserAsked => "user_asked",
            Self::TurnedDown => "turned_down",
            Self::ArrivalSeen => "arrival_seen",
            Self::Arrived => "arrived",
            Self::ArrivalHeld => "arrival_held",
            Self::ArrivalReturned => "arrival_returned",
            Self::ArrivalFailed => "arrival_failed",
            Self::DeadlinePassed => "deadline_passed",
            Self::Sent => "sent",
            Self::TrustMissing => "trust_missing",
            Self::TrustFound => "trust_found",
            Self::SendLapsed => "send_lapsed",
            Self::SendHeld => "send_held",
            Self::Applied => "applied",
            Self::Initiated => "initiated",
            Self::Delivered => "delivered",
            Self::PayoutFailed => "payout_failed",
            Self::InformationAsked => "information_asked",
            Self::PayoutUnclear => "payout_unclear",
            Self::PayoutHeld => "payout_held",
            Self::DecisionVoid => "decision_void",
            Self::RefundStarted => "refund_started",
            Self::RefundLapsed => "refund_lapsed",
            Self::RefundDone => "refund_done",
            Self::RefundFailed => "refund_failed",
            Self::Held => "held",
            Self::Released => "released",
            Self::RefundDecided => "refund_decided",
            Self::Assigned => "assigned",
            Self::Informed => "informed",
            Self::Retried => "retried",
            Self::Resolved => "resolved",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
