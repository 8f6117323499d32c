//! Work that comes in all the time: payments, deposits and withdrawals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use railpoll::engine::{Clock, NewTransfer};
use railpoll::store::{Store, StoreError};
use railpoll_sandbox::horizon::{CustomerMemo, Keys};
use railpoll_sandbox::{Amount, PaymentSpec, PaymentState, UserInfo};
use uuid::Uuid;

use super::chance::Chance;
use super::stage::Stage;
use crate::support::ann;

/// Something comes so often.
const EVERY: Duration = Duration::from_millis(600);
/// What a customer of the gateway pays from.
const PAYER: &str = "payto://iban/DE02120300000000202051?receiver-name=Ada";

/// What has come.
#[derive(Debug, Default, Clone)]
pub(super) struct Made {
    pub(super) payments: Vec<Uuid>,
    /// Deposits, and the account that each goes to.
    pub(super) deposits: Vec<(String, String)>,
    /// Withdrawals that the bank pays.
    pub(super) by_bank: Vec<String>,
    /// Withdrawals that the gateway pays.
    pub(super) by_gateway: Vec<String>,
    /// Deposits for which too little came: the bank sends it back.
    pub(super) sent_back: Vec<String>,
}

/// Who brings the work.
pub(super) struct Work<'s> {
    stage: &'s Stage,
    customer: Keys,
    made: Mutex<Made>,
    /// Held by who writes transfers into the database.
    desk: Mutex<()>,
    is_on: AtomicBool,
    is_over: AtomicBool,
}

impl<'s> Work<'s> {
    pub(super) fn new(stage: &'s Stage) -> Self {
        Self {
            stage,
            customer: stage.anchor.rich_customer("payer"),
            made: Mutex::default(),
            desk: Mutex::new(()),
            is_on: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    /// Brings work until it is over.
    pub(super) fn come(&self, mut chance: Chance) {
        let mut n = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            thread::park_timeout(EVERY);
            if self.is_on.load(Ordering::SeqCst) {
                n += 1;
                self.bring(n, &mut chance);
            }
        }
    }

    /// Lets work come, or not.
    pub(super) fn set(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::SeqCst);
        // Whoever is in the middle of something ends it first.
        drop(self.keep_out());
    }

    /// No more work comes.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Nobody writes transfers as long as this is kept.
    pub(super) fn keep_out(&self) -> MutexGuard<'_, ()> {
        self.desk.lock().unwrap()
    }

    pub(super) fn made(&self) -> Made {
        self.made.lock().unwrap().clone()
    }

    fn bring(&self, n: u64, chance: &mut Chance) {
        let _desk = self.keep_out();
        let info = *chance.one_of(&[UserInfo::Complete, UserInfo::Complete, UserInfo::Empty]);
        self.payments(1 + chance.below(2), PaymentState::Accepted, info);
        match n % 5 {
            0 => self.deposit(&format!("in-{n}")),
            1 => self.deposit_at_gateway(n),
            2 => self.withdrawal(n, true),
            3 => self.withdrawal(n, false),
            _ => self.too_little(&format!("back-{n}")),
        }
    }

    /// Payments in this state.
    pub(super) fn payments(
        &self,
        number: usize,
        state: PaymentState,
        user_info: UserInfo,
    ) -> Vec<Uuid> {
        let amount = Amount::Exact("12.500000000".to_owned());
        let spec = PaymentSpec { state, user_info, amount, ..PaymentSpec::default() };
        let ids = self.stage.world().sandbox.add_payments(number, &spec);
        self.made.lock().unwrap().payments.extend(&ids);
        ids
    }

    /// A deposit into the bank, which goes to an account of its own.
    pub(super) fn deposit(&self, id: &str) {
        let Stage { anchor, .. } = self.stage;
        let to = anchor.customer(id).account();
        if self.create(anchor.expected_deposit(id, &to)) {
            anchor.transfers.bank.receive(id, "10.50", "DE02").unwrap();
            self.made.lock().unwrap().deposits.push((id.to_owned(), to));
        }
    }

    /// The same with too little money.
    fn too_little(&self, id: &str) {
        let Stage { anchor, .. } = self.stage;
        let to = anchor.customer(id).account();
        if self.create(anchor.expected_deposit(id, &to)) {
            anchor.transfers.bank.receive(id, "5.50", "DE05").unwrap();
            self.made.lock().unwrap().sent_back.push(id.to_owned());
        }
    }

    fn deposit_at_gateway(&self, n: u64) {
        let Stage { anchor, gateway, .. } = self.stage;
        let (id, key) = (format!("in-gw-{n}"), gateway.key(n));
        let to = anchor.customer(&id).account();
        let new = NewTransfer {
            rail: "gateway".to_owned(),
            currency: "EUR".to_owned(),
            subject: Some(key.clone()),
            ..anchor.expected_deposit(&id, &to)
        };
        if self.create(new) {
            gateway.receive("EUR:10.5", &key, PAYER).unwrap();
            self.made.lock().unwrap().deposits.push((id, to));
        }
    }

    fn withdrawal(&self, n: u64, is_by_bank: bool) {
        let Stage { anchor, .. } = self.stage;
        let id = format!("out-{n}");
        let mut new = anchor.withdrawal(&id, n);
        if !is_by_bank {
            new.rail = "gateway".to_owned();
            new.currency = "EUR".to_owned();
            let payto = serde_json::json!({ "payto": "payto://iban/DE75?receiver-name=Bob" });
            new.beneficiary = Some(payto.to_string());
            new.subject = Some(id.clone());
        }
        if self.create(new) {
            anchor.pays_with(&self.customer, "10", CustomerMemo::Id(n));
            let mut made = self.made.lock().unwrap();
            if is_by_bank { made.by_bank.push(id) } else { made.by_gateway.push(id) }
        }
    }

    /// Whether it is on record. Where the database does not take it, nobody pays, and it is not to be.
    fn create(&self, new: NewTransfer) -> bool {
        let world = self.stage.world();
        world.wait(async {
            let id = new.transfer_id.clone();
            if try_create(&world.database.url, new).await.is_ok() {
                return true;
            }
            // It may be there all the same: whoever got no answer looks.
            for _ in 0..PATIENT {
                match is_there(&world.database.url, &id).await {
                    Ok(is_there) => return is_there,
                    Err(_) => tokio::time::sleep(EVERY).await,
                }
            }
            panic!("the database does not come back")
        })
    }
}

/// So often somebody looks whether the database is there again.
const PATIENT: u32 = 200;

async fn try_create(url: &str, new: NewTransfer) -> Result<(), StoreError> {
    let store = Store::open(url).await?;
    let bad = store.create_transfers(ann(), &[new], Clock::system().now()).await;
    store.close().await;
    assert_eq!(bad?, []);
    Ok(())
}

async fn is_there(url: &str, id: &str) -> Result<bool, StoreError> {
    let store = Store::open(url).await?;
    let found = store.transfer(id).await;
    store.close().await;
    Ok(found?.is_some())
}
