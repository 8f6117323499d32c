//! Why orders move.

use crate::engine::words;

words! {
    /// Why an order moves.
    pub enum OrderCause: "cause of an order's move" {
        /// It came, and is on record.
        Created = "ordered",
        /// The shop's own note has a claim of it that somebody has signed.
        Memo = "memo",
        /// When it came, its payer was known already.
        Auto = "auto",
        /// Money was seen that names it.
        Payment = "payment",
        /// Somebody has signed that he pays it.
        Claim = "claim",
        /// Money of its payers is final.
        Confirmed = "confirmed",
        /// A person has given credit.
        Credit = "credit",
        /// It was looked for what can be paid.
        Settle = "settle",
        /// It has another price.
        Price = "price",
        /// It is another customer's.
        Reassign = "reassign",
        /// A person has it wait for money again.
        Reset = "reset",
        /// A person says that it is paid.
        Fulfil = "fulfil",
        /// A person has cancelled it.
        Cancel = "cancel",
        /// The shop has cancelled it.
        Shop = "shop",
        /// Its time is over.
        Expiry = "expiry",
        /// What was missing came a little late, and is taken.
        Late = "late",
    }
}
