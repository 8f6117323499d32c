//! Who decides: a person, by the name that they give, beside what the system knows of them.

use super::words;

words! {
    /// How far a name is more than a claim.
    pub enum Evidence: "evidence" {
        /// The user of this name has logged in where the process was started: nobody can change that later.
        Login = "login",
        /// The process runs as the user of this name, and nobody is known to have logged in.
        User = "user",
        /// Somebody says so.
        Claimed = "claimed",
    }
}

impl Evidence {
    /// What speaks for a name whose user has the id `named`, in a process of the real user `uid` in the session of
    /// `login_uid`. Where a login is known, it alone counts: behind `sudo` everybody runs as another user.
    #[must_use]
    pub fn of(named: Option<u32>, uid: u32, login_uid: Option<u32>) -> Self {
        match (named, login_uid) {
            (None, _) => Self::Claimed,
            (Some(named), Some(login)) if named == login => Self::Login,
            (Some(_), Some(_)) => Self::Claimed,
            (Some(named), None) if named == uid => Self::User,
            (Some(_), None) => Self::Claimed,
        }
    }
}

/// A person who decides. The name stands beside what the system tells, and never in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The name given, or that of the user.
    pub name: String,
    /// What speaks for it.
    pub evidence: Evidence,
    /// The process's real user id.
    pub uid: u32,
    /// The id of the user who logged in; none where the system does not tell.
    pub login_uid: Option<u32>,
    /// The host.
    pub host: String,
    /// By what: `command`.
    pub origin: &'static str,
}

words! {
    /// What an operator does.
    pub enum Action: "action" {
        /// Lets a payment go on.
        PaymentApprove = "payment.approve",
        /// Turns a payment down.
        PaymentDecline = "payment.decline",
        /// Leaves a payment alone for now.
        PaymentHold = "payment.hold",
        /// Ends a hold of a payment.
        PaymentRelease = "payment.release",
        /// Makes transfers.
        TransferCreate = "transfer.create",
        /// Stops a transfer.
        TransferHold = "transfer.hold",
        /// Lets a transfer go on.
        TransferRelease = "transfer.release",
        /// Sends a transfer's money back.
        TransferRefund = "transfer.refund",
        /// Moves a transfer.
        TransferMove = "transfer.move",
        /// Says what became of a transfer.
        TransferResolve = "transfer.resolve",
        /// Names somebody else who is paid by a transfer.
        TransferCorrect = "transfer.correct",
        /// Gives incoming money to a transfer.
        IncomingAssign = "incoming.assign",
        /// Sends incoming money back.
        IncomingRefund = "incoming.refund",
        /// Makes orders.
        OrderCreate = "order.create",
        /// Claims an order for a wallet.
        OrderClaim = "order.claim",
        /// Says that an order is paid.
        OrderFulfil = "order.fulfil",
        /// Ends an order.
        OrderCancel = "order.cancel",
        /// Gives an order another note.
        OrderMemo = "order.memo",
        /// Gives an order another price.
        OrderPrice = "order.price",
        /// Gives an order to another customer.
        OrderReassign = "order.reassign",
        /// Has an order wait for money again.
        OrderReset = "order.reset",
        /// Pays what can be paid.
        OrderSettle = "order.settle",
        /// Gives a customer credit, or takes it.
        CustomerCredit = "customer.credit",
        /// Hands in what a wallet has told.
        IncomingNotify = "incoming.notify",
        /// Lets a wallet report.
        WalletAdd = "wallet.add",
        /// Lets a wallet report no more.
        WalletRemove = "wallet.remove",
        /// Adds signatures to an envelope.
        EnvelopeSign = "envelope.sign",
        /// Ends an alert.
        AlertClear = "alert.clear",
        /// Says that a row that was set aside has been seen to.
        QuarantineResolve = "quarantine.resolve",
        /// Asks again for a row that was set aside.
        QuarantineRetry = "quarantine.retry",
        /// Reads a part of a network's list again.
        ListBackfill = "list.backfill",
        /// Compares a network's whole list with the database.
        ListReconcile = "list.reconcile",
        /// Tells the database that it was restored.
        DatabaseRestored = "database.restored",
        /// Lets things go out again after that.
        DatabaseConfirm = "database.confirm",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_believed_where_the_system_agrees() {
        let (kim, railpoll) = (1000, 990);
        // sudo -u railpoll, after a login as kim.
        assert_eq!(Evidence::of(Some(kim), railpoll, Some(kim)), Evidence::Login);
        assert_eq!(Evidence::of(Some(railpoll), railpoll, Some(kim)), Evidence::Claimed);
        assert_eq!(Evidence::of(None, railpoll, Some(kim)), Evidence::Claimed);
        // In a container nobody has logged in.
        assert_eq!(Evidence::of(Some(kim), kim, None), Evidence::User);
        assert_eq!(Evidence::of(Some(kim), railpoll, None), Evidence::Claimed);
        assert_eq!(Evidence::of(None, kim, None), Evidence::Claimed);
    }
}
