//! What a transaction that the ledger has has paid, whoever made it.

use chrono::{DateTime, Utc};
use stellar_xdr::{
    AccountId, Asset, FeeBumpTransactionInnerTx, Limits, MuxedAccount, Operation, OperationBody,
    PublicKey, ReadXdr as _, TransactionEnvelope,
};

use super::address::Address;
use super::asset::StellarAsset;
use super::stroops::amount;
use crate::engine::{Amount, Memo};

/// The ledger takes none that is larger.
const XDR_MAX: Limits = Limits { depth: 500, len: 1024 * 1024 };

/// A transaction of an account, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTransaction {
    /// Its hash, without a fee bump around it.
    pub hash: String,
    /// The account whose sequence number it has used.
    pub source: String,
    /// The newest sequence number that it has used up.
    pub sequence: i64,
    /// When its ledger closed.
    pub closed_at: DateTime<Utc>,
    /// To go on behind it.
    pub paging_token: String,
    /// What it has paid: nothing, if it failed.
    pub payments: Vec<PastPayment>,
}

/// A record of an account's transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PastRecord {
    /// All that it did is known.
    Read(PastTransaction),
    /// Nobody can tell what it did.
    Unread(UnreadPast),
}

/// What can be told of a record that cannot be read as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadPast {
    /// Its hash, or that of the fee bump around it.
    pub hash: Option<String>,
    /// The account whose sequence number it has used.
    pub source: Option<String>,
    /// That number.
    pub sequence: Option<i64>,
    /// When its ledger closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// To go on behind it.
    pub paging_token: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

impl PastRecord {
    /// To go on behind it, if it tells.
    #[must_use]
    pub fn paging_token(&self) -> Option<&str> {
        match self {
            Self::Read(past) => Some(&past.paging_token),
            Self::Unread(unread) => unread.paging_token.as_deref(),
        }
    }
}

/// A payment of such a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastPayment {
    /// Which of its operations, from 0.
    pub position: i64,
    /// Whose money it was, `G…`.
    pub payer: String,
    /// To whom: `G…` or `M…`.
    pub destination: String,
    /// What.
    pub asset: StellarAsset,
    /// How much.
    pub amount: Amount,
    /// What it carried.
    pub memo: Option<Memo>,
}

/// What an envelope does: its payments, and the number up to which it uses up its source's.
pub(super) struct Done {
    pub(super) payments: Vec<PastPayment>,
    pub(super) bumped_to: Option<i64>,
}

/// Reads an envelope of any kind.
pub(super) fn done_by(xdr_base64: &str) -> Result<Done, String> {
    let unreadable = |error: stellar_xdr::Error| format!("envelope_xdr: {error}");
    let envelope = TransactionEnvelope::from_xdr_base64(xdr_base64, XDR_MAX).map_err(unreadable)?;
    Ok(match envelope {
        TransactionEnvelope::Tx(one) => of(one.tx.source_account, &one.tx.memo, &one.tx.operations),
        TransactionEnvelope::TxFeeBump(bump) => {
            let FeeBumpTransactionInnerTx::Tx(one) = bump.tx.inner_tx;
            of(one.tx.source_account, &one.tx.memo, &one.tx.operations)
        }
        TransactionEnvelope::TxV0(one) => {
            let source = MuxedAccount::Ed25519(one.tx.source_account_ed25519);
            of(source, &one.tx.memo, &one.tx.operations)
        }
    })
}

fn of(source: MuxedAccount, memo: &stellar_xdr::Memo, operations: &[Operation]) -> Done {
    let memo = memo_of(memo);
    let source = Address::from_xdr(source).account();
    let mut done = Done { payments: Vec::new(), bumped_to: None };
    for (position, operation) in (0..).zip(operations) {
        let payer = operation
            .source_account
            .clone()
            .map_or_else(|| source.clone(), |account| Address::from_xdr(account).account());
        if let OperationBody::BumpSequence(bump) = &operation.body
            && payer == source
        {
            done.bumped_to = Some(bump.bump_to.0);
        }
        if let Some((destination, asset, stroops)) = paid(&operation.body)
            && let Some(amount) = amount(stroops)
        {
            let memo = memo.clone();
            done.payments.push(PastPayment { position, payer, destination, asset, amount, memo });
        }
    }
    done
}

/// To whom an operation pays, what, and how much.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the ledger's operations are not ours: what a new one pays is nothing that we would have paid"
)]
fn paid(body: &OperationBody) -> Option<(String, StellarAsset, i64)> {
    let muxed = |account: &MuxedAccount| Address::from_xdr(account.clone()).to_string();
    match body {
        OperationBody::Payment(op) => {
            Some((muxed(&op.destination), asset_of(&op.asset), op.amount))
        }
        OperationBody::CreateAccount(op) => {
            Some((account(&op.destination), StellarAsset::Native, op.starting_balance))
        }
        OperationBody::PathPaymentStrictReceive(op) => {
            Some((muxed(&op.destination), asset_of(&op.dest_asset), op.dest_amount))
        }
        OperationBody::CreateClaimableBalance(op) => {
            let stellar_xdr::Claimant::ClaimantTypeV0(first) = op.claimants.first()?;
            Some((account(&first.destination), asset_of(&op.asset), op.amount))
        }
        // What the others pay is nothing that we would have paid.
        _ => None,
    }
}

fn account(id: &AccountId) -> String {
    let PublicKey::PublicKeyTypeEd25519(key) = &id.0;
    Address::from_xdr(MuxedAccount::Ed25519(key.clone())).account()
}

fn asset_of(asset: &Asset) -> StellarAsset {
    let credit = |code: &[u8], issuer: &AccountId| StellarAsset::Credit {
        code: code.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect(),
        issuer: account(issuer),
    };
    match asset {
        Asset::Native => StellarAsset::Native,
        Asset::CreditAlphanum4(one) => credit(&one.asset_code.0, &one.issuer),
        Asset::CreditAlphanum12(one) => credit(&one.asset_code.0, &one.issuer),
    }
}

fn memo_of(memo: &stellar_xdr::Memo) -> Option<Memo> {
    match memo {
        stellar_xdr::Memo::None => None,
        stellar_xdr::Memo::Text(text) => Some(Memo::Text(text.to_utf8_string_lossy())),
        stellar_xdr::Memo::Id(id) => Some(Memo::Id(*id)),
        stellar_xdr::Memo::Hash(hash) => Some(Memo::Hash(hash.0)),
        stellar_xdr::Memo::Return(hash) => Some(Memo::Return(hash.0)),
    }
}
