//! What other people on the network do: they get accounts, trust, and pay.

use chrono::{DateTime, Utc};
use stellar_xdr::{
    Asset, ClaimClaimableBalanceOp, ClaimableBalanceId, Hash, Memo, Operation, OperationBody,
    PaymentOp, Preconditions, SequenceNumber, TimeBounds, TimePoint, Transaction, TransactionExt,
};

use super::account::{Account, Line};
use super::check::{BASE_FEE, Proven};
use super::codes::codes;
use super::envelope::Envelope;
use super::keys::{Key, asset, hash_of, hex, issuer, muxed_account, stroops};
use super::ledger::seconds;
use super::network::Network;
use super::queue::Waiting;
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
        let amount = stroops(lumens).ok_or_else(|| refused(format!("{lumens} is no amount")))?;
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
        let limit = stroops(limit).ok_or_else(|| refused(format!("{limit} is no amount")))?;
        self.on_line(holder.key(), of, true, |line| line.limit = limit)
    }

    /// Lets somebody hold an asset, or not any more, as if its issuer had said so.
    ///
    /// # Errors
    ///
    /// When there is no such account or trustline.
    pub fn authorize(&self, holder: &Keys, of: &str, authorized: bool) -> Result<(), Refused> {
        self.on_line(holder.key(), of, false, |line| line.authorized = authorized)
    }

    /// Trustlines to this issuer need its authorization from now on, and it may take them back.
    ///
    /// # Errors
    ///
    /// When there is no such account.
    pub fn require_authorization(&self, issuer: &Keys) -> Result<(), Refused> {
        self.change(|network, _| {
            let state = &mut network.ledger.state;
            let account = state.account_mut(issuer.key()).ok_or_else(|| refused("no account"))?;
            account.auth_required = true;
            network.keep();
            Ok(())
        })
    }

    /// Gives somebody units of an asset, as if its issuer had paid them. It is in no list.
    ///
    /// # Errors
    ///
    /// When there is no such account or trustline, or the line is full.
    pub fn issue(&self, holder: &Keys, of: &str, amount: &str) -> Result<(), Refused> {
        let asset = asset(of).ok_or_else(|| refused(format!("{of} is no asset")))?;
        let amount = stroops(amount).ok_or_else(|| refused(format!("{amount} is no amount")))?;
        let issuer = issuer(&asset).ok_or_else(|| refused("nobody issues lumens"))?;
        self.change(|network, _| {
            let state = &mut network.ledger.state;
            let given = state.give(holder.key(), &asset, amount);
            if given.is_err() || state.take(issuer, &asset, amount).is_err() {
                state.undo();
                return Err(refused(format!("it cannot be given: {given:?}")));
            }
            network.keep();
            Ok(())
        })
    }

    fn on_line(
        &self,
        holder: Key,
        of: &str,
        open: bool,
        change: impl FnOnce(&mut Line),
    ) -> Result<(), Refused> {
        let asset = asset(of).ok_or_else(|| refused(format!("{of} is no asset")))?;
        self.change(|network, _| {
            let state = &mut network.ledger.state;
            let free = issuer(&asset)
                .and_then(|issuer| state.account(issuer))
                .is_none_or(|issuer| !issuer.auth_required);
            let account = state.account_mut(holder).ok_or_else(|| refused("no account"))?;
            if open && asset != Asset::Native {
                let line = Line { balance: 0, limit: 0, authorized: free };
                account.lines.entry(asset.clone()).or_insert(line);
            }
            change(account.lines.get_mut(&asset).ok_or_else(|| refused("no trustline"))?);
            network.keep();
            Ok(())
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

impl Network {
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
            let max_time = seconds(now) + 300;
            let transaction = transaction(from.key(), sequence, max_time, act);
            let unsigned = |_| refused("the transaction cannot be written");
            let hash = transaction.hash(self.ledger.network_id).map_err(unsigned)?;
            let envelope = Envelope::signed(transaction, hash, from.sign(&hash))
                .ok_or_else(|| refused("the transaction cannot be written"))?;
            let proven = Proven { inner: vec![Some(from.key())], bump: Vec::new() };
            made.push((hash, Waiting::new(envelope, proven)));
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
        asset: asset(of).ok_or_else(|| refused(format!("{of} is no asset")))?,
        amount: stroops(amount).ok_or_else(|| refused(format!("{amount} is no amount")))?,
    });
    Ok((body, memo))
}

fn transaction(
    from: Key,
    sequence: i64,
    max_time: u64,
    (body, memo): (OperationBody, Memo),
) -> Transaction {
    let operations = vec![Operation { source_account: None, body }];
    Transaction {
        source_account: from.muxed(),
        fee: u32::try_from(BASE_FEE).unwrap_or(u32::MAX),
        seq_num: SequenceNumber(sequence),
        cond: Preconditions::Time(TimeBounds {
            min_time: TimePoint(0),
            max_time: TimePoint(max_time),
        }),
        memo,
        operations: operations.try_into().unwrap_or_default(),
        ext: TransactionExt::V0,
    }
}
