//! The handle to a wire gateway: what can be done to it, and its books.

use std::collections::BTreeMap;
use std::io;

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};

use super::amount::decimal;
use super::endpoint::BASE;
use super::history::CreditKind;
use super::options::{GatewayAuth, GatewayOptions, Stage, TransferStatus};
use super::reading::{Credit, amount, payto};
use super::transfers::TransferRecord;
use super::{GatewayBooks, WireGateway, base32, books};
use crate::service::{Simulated, Start};

/// Money that came in, as the gateway's books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditRecord {
    /// The row of the history.
    pub row_id: u64,
    /// How much, before the bank's fee.
    pub amount: BigDecimal,
    /// The public key in base32: what the deposit is matched by.
    pub subject: String,
    /// Who paid.
    pub debit_account: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Simulated<GatewayBooks> {
    /// Opens the port and serves a gateway on a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened, or the balance is no amount.
    pub async fn start(options: GatewayOptions) -> io::Result<WireGateway> {
        let books = GatewayBooks::new(&options)
            .map_err(|what| io::Error::new(io::ErrorKind::InvalidInput, what))?;
        let start = Start {
            port: options.port,
            clock: options.clock,
            seed: options.seed ^ 1,
            latency: options.latency,
            faults: options.faults,
        };
        Self::serve(books, start).await
    }

    /// The `url` of the rail in our config.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{BASE}", self.address())
    }

    /// The password or the token, as the secret file has it. Empty: everybody is let in.
    #[must_use]
    pub fn secret(&self) -> String {
        self.read(|books| match &books.auth {
            GatewayAuth::None => String::new(),
            GatewayAuth::Basic { password, .. } => password.clone(),
            GatewayAuth::Bearer { token } => token.clone(),
        })
    }

    /// The account that the gateway is for.
    #[must_use]
    pub const fn account(&self) -> &'static str {
        books::ACCOUNT
    }

    /// Money comes in for a reserve, `amount` as Taler writes it, and the row is given. Unlike
    /// `/admin/add-incoming`, the same key may come again.
    ///
    /// # Errors
    ///
    /// When the amount, the key or the account is none.
    pub fn receive(
        &self,
        amount: &str,
        reserve_pub: &str,
        debit_account: &str,
    ) -> Result<u64, String> {
        self.credit(CreditKind::Reserve, amount, None, reserve_pub, debit_account)
    }

    /// The same, less a fee that the bank takes.
    ///
    /// # Errors
    ///
    /// As [`Simulated::receive`].
    pub fn receive_less_fee(
        &self,
        amount: &str,
        fee: &str,
        reserve_pub: &str,
        debit_account: &str,
    ) -> Result<u64, String> {
        self.credit(CreditKind::Reserve, amount, Some(fee), reserve_pub, debit_account)
    }

    /// Money comes in that is for an account's key.
    ///
    /// # Errors
    ///
    /// As [`Simulated::receive`].
    pub fn receive_kycauth(
        &self,
        amount: &str,
        account_pub: &str,
        debit_account: &str,
    ) -> Result<u64, String> {
        self.credit(CreditKind::KycAuth, amount, None, account_pub, debit_account)
    }

    fn credit(
        &self,
        kind: CreditKind,
        sum: &str,
        fee: Option<&str>,
        key: &str,
        debit_account: &str,
    ) -> Result<u64, String> {
        let key = base32::decode(key).ok_or_else(|| format!("[{key}] is not 32 bytes"))?;
        let wrong = |problem| format!("{problem:?}");
        let debit_account = payto(debit_account.to_owned()).map_err(wrong)?;
        self.change(|books, now| {
            let credit =
                Credit { amount: amount(sum, &books.currency).map_err(wrong)?, key, debit_account };
            let fee = fee.map(|fee| amount(fee, &books.currency)).transpose().map_err(wrong)?;
            Ok(books.credit(kind, credit, fee, now))
        })
    }

    /// A key as subjects are: the same for the same number.
    #[must_use]
    pub fn key(&self, number: u64) -> String {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&number.to_be_bytes());
        base32::encode(&bytes)
    }

    /// What becomes of transfers that are ordered from now on. Nothing: each is a success at once.
    pub fn set_stages(&self, stages: Vec<Stage>) {
        self.change(|books, _| books.transfers.stages = stages);
    }

    /// What becomes of transfers with this metadata, or to this account, that are ordered from now on.
    pub fn set_stages_for(&self, about: impl Into<String>, stages: Vec<Stage>) {
        self.change(|books, _| books.transfers.aim(about.into(), stages));
    }

    /// Gives a transfer a status for good. False: there is no such row.
    pub fn conclude(&self, row_id: u64, status: TransferStatus, message: Option<&str>) -> bool {
        let message = message.map(str::to_owned);
        self.change(|books, _| books.transfers.conclude(row_id, status, message))
    }

    /// Forgets an account: nothing can be sent there.
    pub fn forget_account(&self, account: impl Into<String>) {
        self.change(|books, _| books.missing.insert(account.into()));
    }

    /// All money that came in, in the order of its rows.
    #[must_use]
    pub fn credits(&self) -> Vec<CreditRecord> {
        self.read(|books| {
            let rows = books.incoming.all().iter();
            rows.map(|(row_id, row)| CreditRecord {
                row_id: *row_id,
                amount: row.amount.decimal(),
                subject: row.key.clone(),
                debit_account: row.debit_account.clone(),
                at: row.at,
            })
            .collect()
        })
    }

    /// All that came in.
    #[must_use]
    pub fn received(&self) -> BigDecimal {
        self.read(|books| decimal(books.received))
    }

    /// Every transfer, in the order of their orders.
    #[must_use]
    pub fn transfers(&self) -> Vec<TransferRecord> {
        self.read(|books| books.transfers.all().cloned().collect())
    }

    /// How many transfers were ordered.
    #[must_use]
    pub fn transfer_count(&self) -> usize {
        self.read(|books| books.transfers.count())
    }

    /// The transfer with this row.
    #[must_use]
    pub fn transfer(&self, row_id: u64) -> Option<TransferRecord> {
        self.read(|books| books.transfers.with_row(row_id).cloned())
    }

    /// The transfers with this metadata, or to this account.
    #[must_use]
    pub fn transfers_about(&self, about: &str) -> Vec<TransferRecord> {
        self.read(|books| {
            let ours = |transfer: &&TransferRecord| {
                transfer.credit_account == about || transfer.metadata.as_deref() == Some(about)
            };
            books.transfers.all().filter(ours).cloned().collect()
        })
    }

    /// What has left and is not back, by account.
    #[must_use]
    pub fn paid(&self) -> BTreeMap<String, BigDecimal> {
        self.read(|books| books.transfers.paid())
    }
}
