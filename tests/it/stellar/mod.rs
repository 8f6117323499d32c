//! The client, the envelopes and the rules of submission together, against the simulated Horizon and its books.

mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use railpoll::engine::{Clock, Memo, RetryPolicy};
use railpoll::networks::stellar::{
    DestinationState, Envelope, EnvelopePlan, Horizon, HorizonOptions, Keys, Level, Next,
    OperationNext, Planned, StellarAsset, after_look_up, after_submit, authorities,
    destination_state, margin,
};
use railpoll_sandbox::horizon::{
    Closing, HorizonOptions as SandboxOptions, HorizonSandbox, Keys as SandboxKeys, PaidBy,
    SubmitFault,
};

const BOUND: Duration = Duration::from_secs(300);

/// A network whose time goes on only when a test says so, with a payer, a channel and a customer.
struct Trial {
    sandbox: HorizonSandbox,
    horizon: Horizon,
    keys: Keys,
    payer: SandboxKeys,
    channel: SandboxKeys,
    customer: SandboxKeys,
    usd: StellarAsset,
    clock: Clock,
    seconds: Arc<AtomicI64>,
}

impl Trial {
    async fn start() -> Self {
        let seconds = Arc::new(AtomicI64::new(1_800_000_000));
        let told = Arc::clone(&seconds);
        let tell = move || DateTime::from_timestamp(told.load(Ordering::SeqCst), 0).unwrap();
        let clock = Clock::from_fn(tell);
        let told = clock.clone();
        let options = SandboxOptions {
            clock: railpoll_sandbox::Clock::from_fn(move || told.now()),
            closing: Closing::AtOnce,
            submit_timeout: Duration::from_millis(50),
            stream_retry: Duration::from_millis(1),
            ..SandboxOptions::default()
        };
        let sandbox = HorizonSandbox::start(options).await.unwrap();
        let [payer, channel, customer, issuer] = ["payer", "channel", "customer", "issuer"]
            .map(|name| sandbox.account(name, "1000").unwrap());
        let usd = format!("USD:{}", issuer.account());
        for holder in [&payer, &customer] {
            sandbox.trust(holder, &usd, "1000000").unwrap();
        }
        sandbox.issue(&payer, &usd, "100000").unwrap();
        let options = HorizonOptions {
            network: "stellar".to_owned(),
            horizon_url: sandbox.url(),
            passphrase: sandbox.passphrase(),
            timeout: Duration::from_secs(10),
            requests_per_second: 10_000,
            retry: RetryPolicy { max_attempts: 3, max_interval: Duration::from_millis(2) },
        };
        let horizon = Horizon::new(options, clock.clone(), |_| {}).unwrap();
        horizon.check().await.unwrap();
        let keys = Keys::parse(&[payer.seed(), channel.seed()].join("\n")).unwrap();
        let usd = usd.parse().unwrap();
        Self { sandbox, horizon, keys, payer, channel, customer, usd, clock, seconds }
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
        self.sandbox.close();
    }

    fn max_time(&self) -> DateTime<Utc> {
        self.clock.now() + BOUND
    }

    fn pay(&self, to: &str, amount: &str) -> Planned {
        let asset = self.usd.clone();
        Planned::Pay { to: to.to_owned(), asset, amount: amount.parse().unwrap() }
    }

    /// Carries `operations` out as a daemon would: stores an envelope, sends it, and does what the rules say, until it is
    /// done or a decision of the caller's is needed. Tells that, and each step on the way.
    async fn carry_out(&self, operations: &[Planned]) -> (Next, Vec<&'static str>) {
        let mut steps = Vec::new();
        loop {
            let end = self.one_envelope(operations, &mut steps).await;
            if end != Next::Rebuild {
                return (end, steps);
            }
            steps.push("rebuild");
            assert!(steps.len() < 100, "{steps:?}");
        }
    }

    async fn one_envelope(&self, operations: &[Planned], steps: &mut Vec<&'static str>) -> Next {
        let source = self.horizon.account(&self.channel.account()).await.unwrap().unwrap();
        let payer = self.horizon.account(&self.payer.account()).await.unwrap().unwrap();
        let plan = EnvelopePlan {
            source: source.account.clone(),
            payer: payer.account.clone(),
            sequence: source.source.sequence + 1,
            fee_per_operation: 100,
            memo: Some(Memo::Id(u64::MAX)),
            max_time: self.max_time(),
            operations: operations.to_vec(),
        };
        let authorities = authorities(&source, &payer);
        let mut envelope = Envelope::build(&plan, self.horizon.network_id()).unwrap();
        envelope.sign(&self.keys, &authorities).unwrap();
        assert_eq!(envelope.missing(&authorities), []);
        let mut sent = plan.sent(20_000, margin(BOUND));
        let mut xdr = envelope.to_xdr_base64().unwrap();
        let mut next = Next::Resubmit;
        while steps.len() < 100 {
            next = match next {
                Next::Resubmit => {
                    steps.push("submit");
                    after_submit(&self.horizon.submit(&xdr).await.unwrap(), &sent)
                }
                Next::LookUp { .. } => {
                    steps.push("look up");
                    self.pass(10);
                    let hash = envelope.hash_hex();
                    let look = self.horizon.look_up(&hash, &source.account).await.unwrap();
                    after_look_up(&look, &sent)
                }
                Next::Bump { fee_per_operation } => {
                    steps.push("bump");
                    let payer = payer.authority(Level::Low);
                    xdr = envelope
                        .fee_bump(&payer, fee_per_operation, &self.keys)
                        .unwrap()
                        .xdr_base64;
                    sent.fee_per_operation = fee_per_operation;
                    Next::Resubmit
                }
                end @ (Next::Done { .. }
                | Next::Rebuild
                | Next::Each(_)
                | Next::Unfunded { .. }
                | Next::Hold { .. }) => {
                    return end;
                }
            };
        }
        panic!("it does not end: {steps:?}");
    }

    /// What the customer was paid in USD, payment by payment.
    fn paid(&self) -> Vec<i64> {
        let usd = self.usd.to_string();
        let paid = self.sandbox.payments_to(&self.customer.account());
        paid.iter().filter(|paid| paid.asset == usd).map(|paid| paid.amount).collect()
    }

    /// Pays once, whatever `fault` does, and tells the steps.
    async fn pays_once(&self) -> Vec<&'static str> {
        let before = self.paid().len();
        let (end, steps) = self.carry_out(&[self.pay(&self.customer.account(), "12.5")]).await;
        assert!(matches!(end, Next::Done { .. }), "{end:?} after {steps:?}");
        assert_eq!(self.paid()[before..], [125_000_000], "once, and exactly: {steps:?}");
        self.is_sound();
        steps
    }

    fn is_sound(&self) {
        assert_eq!(self.sandbox.discrepancies(), Vec::<String>::new());
        assert_eq!(self.sandbox.violations(), Vec::<String>::new());
    }
}

fn run<T>(trial: impl AsyncFnOnce(Trial) -> T) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async { trial(Trial::start().await).await })
}

#[test]
fn a_payment_is_made_once_whatever_becomes_of_the_answer() {
    run(async |trial| {
        assert_eq!(trial.pays_once().await, ["submit"]);
        trial.sandbox.script_submit(1, SubmitFault::TimeoutApplied);
        assert_eq!(trial.pays_once().await, ["submit", "look up"]);
        trial.sandbox.script_submit(2, SubmitFault::TimeoutLost);
        let twice_lost = ["submit", "look up", "submit", "look up", "submit"];
        assert_eq!(trial.pays_once().await, twice_lost);
        trial.sandbox.script_submit(1, SubmitFault::Forgotten);
        assert_eq!(trial.pays_once().await, ["submit", "look up", "submit"]);
    });
}

#[test]
fn a_payment_whose_sequence_number_was_taken_is_made_anew_when_that_is_certain() {
    run(async |trial| {
        trial.sandbox.script_submit(1, SubmitFault::SequenceTaken);
        let steps = trial.pays_once().await;
        assert_eq!(steps.first(), Some(&"submit"));
        assert_eq!(steps[steps.len() - 2..], ["rebuild", "submit"], "{steps:?}");
        assert_eq!(steps.iter().filter(|step| **step == "submit").count(), 2, "{steps:?}");
    });
}

#[test]
fn a_payment_that_never_gets_through_is_made_anew_when_its_time_is_over() {
    run(async |trial| {
        // Ten seconds go by with each: more than five minutes together.
        trial.sandbox.script_submit(31, SubmitFault::TimeoutLost);
        let steps = trial.pays_once().await;
        assert_eq!(steps[steps.len() - 2..], ["rebuild", "submit"], "{steps:?}");
    });
}

#[test]
fn a_payment_that_horizon_does_not_know_yet_is_not_made_twice() {
    run(async |trial| {
        trial.sandbox.change(|network, _| network.ledger.lag = 3);
        trial.sandbox.script_submit(1, SubmitFault::TimeoutApplied);
        let steps = trial.pays_once().await;
        assert!(!steps.contains(&"rebuild"), "{steps:?}");
    });
}

#[test]
fn a_payment_that_offers_too_little_offers_more() {
    run(async |trial| {
        trial.sandbox.change(|network, _| network.ledger.min_fee = 5000);
        let steps = trial.pays_once().await;
        assert_eq!(steps, ["submit", "bump", "submit", "bump", "submit"]);
        let stats = trial.horizon.fee_stats().await.unwrap();
        assert!(stats.nearly_all_paid >= stats.base_fee, "{stats:?}");
    });
}

#[test]
fn a_destination_that_cannot_take_it_is_told() {
    run(async |trial| {
        let nobody = SandboxKeys::of("nobody").account();
        let stranger = trial.sandbox.account("stranger", "10").unwrap().account();
        let customer = trial.customer.account();
        let payments =
            [trial.pay(&nobody, "1"), trial.pay(&stranger, "2"), trial.pay(&customer, "3")];
        let (end, _) = trial.carry_out(&payments).await;
        let each = vec![OperationNext::CreateAccount, OperationNext::Trust, OperationNext::Rebuild];
        assert_eq!(end, Next::Each(each));
        assert!(trial.paid().is_empty(), "all or nothing");

        let one = "1".parse().unwrap();
        let state = async |to: &str| {
            let account = trial.horizon.account(to).await.unwrap();
            destination_state(account.as_ref(), to, &trial.usd, &one, true).unwrap()
        };
        assert_eq!(state(&nobody).await, DestinationState::NoAccount);
        assert_eq!(state(&stranger).await, DestinationState::NoTrust);
        assert_eq!(state(&customer).await, DestinationState::Ready);
        trial.sandbox.authorize(&trial.customer, &trial.usd.to_string(), false).unwrap();
        assert_eq!(state(&customer).await, DestinationState::NotAuthorized);
        trial.is_sound();
    });
}

#[test]
fn accounts_are_created_and_money_is_laid_down_in_one_envelope() {
    run(async |trial| {
        let [new, stranger] = ["new", "stranger"].map(|name| SandboxKeys::of(name).account());
        trial.sandbox.account("stranger", "10").unwrap();
        let operations = [
            Planned::CreateAccount {
                account: new.clone(),
                starting_balance: "2.01".parse().unwrap(),
            },
            Planned::CreateClaimableBalance {
                claimant: stranger,
                asset: trial.usd.clone(),
                amount: "7.0000001".parse().unwrap(),
            },
            trial.pay(&trial.customer.muxed(u64::MAX), "3"),
        ];
        let mut steps = Vec::new();
        let end = trial.one_envelope(&operations, &mut steps).await;
        assert!(matches!(end, Next::Done { .. }), "{end:?}");
        assert_eq!(trial.sandbox.balance(&new, "native"), Some(20_100_000));
        let laid_down = |kind: &PaidBy| matches!(kind, PaidBy::ClaimableBalance(_));
        let paid = trial.sandbox.payments();
        let claimable: Vec<_> = paid.iter().filter(|paid| laid_down(&paid.kind)).collect();
        assert_eq!(claimable.len(), 1);
        assert_eq!(claimable[0].amount, 70_000_001);
        let to_customer = trial.sandbox.payments_to(&trial.customer.account());
        assert_eq!(to_customer[0].to_muxed_id, Some(u64::MAX));
        assert_eq!(
            (to_customer[0].memo_type, to_customer[0].memo.as_deref()),
            ("id", Some("18446744073709551615"))
        );
        trial.is_sound();
    });
}
