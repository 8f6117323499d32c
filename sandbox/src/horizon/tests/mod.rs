//! The network as a client meets it: over HTTP.

mod claimable;
mod faults;
mod lists;
mod rules;
mod streams;
mod submitting;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::DateTime;
use reqwest::{Client, Response};
use serde_json::Value;
use stellar_xdr::{
    CreateAccountOp, DecoratedSignature, FeeBumpTransaction, FeeBumpTransactionEnvelope,
    FeeBumpTransactionExt, FeeBumpTransactionInnerTx, Limits, Memo, Operation, OperationBody,
    PaymentOp, Preconditions, SequenceNumber, TimeBounds, TimePoint, Transaction,
    TransactionEnvelope, TransactionExt, TransactionV1Envelope, WriteXdr as _,
};

use super::keys::{asset, muxed_account};
use super::*;
use crate::Clock;

/// 2021-03-03T00:00:00Z in seconds.
const START: i64 = 1_614_729_600;

/// A sandbox, a clock that the test moves, a bank that issues dollars, and a client.
struct Bench {
    sandbox: HorizonSandbox,
    seconds: Arc<AtomicI64>,
    http: Client,
    bank: Keys,
    usd: String,
}

impl Bench {
    async fn new(options: HorizonOptions) -> Self {
        let seconds = Arc::new(AtomicI64::new(START));
        let told = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || {
            DateTime::from_timestamp(told.load(Ordering::SeqCst), 0).unwrap()
        });
        let sandbox = HorizonSandbox::start(HorizonOptions { clock, ..options }).await.unwrap();
        let bank = sandbox.account("bank", "1000").unwrap();
        let usd = format!("USD:{}", bank.account());
        Self { sandbox, seconds, http: crate::test_client(), bank, usd }
    }

    async fn plain() -> Self {
        Self::new(HorizonOptions::default()).await
    }

    async fn by_hand() -> Self {
        Self::new(HorizonOptions { closing: Closing::ByHand, ..HorizonOptions::default() }).await
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// An account with lumens and a trustline to the dollar.
    fn holder(&self, name: &str) -> Keys {
        let keys = self.sandbox.account(name, "100").unwrap();
        self.sandbox.trust(&keys, &self.usd, "1000000").unwrap();
        keys
    }

    fn pay(&self, to: &str, of: &str, amount: i64) -> Operation {
        let body = OperationBody::Payment(PaymentOp {
            destination: muxed_account(to).unwrap(),
            asset: asset(of).unwrap(),
            amount,
        });
        Operation { source_account: None, body }
    }

    fn create(&self, to: &Keys, amount: i64) -> Operation {
        let (destination, starting_balance) = (to.key().account_id(), amount);
        let body = OperationBody::CreateAccount(CreateAccountOp { destination, starting_balance });
        Operation { source_account: None, body }
    }

    /// The next transaction of an account, valid for five minutes.
    fn transaction(&self, source: &Keys, operations: Vec<Operation>) -> Transaction {
        let sequence = self.sandbox.sequence(&source.account()).unwrap() + 1;
        let now = u64::try_from(self.seconds.load(Ordering::SeqCst)).unwrap();
        Transaction {
            source_account: source.key().muxed(),
            fee: 100 * u32::try_from(operations.len()).unwrap(),
            seq_num: SequenceNumber(sequence),
            cond: bounds(0, now + 300),
            memo: Memo::None,
            operations: operations.try_into().unwrap(),
            ext: TransactionExt::V0,
        }
    }

    fn network_id(&self) -> [u8; 32] {
        self.sandbox.read(|network| network.ledger.network_id)
    }

    fn sign(&self, transaction: &Transaction, signers: &[&Keys]) -> Signed {
        let hash = transaction.hash(self.network_id()).unwrap();
        let signatures: Vec<DecoratedSignature> =
            signers.iter().map(|keys| keys.sign(&hash)).collect();
        let inner = TransactionV1Envelope {
            tx: transaction.clone(),
            signatures: signatures.try_into().unwrap(),
        };
        let xdr = TransactionEnvelope::Tx(inner.clone()).to_xdr_base64(Limits::none()).unwrap();
        Signed { xdr, hash: keys::hex(&hash), inner }
    }

    fn bump(&self, inner: &Signed, payer: &Keys, fee: i64) -> Signed {
        let tx = FeeBumpTransaction {
            fee_source: payer.key().muxed(),
            fee,
            inner_tx: FeeBumpTransactionInnerTx::Tx(inner.inner.clone()),
            ext: FeeBumpTransactionExt::V0,
        };
        let hash = tx.hash(self.network_id()).unwrap();
        let signatures = vec![payer.sign(&hash)].try_into().unwrap();
        let envelope =
            TransactionEnvelope::TxFeeBump(FeeBumpTransactionEnvelope { tx, signatures });
        let xdr = envelope.to_xdr_base64(Limits::none()).unwrap();
        Signed { xdr, hash: keys::hex(&hash), inner: inner.inner.clone() }
    }

    /// The next transaction of an account, signed by it alone.
    fn signed(&self, source: &Keys, operations: Vec<Operation>) -> Signed {
        self.sign(&self.transaction(source, operations), &[source])
    }

    async fn post(&self, path: &str, xdr: &str) -> reqwest::Result<Response> {
        let body =
            format!("tx={}", xdr.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
        let request = self.http.post(format!("{}{path}", self.sandbox.url()));
        let form = "application/x-www-form-urlencoded";
        request.header("Content-Type", form).body(body).send().await
    }

    async fn submit(&self, signed: &Signed) -> (u16, Value) {
        told(self.post("/transactions", &signed.xdr).await.unwrap()).await
    }

    async fn submit_async(&self, signed: &Signed) -> (u16, Value) {
        told(self.post("/transactions_async", &signed.xdr).await.unwrap()).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let address = format!("{}{path}", self.sandbox.url());
        told(self.http.get(address).send().await.unwrap()).await
    }

    /// The records of a list.
    async fn records(&self, path: &str) -> Vec<Value> {
        let (status, page) = self.get(path).await;
        assert_eq!(status, 200, "{page}");
        page["_embedded"]["records"].as_array().unwrap().clone()
    }

    /// What a submission is refused with: the transaction's code, and the operations'.
    async fn refusal(&self, signed: &Signed) -> (String, Vec<String>) {
        let (status, body) = self.submit(signed).await;
        assert_eq!(status, 400, "{body}");
        let codes = &body["extras"]["result_codes"];
        let operations = codes["operations"].as_array().cloned().unwrap_or_default();
        let operations = operations.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        (codes["transaction"].as_str().unwrap().to_owned(), operations)
    }

    /// The code of the only operation of a transaction that fails.
    async fn failure(&self, source: &Keys, operation: Operation) -> String {
        let (transaction, operations) = self.refusal(&self.signed(source, vec![operation])).await;
        assert_eq!(transaction, "tx_failed");
        assert_eq!(operations.len(), 1);
        operations[0].clone()
    }

    /// How many ledgers Horizon is behind.
    fn lag(&self, ledgers: u32) {
        self.sandbox.change(|network, _| network.ledger.lag = ledgers);
    }

    fn assert_in_order(&self) {
        assert_eq!(self.sandbox.discrepancies(), Vec::<String>::new());
    }
}

/// A signed envelope.
#[derive(Clone)]
struct Signed {
    xdr: String,
    hash: String,
    inner: TransactionV1Envelope,
}

fn bounds(min: u64, max: u64) -> Preconditions {
    Preconditions::Time(TimeBounds { min_time: TimePoint(min), max_time: TimePoint(max) })
}

async fn told(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap())
}
