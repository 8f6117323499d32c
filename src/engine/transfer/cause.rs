//! Who moves transfers, and why.

use std::fmt;

use crate::engine::{Action, Poller, words};

/// Who moves transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A poller.
    Poller(Poller),
    /// A person, or a program that speaks for one.
    Operator,
}

impl Actor {
    /// The word in tables and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poller(poller) => poller.name(),
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

words! {
    /// Why a transfer moves.
    pub enum Cause: "cause" {
        /// The customer has told all that is needed.
        UserReady = "user_ready",
        /// The customer is asked for something.
        UserAsked = "user_asked",
        /// The agreement came to nothing before money came.
        TurnedDown = "turned_down",
        /// The rail has seen the money, and not settled it.
        ArrivalSeen = "arrival_seen",
        /// The money is in, and the amount is accepted.
        Arrived = "arrived",
        /// The money is in, and a person must look at it.
        ArrivalHeld = "arrival_held",
        /// The money is in, and goes back by the asset's policy.
        ArrivalReturned = "arrival_returned",
        /// The rail says that it does not come.
        ArrivalFailed = "arrival_failed",
        /// The money that had come was taken back by where it came from.
        ArrivalReversed = "arrival_reversed",
        /// Nothing came in time.
        DeadlinePassed = "deadline_passed",
        /// An envelope with the payment is stored, and is sent.
        Sent = "sent",
        /// The receiver's account has no trustline, or not one that can take the amount.
        TrustMissing = "trust_missing",
        /// The receiver's account can take it now.
        TrustFound = "trust_found",
        /// The envelope can no longer be applied: there will be another.
        SendLapsed = "send_lapsed",
        /// It cannot be sent, and a person must look at it.
        SendHeld = "send_held",
        /// The network has applied it.
        Applied = "applied",
        /// The rail has the payout.
        Initiated = "initiated",
        /// The rail has delivered.
        Delivered = "delivered",
        /// The rail refuses, or could not deliver.
        PayoutFailed = "payout_failed",
        /// The rail needs other facts.
        InformationAsked = "information_asked",
        /// Nobody can tell whether the payout was made.
        PayoutUnclear = "payout_unclear",
        /// It cannot be paid out as it stands, and a person must look at it.
        PayoutHeld = "payout_held",
        /// The payment that it pays out is no longer what was approved.
        DecisionVoid = "decision_void",
        /// The refund is sent on the network, or the rail has it.
        RefundStarted = "refund_started",
        /// The envelope of the refund can no longer be applied: there will be another.
        RefundLapsed = "refund_lapsed",
        /// The money is back.
        RefundDone = "refund_done",
        /// The refund could not be made.
        RefundFailed = "refund_failed",
        /// A person stops it.
        Held = "held",
        /// A person lets it go on.
        Released = "released",
        /// A person sends the money back.
        RefundDecided = "refund_decided",
        /// A person gives a payment to a transfer that it was not matched with.
        Assigned = "assigned",
        /// The facts that were asked for are there.
        Informed = "informed",
        /// A person has it tried again, by a new decision.
        Retried = "retried",
        /// A person says what became of it.
        Resolved = "resolved",
        /// A person names somebody else who is paid.
        Corrected = "corrected",
    }
}

impl Cause {
    /// What an operator does who makes a step for this cause: the one list of all causes.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Held => Action::TransferHold,
            Self::Released | Self::Retried => Action::TransferRelease,
            Self::RefundDecided => Action::TransferRefund,
            Self::Assigned => Action::IncomingAssign,
            Self::Resolved => Action::TransferResolve,
            Self::Corrected => Action::TransferCorrect,
            Self::UserReady
            | Self::UserAsked
            | Self::TurnedDown
            | Self::Informed
            | Self::ArrivalSeen
            | Self::Arrived
            | Self::ArrivalHeld
            | Self::ArrivalReturned
            | Self::ArrivalFailed
            | Self::ArrivalReversed
            | Self::DeadlinePassed
            | Self::Sent
            | Self::TrustMissing
            | Self::TrustFound
            | Self::SendLapsed
            | Self::SendHeld
            | Self::Applied
            | Self::Initiated
            | Self::Delivered
            | Self::PayoutFailed
            | Self::InformationAsked
            | Self::PayoutUnclear
            | Self::PayoutHeld
            | Self::DecisionVoid
            | Self::RefundStarted
            | Self::RefundLapsed
            | Self::RefundDone
            | Self::RefundFailed => Action::TransferMove,
        }
    }
}
