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

/// A shop's order.
pub(crate) fn ordered(order: &str, customer: &str, price: &str, claim: Option<&str>) -> Fact {
    Fact::Ordered {
        shop: "shop",
        order: order.to_owned(),
        alt_id: None,
        customer: Some(customer.to_owned()).filter(|customer| !customer.is_empty()),
        price: price.to_owned(),
        claim: claim.map(ToOwned::to_owned),
    }
}

/// Money that is seen, with a memo.
pub(crate) fn received(id: &str, wallet: &str, amount: &str, memo: &str) -> Fact {
    Fact::Received {
        shop: "shop",
        id: id.to_owned(),
        wallet: wallet.to_owned(),
        asset: "xtr",
        amount: amount.to_owned(),
        memo: memo.to_owned(),
    }
}

/// It is final.
pub(crate) fn confirmed(id: &str) -> Fact {
    Fact::Confirmed { id: id.to_owned() }
}

/// A wallet has signed for an order.
pub(crate) fn claimed(order: &str, wallet: &str) -> Fact {
    Fact::Claimed { shop: "shop", order: order.to_owned(), wallet: wallet.to_owned() }
}

/// A person gives credit, or takes it.
pub(crate) fn noted(id: &str, customer: &str, amount: &str) -> Fact {
    Fact::Noted {
        shop: "shop",
        id: id.to_owned(),
        customer: customer.to_owned(),
        amount: amount.to_owned(),
    }
}

/// A person wishes something for an order.
pub(crate) fn wished(order: &str, wish: Wished) -> Fact {
    Fact::Wished { shop: "shop", order: order.to_owned(), wish }
}
