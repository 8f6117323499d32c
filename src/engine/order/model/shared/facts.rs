//! Facts in the words of those who tell them: nothing of them is known to be possible.

/// Something that happens outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A shop tells of an order in `xtr`.
    Ordered {
        shop: &'static str,
        order: String,
        alt_id: Option<String>,
        customer: Option<String>,
        price: String,
        /// Who has signed for it in the shop's note.
        claim: Option<String>,
    },
    /// A network has seen money, with a memo that is read by this shop's rules.
    Received {
        shop: &'static str,
        id: String,
        wallet: String,
        asset: &'static str,
        amount: String,
        memo: String,
    },
    /// It is final.
    Confirmed { id: String },
    /// It has vanished.
    Cancelled { id: String },
    /// It was taken back.
    Reversed { id: String },
    /// A wallet has signed for an order.
    Claimed { shop: &'static str, order: String, wallet: String },
    /// A person gives a customer credit in `xtr`, or takes it.
    Noted { shop: &'static str, id: String, customer: String, amount: String },
    /// A person wishes something for an order.
    Wished { shop: &'static str, order: String, wish: Wished },
    /// The shop has cancelled an order.
    ShopCancelled { shop: &'static str, order: String },
    /// What can be paid of a customer's orders is paid.
    SettledCustomer { shop: &'static str, customer: String },
    /// What can be paid of the orders of a wallet's customers is paid.
    SettledWallet { wallet: String },
    /// Whose time is over expires: each order is a fact of its own.
    Swept,
}

/// What a person wishes for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wished {
    Fulfil { id: String },
    Cancel,
    Memo(String),
    Price(String),
    Reassign(String),
    Reset,
}

/// A fact, and when: seconds after the beginning. Time rises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happening {
    pub(crate) at: i64,
    pub(crate) fact: Fact,
}
