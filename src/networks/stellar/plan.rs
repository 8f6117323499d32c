//! What an envelope shall do, and the transaction that does it. Pure: nothing is signed here, and nothing is sent.

use chrono::{DateTime, Utc};
use stellar_xdr::{
    ClaimPredicate, Claimant, ClaimantV0, CreateAccountOp, CreateClaimableBalanceOp, Operation,
    OperationBody, PaymentOp, Preconditions, SequenceNumber, TimeBounds, TimePoint, Transaction,
    TransactionExt,
};
use thiserror::Error;

use super::address::{Address, NoAddress};
use super::asset::StellarAsset;
use super::memo;
use super::stroops::{StroopsError, stroops};
use crate::engine::{Amount, Memo};

/// The ledger takes no more operations in one transaction.
pub const OPERATIONS_MAX: usize = 100;

/// A transaction of ours, before it is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopePlan {
    /// Whose sequence number is used, `G…`: a channel, or the paying account itself.
    pub source: String,
    /// Whose money is paid, `G…`: the distribution account.
    pub payer: String,
    /// The sequence number that is used up: one more than the source has now.
    pub sequence: i64,
    /// Stroops. The transaction may cost so much times its operations.
    pub fee_per_operation: u32,
    /// One for the whole transaction.
    pub memo: Option<Memo>,
    /// From then on the ledger refuses it. Cut down to the second.
    pub max_time: DateTime<Utc>,
    /// At least one, at most [`OPERATIONS_MAX`]: all of them happen, or none.
    pub operations: Vec<Planned>,
}

/// One thing that a transaction does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// Pays to an account that can take it.
    Pay {
        /// `G…` or `M…`.
        to: String,
        /// What.
        asset: StellarAsset,
        /// How much.
        amount: Amount,
    },
    /// Creates an account.
    CreateAccount {
        /// `G…`.
        account: String,
        /// XLM, from the payer.
        starting_balance: Amount,
    },
    /// Lays money down for an account that cannot take it yet. Its owner claims it, whenever they want.
    CreateClaimableBalance {
        /// `G…`.
        claimant: String,
        /// What.
        asset: StellarAsset,
        /// How much.
        amount: Amount,
    },
}

/// Why a plan cannot become a transaction. Nothing was built.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum BuildError {
    /// An address is none.
    #[error(transparent)]
    Address(#[from] NoAddress),
    /// A place where the ledger takes no sub-account.
    #[error("`{0}` is an address with a sub-account in it, and its number would be lost here")]
    Muxed(String),
    /// An amount that the ledger cannot count.
    #[error(transparent)]
    Amount(#[from] StroopsError),
    /// A payment of nothing.
    #[error("nothing cannot be paid")]
    Nothing,
    /// An asset that cannot be.
    #[error("`{0}` is not an asset of the ledger")]
    Asset(String),
    /// A memo that does not fit.
    #[error("the memo is longer than 28 bytes")]
    Memo,
    /// No operation, or too many.
    #[error("a transaction has 1 to {OPERATIONS_MAX} operations, not {0}")]
    Operations(usize),
    /// The fee is more than the ledger can count.
    #[error("{0} stroops for each operation are too many")]
    Fee(u32),
    /// A sequence number that no account can use.
    #[error("{0} is not a sequence number")]
    Sequence(i64),
    /// A time that the ledger cannot count.
    #[error("{0} is not a time of the ledger")]
    Time(DateTime<Utc>),
    /// What was to be signed or read could not be written in the ledger's form.
    #[error("the transaction cannot be written: {0}")]
    Form(String),
}

impl EnvelopePlan {
    /// The transaction, without signatures.
    pub(super) fn transaction(&self) -> Result<Transaction, BuildError> {
        let count = self.operations.len();
        let operations: Vec<Operation> = self
            .operations
            .iter()
            .map(|planned| self.operation(planned))
            .collect::<Result<_, _>>()?;
        if operations.is_empty() {
            return Err(BuildError::Operations(count));
        }
        if self.sequence < 1 {
            return Err(BuildError::Sequence(self.sequence));
        }
        let fee = u32::try_from(count)
            .ok()
            .and_then(|count| self.fee_per_operation.checked_mul(count))
            .ok_or(BuildError::Fee(self.fee_per_operation))?;
        let max_time = u64::try_from(self.max_time.timestamp())
            .ok()
            // Zero would be no bound at all.
            .filter(|max_time| *max_time > 0)
            .ok_or(BuildError::Time(self.max_time))?;
        let memo = match &self.memo {
            Some(memo) => memo::to_xdr(memo).ok_or(BuildError::Memo)?,
            None => stellar_xdr::Memo::None,
        };
        Ok(Transaction {
            source_account: self.source.parse::<Address>()?.to_xdr(),
            fee,
            seq_num: SequenceNumber(self.sequence),
            cond: Preconditions::Time(TimeBounds {
                min_time: TimePoint(0),
                max_time: TimePoint(max_time),
            }),
            memo,
            operations: operations.try_into().map_err(|_| BuildError::Operations(count))?,
            ext: TransactionExt::V0,
        })
    }

    /// An operation names its account only where it is not the transaction's own.
    fn operation(&self, planned: &Planned) -> Result<Operation, BuildError> {
        let payer = self.payer.parse::<Address>()?.to_xdr();
        let source_account = (self.payer != self.source).then_some(payer);
        Ok(Operation { source_account, body: planned.body()? })
    }
}

impl Planned {
    fn body(&self) -> Result<OperationBody, BuildError> {
        Ok(match self {
            Self::Pay { to, asset, amount } => OperationBody::Payment(PaymentOp {
                destination: to.parse::<Address>()?.to_xdr(),
                asset: xdr_asset(asset)?,
                amount: positive(amount)?,
            }),
            Self::CreateAccount { account, starting_balance } => {
                OperationBody::CreateAccount(CreateAccountOp {
                    destination: plain(account)?.account_id(),
                    starting_balance: positive(starting_balance)?,
                })
            }
            Self::CreateClaimableBalance { claimant, asset, amount } => {
                let claimant = Claimant::ClaimantTypeV0(ClaimantV0 {
                    destination: plain(claimant)?.account_id(),
                    predicate: ClaimPredicate::Unconditional,
                });
                OperationBody::CreateClaimableBalance(CreateClaimableBalanceOp {
                    asset: xdr_asset(asset)?,
                    amount: positive(amount)?,
                    claimants: [claimant]
                        .try_into()
                        .map_err(|error: stellar_xdr::Error| BuildError::Form(error.to_string()))?,
                })
            }
        })
    }
}

fn xdr_asset(asset: &StellarAsset) -> Result<stellar_xdr::Asset, BuildError> {
    asset.to_xdr().ok_or_else(|| BuildError::Asset(asset.to_string()))
}

fn positive(amount: &Amount) -> Result<i64, BuildError> {
    match stroops(amount)? {
        0 => Err(BuildError::Nothing),
        stroops => Ok(stroops),
    }
}

/// An address without a sub-account.
fn plain(text: &str) -> Result<Address, BuildError> {
    let address: Address = text.parse()?;
    match address.muxed_id() {
        None => Ok(address),
        Some(_) => Err(BuildError::Muxed(text.to_owned())),
    }
}
