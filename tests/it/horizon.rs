//! The simulated Horizon, judged by another implementation of Stellar.

use std::process::Command;
use std::time::Duration;

use railpoll::sandbox::horizon::{HorizonOptions, HorizonSandbox, PaidBy};

#[test]
fn the_python_sdk_works_against_the_simulated_horizon() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options =
        HorizonOptions { stream_retry: Duration::from_millis(1), ..HorizonOptions::default() };
    let horizon = runtime.block_on(HorizonSandbox::start(options)).unwrap();
    let bank = horizon.account("bank", "10000").unwrap();
    let customer = horizon.account("customer", "100").unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let ended = Command::new(format!("{root}/scripts/venv"))
        .args(["python", &format!("{root}/tests/it/horizon_client.py")])
        .args([horizon.url(), horizon.passphrase(), bank.seed(), customer.seed()])
        .output()
        .unwrap();
    let (told, errors) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{told}{errors}");
    assert_eq!(told.lines().count(), 6, "{told}");
    assert_eq!(horizon.discrepancies(), Vec::<String>::new());
    assert_eq!(horizon.violations(), Vec::<String>::new());
    let usd = format!("USD:{}", bank.account());
    let paid = horizon.payments_to(&customer.account());
    let sum: i64 = paid.iter().filter(|paid| paid.asset == usd).map(|paid| paid.amount).sum();
    assert_eq!(horizon.balance(&customer.account(), &usd), Some(sum));
    let set_aside = |kind: &PaidBy| matches!(kind, PaidBy::ClaimableBalance(_));
    assert_eq!(horizon.payments().iter().filter(|paid| set_aside(&paid.kind)).count(), 1);
    let faults = horizon.injected();
    for fault in ["TimeoutLost", "TimeoutApplied", "Drop", "DropInside", "Close", "Garbage"] {
        assert_eq!(faults.get(fault), Some(&1), "{fault}: {faults:?}");
    }
    // What was submitted again after a time-out was paid once.
    assert_eq!(horizon.payments_by_memo(&customer.account())[&("id", u64::MAX.to_string())], 1);
}
