//! What is to be paid: a deposit's second leg, or money that goes back.

use crate::engine::{Amount, Cause, Memo, Refund, Step, Transfer, TransferStatus, words};
use crate::networks::stellar::{OperationKind, Planned};
use crate::store::EnvelopePayment;

/// Money that is to go out on the network.
#[derive(Debug, Clone)]
pub(super) enum Errand {
    /// A deposit's second leg.
    Deposit(Box<Transfer>),
    /// Money that goes back, with the transfer whose money it is, if it was one's.
    Refund(Box<Refund>, Option<Box<Transfer>>),
}

/// An errand that can be done now.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) errand: Errand,
    /// Whose money it is, `G…`.
    pub(super) payer: String,
    pub(super) memo: Option<Memo>,
    pub(super) planned: Planned,
    pub(super) does: Does,
}

words! {
    /// What an operation of ours is for.
    pub(super) enum Does: "operation of ours" {
        /// A payment.
        Pay = "payment",
        /// A payment of XLM that makes the account it goes to.
        PayByCreating = "payment_creating_account",
        /// A claimable balance in place of a payment.
        PayByBalance = "create_claimable_balance",
        /// Makes the account first; the payment follows.
        CreateAccount = "create_account",
    }
}

impl Does {
    /// What makes a payment so.
    pub(super) const fn paying(planned: &Planned) -> Self {
        match planned {
            Planned::Pay { .. } => Self::Pay,
            Planned::CreateAccount { .. } => Self::PayByCreating,
            Planned::CreateClaimableBalance { .. } => Self::PayByBalance,
        }
    }

    /// What the ledger calls it.
    pub(super) const fn kind(self) -> OperationKind {
        match self {
            Self::Pay => OperationKind::Pay,
            Self::PayByCreating | Self::CreateAccount => OperationKind::CreateAccount,
            Self::PayByBalance => OperationKind::CreateClaimableBalance,
        }
    }

    /// Whether it must be the only operation: one that somebody else may do meanwhile would fail all the others.
    pub(super) const fn is_alone(self) -> bool {
        match self {
            Self::PayByCreating | Self::CreateAccount => true,
            Self::Pay | Self::PayByBalance => false,
        }
    }
}

impl Errand {
    /// A name that no other errand has.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Deposit(transfer) => &transfer.transfer_id,
            Self::Refund(refund, _) => &refund.refund_id,
        }
    }

    /// Whom it goes to, `G…` or `M…`, if that is known.
    pub(super) fn receiver(&self) -> Option<&str> {
        match self {
            Self::Deposit(transfer) => transfer.to_address.as_deref(),
            Self::Refund(refund, _) => refund.destination.as_deref(),
        }
    }

    pub(super) fn transfer(&self) -> Option<&Transfer> {
        match self {
            Self::Deposit(transfer) => Some(transfer),
            Self::Refund(_, transfer) => transfer.as_deref(),
        }
    }

    /// The step that its transfer makes when the envelope `hash` is stored.
    pub(super) fn sent(&self, hash: &str) -> Option<Step<'_>> {
        let to = TransferStatus::PendingStellar;
        match self {
            Self::Deposit(transfer) => {
                let mut step = Step::new(transfer, to, Cause::Sent);
                step.changes.network_reference = Some(hash.to_owned());
                Some(step)
            }
            Self::Refund(_, transfer) => {
                transfer.as_ref().map(|transfer| Step::new(transfer, to, Cause::RefundStarted))
            }
        }
    }
}

impl Ready {
    /// Its row beside the envelope.
    pub(super) fn row(&self, balance_id: Option<String>) -> EnvelopePayment {
        let (destination, amount): (&String, &Amount) = match &self.planned {
            Planned::Pay { to, amount, .. } => (to, amount),
            Planned::CreateAccount { account, starting_balance } => (account, starting_balance),
            Planned::CreateClaimableBalance { claimant, amount, .. } => (claimant, amount),
        };
        let refund_id = match &self.errand {
            Errand::Deposit(_) => None,
            Errand::Refund(refund, _) => Some(refund.refund_id.clone()),
        };
        EnvelopePayment {
            operation: self.does.as_str().to_owned(),
            transfer_id: self.errand.transfer().map(|transfer| transfer.transfer_id.clone()),
            refund_id,
            destination: destination.clone(),
            amount: amount.clone(),
            balance_id,
        }
    }
}
