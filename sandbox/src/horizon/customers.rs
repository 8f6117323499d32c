//! What other people on the network do: they get accounts, trust, and pay.

use chrono::{DateTime, Utc};
use stellar_xdr::{
    Asset, ClaimClaimableBalanceOp, ClaimableBalanceId, DecoratedSignature, Hash, Memo, Operation,
    OperationBody, PaymentOp, Preconditions, SequenceNumber, TimeBounds, TimePoint, Transaction,
    TransactionExt,
};

use super::account::{Account, Line};
use super::check::{BASE_FEE, Proven};
use super::codes::codes;
use super::envelope::Envelope;
use super::keys::{Key, asset, hash_of, hex, issuer, muxed_account, stroops};
use super::ledger::seconds;
use super::network::HorizonNetwork;
use super::queue::Waiting;
use super::state::State;
use super::{HorizonSandbox, Keys};

/// Why the network does not do what a customer wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

fn refused(why: impl Into<String>) -> Refused {
    Refused(why.into())
}

/// What a customer attaches to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerMemo {
    /// Nothing.
    None,
    /// Up to 28 bytes, not necessarily UTF-8.
    Text(Vec<u8>),
    /// A number.
    Id(u64),
    /// A hash.
    Hash([u8; 32]),
    /// A hash of what is paid back.
    Return([u8; 32]),
}

/// A payment that a customer makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerPayment {
    /// `G…` or `M…`
    pub to: String,
    /// `native` or `CODE:G…`
    pub asset: String,
    /// A decimal amount.
    pub amount: String,
    /// What is attached.
    pub memo: CustomerMemo,
}

/// Ledgers made for customers take at most so many transactions.
const PER_LEDGER: usize = 1_000;

impl HorizonSandbox {
    /// Makes the account of a name, with this many lumens; or gives it as many more. Its keys.
    ///
    /// # Errors
    ///
    /// When the amount cannot be read.
    pub fn account(&self, name: &str, lumens: &str) -> Result<Keys, Refused> {
        let amount = amount_of(lumens)?;
        let keys = Keys::of(name);
        self.change(|network, _| network.bring_account(keys.key(), amount));
        Ok(keys)
    }

    /// Opens a trustline as if its holder had, or changes its limit (decimal).
    ///
    /// # Errors
    ///
    /// When there is no such account, or asset or limit cannot be read.
    pub fn trust(&self, holder: &Keys, of: &str, limit: &str) -> Result<(), Refused> {
        let (asset, limit) = (asset_of(of)?, amount_of(limit)?);
        let issuer = issuer(&asset).ok_or_else(|| refused("nobody issues lumens"))?;
        self.by_hand(|state| {
            let free = state.account(issuer).is_none_or(|issuer| !issuer.auth_required);
            let account = state.account_mut(holder.key()).ok_or_else(|| refused("no account"))?;
            let line = Line { balance: 0, limit, authorized: free };
            account.lines.entry(asset).or_insert(line).limit = limit;
            Ok(())
        })
    }

    /// Lets somebody hold an asset, or not any more, as if its issuer had said so.
    ///
    /// # Errors
    ///
    /// When there is no such account or trustline.
    pub fn authorize(&self, holder: &Keys, of: &str, authorized: bool) -> Result<(), Refused> {
        let asset = asset_of(of)?;
        self.by_hand(|state| {
            let account = state.account_mut(holder.key()).ok_or_else(|| refused("no account"))?;
            let line = account.lines.get_mut(&asset).ok_or_else(|| refused("no trustline"))?;
            line.authorized = authorized;
            Ok(())
        })
    }

    /// Trustlines to this issuer need its authorization from now on, and it may take them back.
    ///
    /// # Errors
    ///
    /// When there is no such account.
    pub fn require_authorization(&self, issuer: &Keys) -> Result<(), Refused> {
        self.by_hand(|state| {
            let account = state.account_mut(issuer.key()).ok_or_else(|| refused("no account"))?;
            account.auth_required = true;
            Ok(())
        })
    }

    /// Gives somebody units of an asset, as if its issuer had paid them. It is in no list.
    ///
    /// # Errors
    ///
    /// When there is no such account or trustline, or the line is full.
    pub fn issue(&self, holder: &Keys, of: &str, amount: &str) -> Result<(), Refused> {
        let (asset, amount) = (asset_of(of)?, amount_of(amount)?);
        let issuer = issuer(&asset).ok_or_else(|| refused("nobody issues lumens"))?;
        self.by_hand(|state| {
            let given = state.give(holder.key(), &asset, amount);
            given.map_err(|why| refused(format!("it cannot be given: {why:?}")))?;
            let taken = state.take(issuer, &asset, amount);
            taken.map_err(|why| refused(format!("it cannot be taken: {why:?}")))
        })
    }

    fn by_hand(&self, how: impl FnOnce(&mut State) -> Result<(), Refused>) -> Result<(), Refused> {
        self.change(|network, _| {
            let done = how(&mut network.ledger.state);
            match done {
                Ok(()) => network.keep(),
                Err(_) => network.ledger.state.undo(),
            }
            done
        })
    }

    /// A customer pays, in a ledger that closes for it. The hash of the transaction.
    ///
    /// # Errors
    ///
    /// When the payment cannot be read, or the network's result code.
    pub fn pay(&self, from: &Keys, payment: &CustomerPayment) -> Result<String, Refused> {
        let hashes = self.pay_all(from, std::slice::from_ref(payment))?;
        hashes.into_iter().next().ok_or_else(|| refused("no payment"))
    }

    /// A customer makes many payments, one transaction each, up to 1,000 a ledger. The hashes.
    ///
    /// # Errors
    ///
    /// When a payment cannot be read, or the result code of the first that fails; those before it stand.
    pub fn pay_all(
        &self,
        from: &Keys,
        payments: &[CustomerPayment],
    ) -> Result<Vec<String>, Refused> {
        let mut hashes = Vec::with_capacity(payments.len());
        for some in payments.chunks(PER_LEDGER) {
            let acts = some.iter().map(act).collect::<Result<Vec<_>, _>>()?;
            hashes.extend(self.change(|network, now| network.act(from, acts, now))?);
        }
        Ok(hashes)
    }

    /// A customer claims a balance, by its id as Horizon writes it, in a ledger that closes for it. The hash.
    ///
    /// # Errors
    ///
    /// When the id cannot be read, or the network's result code.
    pub fn claim(&self, claimant: &Keys, balance_id: &str) -> Result<String, Refused> {
        let hash = balance_id.strip_prefix("00000000").and_then(hash_of);
        let hash = hash.ok_or_else(|| refused(format!("{balance_id} is no balance id")))?;
        let balance_id = ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash(hash));
        let claim = OperationBody::ClaimClaimableBalance(ClaimClaimableBalanceOp { balance_id });
        let hashes =
            self.change(|network, now| network.act(claimant, vec![(claim, Memo::None)], now))?;
        hashes.into_iter().next().ok_or_else(|| refused("no claim"))
    }
}

impl HorizonNetwork {
    /// What was done by hand belongs to the ledger that is open.
    fn keep(&mut self) {
        // Horizon knows it at once: it did not come by a ledger.
        let ledger = self.ledger.visible().sequence;
        self.ledger.state.keep(ledger);
        self.ledger.state.forget_until(ledger);
    }

    /// Makes an account, or gives it more lumens.
    pub(super) fn bring_account(&mut self, key: Key, amount: i64) {
        let ledger = self.ledger.last().sequence;
        let state = &mut self.ledger.state;
        match state.account_mut(key) {
            Some(account) => account.native = account.native.saturating_add(amount),
            None => state.put_account(key, Some(Account::new(amount, ledger))),
        }
        state.coins = state.coins.saturating_add(amount);
        self.keep();
    }

    /// A customer pays, in a ledger that closes for it. The hash of the transaction.
    pub(super) fn pay(
        &mut self,
        from: &Keys,
        payment: &CustomerPayment,
        now: DateTime<Utc>,
    ) -> Result<String, Refused> {
        let hashes = self.act(from, vec![act(payment)?], now)?;
        hashes.into_iter().next().ok_or_else(|| refused("no payment"))
    }

    /// A transaction of somebody else, which the network takes for signed.
    pub(super) fn signed(
        &self,
        from: Key,
        sequence: i64,
        now: DateTime<Utc>,
        (body, memo): (OperationBody, Memo),
        sign: impl FnOnce(&[u8; 32]) -> DecoratedSignature,
    ) -> Option<Waiting> {
        let operations = vec![Operation { source_account: None, body }];
        let max_time = TimePoint(seconds(now) + 300);
        let transaction = Transaction {
            source_account: from.muxed(),
            fee: u32::try_from(BASE_FEE).unwrap_or(u32::MAX),
            seq_num: SequenceNumber(sequence),
            cond: Preconditions::Time(TimeBounds { min_time: TimePoint(0), max_time }),
            memo,
            operations: operations.try_into().ok()?,
            ext: TransactionExt::V0,
        };
        let hash = transaction.hash(self.ledger.network_id).ok()?;
        let envelope = Envelope::signed(transaction, hash, sign(&hash))?;
        let proven = Proven { inner: vec![Some(from)], bump: Vec::new() };
        Some(Waiting::new(envelope, proven))
    }

    /// A customer does all this, in one transaction each, all in a ledger that closes for it.
    fn act(
        &mut self,
        from: &Keys,
        acts: Vec<(OperationBody, Memo)>,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, Refused> {
        let account = self.ledger.state.account(from.key()).ok_or_else(|| refused("no account"))?;
        let first = account.sequence;
        let mut made = Vec::with_capacity(acts.len());
        for (sequence, act) in (first + 1..).zip(acts) {
            let waiting = self.signed(from.key(), sequence, now, act, |hash| from.sign(hash));
            let waiting = waiting.ok_or_else(|| refused("the transaction cannot be written"))?;
            made.push((waiting.envelope.hash(), waiting));
        }
        let (hashes, waiting): (Vec<[u8; 32]>, Vec<Waiting>) = made.into_iter().unzip();
        self.ledger.close_with(waiting, now, BASE_FEE);
        for hash in &hashes {
            let applied = self.ledger.history.find(hash).filter(|applied| !applied.successful);
            if let Some(failed) = applied {
                let codes = codes(&failed.result);
                return Err(refused(codes.operations.first().unwrap_or(&codes.transaction)));
            }
        }
        Ok(hashes.iter().map(|hash| hex(hash)).collect())
    }
}

fn asset_of(text: &str) -> Result<Asset, Refused> {
    asset(text).ok_or_else(|| refused(format!("{text} is no asset")))
}

fn amount_of(text: &str) -> Result<i64, Refused> {
    stroops(text).ok_or_else(|| refused(format!("{text} is no amount")))
}

/// What a payment does, and what it carries.
fn act(payment: &CustomerPayment) -> Result<(OperationBody, Memo), Refused> {
    let CustomerPayment { to, asset: of, amount, memo } = payment;
    let memo = match memo {
        CustomerMemo::None => Memo::None,
        CustomerMemo::Text(text) => {
            Memo::Text(text.clone().try_into().map_err(|_| refused("a memo has at most 28 bytes"))?)
        }
        CustomerMemo::Id(id) => Memo::Id(*id),
        CustomerMemo::Hash(hash) => Memo::Hash(Hash(*hash)),
        CustomerMemo::Return(hash) => Memo::Return(Hash(*hash)),
    };
    let body = OperationBody::Payment(PaymentOp {
        destination: muxed_account(to).ok_or_else(|| refused(format!("{to} is no account")))?,
        asset: asset_of(of)?,
        amount: amount_of(amount)?,
    });
    Ok((body, memo))
}
