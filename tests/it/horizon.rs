//! The simulated Horizon, judged by another implementation of Stellar, and as a user serves it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use railpoll_sandbox::horizon::{HorizonOptions, HorizonSandbox, Keys, PaidBy};
use serde_json::Value;

use crate::support::web;
use crate::support::world::{binary, signal};

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

#[test]
fn the_command_serves_a_stellar_network_with_a_config_that_fits() {
    let folder = tempfile::tempdir().unwrap();
    let mut sandbox = Command::new(binary("railpoll"))
        .args(["sandbox", "--port", "0", "--horizon", "0", "--payments", "0", "--arrivals", "0"])
        .arg("--write-config")
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(sandbox.stdout.take().unwrap()).lines().map(Result::unwrap);
    let last = |line: &String| line.starts_with("a simulated RippleNet is at ");
    let told: Vec<String> = lines.by_ref().take_while(|line| !last(line)).collect();
    let distribution = Keys::of("distribution");
    assert!(told.iter().any(|line| line.ends_with(&distribution.account())), "{told:?}");
    let address = told.iter().find_map(|line| {
        line.strip_prefix("a simulated Stellar network is at http://")?.parse().ok()
    });
    let (status, root) = web::get(address.unwrap(), "/").unwrap();
    assert_eq!(status, 200);
    let root: Value = serde_json::from_str(&root).unwrap();
    let config = fs::read_to_string(folder.path().join("railpoll.toml")).unwrap();
    let passphrase = root["network_passphrase"].as_str().unwrap();
    assert!(config.contains(&format!("passphrase = \"{passphrase}\"")), "{config}");
    assert!(config.contains(&format!("horizon_url = \"http://{}\"", address.unwrap())));
    let seeds = folder.path().join("stellar-seeds");
    assert_eq!(fs::metadata(&seeds).unwrap().permissions().mode() & 0o777, 0o600);
    let seeds = fs::read_to_string(seeds).unwrap();
    assert_eq!(seeds.lines().count(), 5);
    assert_eq!(seeds.lines().next(), Some(distribution.seed().as_str()));
    signal(sandbox.id(), "TERM");
    assert!(sandbox.wait().unwrap().success());
    let rest: Vec<String> = lines.collect();
    assert!(rest.iter().any(|line| line.starts_with("Stellar: 1 requests")), "{rest:?}");
}

#[test]
fn without_a_folder_the_sections_are_told_line_by_line() {
    let mut sandbox = Command::new(binary("railpoll"))
        .args(["sandbox", "--port", "0", "--horizon", "0", "--payments", "0", "--arrivals", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(sandbox.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<String> =
        lines.take_while(|line| !line.starts_with("a simulated RippleNet is at ")).collect();
    for line in ["[networks.sandbox]", "[networks.stellar]", "kind = \"stellar\""] {
        assert!(told.iter().any(|there| there == line), "no {line} in {told:?}");
    }
    signal(sandbox.id(), "TERM");
    sandbox.wait().unwrap();
}
