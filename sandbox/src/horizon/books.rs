//! The network's own books: what was paid, what everybody has, and whether it adds up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use stellar_xdr::{Asset, MuxedAccount};

use super::history::Moved;
use super::keys::{Key, asset_text, decimal, hex, memo_text};
use super::movement::Kind;
use super::network::HorizonNetwork;
use super::overview::claimable_id;

/// How a payment was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaidBy {
    /// `create_account`
    CreateAccount,
    /// `payment`
    Payment,
    /// `create_claimable_balance`, with the balance's id as Horizon writes it
    ClaimableBalance(String),
    /// `claim_claimable_balance`, with the balance's id
    Claim(String),
}

/// Money that an operation has moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The operation's paging token.
    pub id: u64,
    /// The hash of its transaction, with the fee bump if there is one.
    pub hash: String,
    /// The ledger that it is in.
    pub ledger: u32,
    /// When that closed.
    pub at: DateTime<Utc>,
    /// How it was paid.
    pub kind: PaidBy,
    /// `G…`
    pub from: String,
    /// `G…`. The first claimant, of a claimable balance.
    pub to: String,
    /// The number inside the `M…` that was paid to.
    pub to_muxed_id: Option<u64>,
    /// `native` or `CODE:G…`
    pub asset: String,
    /// What arrived, in units of 0.0000001.
    pub amount: i64,
    /// `none`, `text`, `id`, `hash` or `return`
    pub memo_type: &'static str,
    /// The memo as Horizon tells it: a hash in base64.
    pub memo: Option<String>,
}

impl HorizonNetwork {
    /// Every movement of money, oldest first.
    pub(super) fn payments(&self) -> impl DoubleEndedIterator<Item = Paid> {
        self.ledger.history.moved.iter().map(|moved| self.paid(moved))
    }

    /// The movements that have this account at one end, oldest first.
    pub(super) fn payments_of(&self, key: Key) -> impl Iterator<Item = Paid> {
        let has = move |account: &MuxedAccount| Key::from(account) == key;
        let moved = self.ledger.history.moved.iter();
        moved
            .filter(move |moved| has(&moved.movement.from) || has(&moved.movement.to))
            .map(|moved| self.paid(moved))
    }

    fn paid(&self, moved: &Moved) -> Paid {
        let transaction = &self.ledger.history.transactions[moved.transaction];
        let movement = &moved.movement;
        let (memo_type, memo) = memo_text(transaction.envelope.memo());
        Paid {
            id: moved.toid,
            hash: hex(&transaction.envelope.hash()),
            ledger: transaction.ledger,
            at: transaction.closed_at,
            kind: match movement.kind {
                Kind::CreateAccount => PaidBy::CreateAccount,
                Kind::Payment => PaidBy::Payment,
                Kind::ClaimableBalance { id } => PaidBy::ClaimableBalance(claimable_id(&id)),
                Kind::Claim { id } => PaidBy::Claim(claimable_id(&id)),
            },
            from: Key::from(&movement.from).to_string(),
            to: Key::from(&movement.to).to_string(),
            to_muxed_id: match &movement.to {
                MuxedAccount::Ed25519(_) => None,
                MuxedAccount::MuxedEd25519(muxed) => Some(muxed.id),
            },
            asset: asset_text(&movement.asset),
            amount: movement.amount,
            memo_type,
            memo,
        }
    }

    /// What does not add up: for each asset, what all accounts have and what waits to be claimed must be what was
    /// issued; for lumens, with the fees, what was brought into being.
    pub(super) fn discrepancies(&self) -> Vec<String> {
        let state = &self.ledger.state;
        let mut held: BTreeMap<&Asset, i128> = BTreeMap::new();
        let mut native = i128::from(state.fee_pool);
        for (_, account) in state.accounts() {
            native += i128::from(account.native);
            for (asset, line) in &account.lines {
                *held.entry(asset).or_default() += i128::from(line.balance);
            }
        }
        for (_, claimable) in state.claimables() {
            match claimable.asset {
                Asset::Native => native += i128::from(claimable.amount),
                Asset::CreditAlphanum4(_) | Asset::CreditAlphanum12(_) => {
                    *held.entry(&claimable.asset).or_default() += i128::from(claimable.amount);
                }
            }
        }
        let mut found = Vec::new();
        if native != i128::from(state.coins) {
            let coins = decimal(state.coins);
            found.push(format!("there are {native} stroops, and {coins} lumens were made"));
        }
        for (asset, issued) in state.issued() {
            let there = held.remove(asset).unwrap_or(0);
            if there != *issued {
                let asset = asset_text(asset);
                found.push(format!("{there} units of {asset} are held, and {issued} were issued"));
            }
        }
        for (asset, there) in held.into_iter().filter(|(_, there)| *there != 0) {
            found.push(format!("{there} units of {} are held, and none issued", asset_text(asset)));
        }
        found
    }
}
