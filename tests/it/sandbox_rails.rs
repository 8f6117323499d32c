//! `railpoll sandbox --bank --wire-gateway`, as somebody meets it who tries a set-up.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use crate::support::web;
use crate::support::world::{binary, signal};

/// Every rail on free ports, and nothing that moves by itself.
fn sandbox(more: &[&str]) -> (Child, Vec<String>) {
    let mut child = Command::new(binary("railpoll"))
        .args(["sandbox", "--port", "0", "--payments", "0", "--arrivals", "0"])
        .args(["--bank", "0", "--wire-gateway", "0"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    let told = lines.take_while(|line| !line.starts_with("a simulated RippleNet is at ")).collect();
    (child, told)
}

/// Where one of them is.
fn address(told: &[String], what: &str) -> SocketAddr {
    let begin = format!("a simulated {what} is at http://");
    let rest = told.iter().find_map(|line| line.strip_prefix(&begin)).unwrap();
    rest.split('/').next().unwrap().parse().unwrap()
}

#[test]
fn the_command_serves_rails_with_a_config_that_fits() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, told) = sandbox(&["--write-config", folder.path().to_str().unwrap()]);
    let (bank, gateway) = (address(&told, "bank"), address(&told, "wire gateway"));
    let (status, books) = web::get(bank, "/admin/books").unwrap();
    assert_eq!((status, books.as_str()), (200, r#"{"deposits":[],"payouts":[]}"#));
    let base = "/accounts/exchange/taler-wire-gateway/";
    let (status, config) = web::get(gateway, &format!("{base}config")).unwrap();
    assert!(status == 200 && config.contains("taler-wire-gateway"), "{config}");

    let config = fs::read_to_string(folder.path().join("railpoll.toml")).unwrap();
    for line in [
        format!("url = \"http://{bank}/railpoll/\""),
        format!("url = \"http://{gateway}{base}\""),
        "kind = \"http\"".to_owned(),
        "kind = \"wire-gateway\"".to_owned(),
    ] {
        assert!(config.lines().any(|there| there == line), "no {line} in {config}");
    }
    for (name, begin) in [("bank-secret", "whsec_"), ("gateway-secret", "sandbox-")] {
        let path = folder.path().canonicalize().unwrap().join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&path).unwrap().starts_with(begin));
        assert!(config.contains(&format!("secret_file = \"{}\"", path.display())), "{config}");
    }

    signal(child.id(), "TERM");
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_a_client_did_wrong_is_told_at_the_end() {
    let (mut child, told) = sandbox(&[]);
    for line in ["[rails.bank]", "[rails.gateway]", "secret_file = \"bank-secret\""] {
        assert!(told.iter().any(|there| there == line), "no {line} in {told:?}");
    }
    let (status, _) = web::get(address(&told, "bank"), "/railpoll/config").unwrap();
    assert_eq!(status, 401, "it is not signed");
    signal(child.id(), "TERM");
    let rest: Vec<String> =
        BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    let violation = "violation: Config: webhook-id is missing";
    assert!(rest.iter().any(|line| line == violation), "{rest:?}");
    assert!(!child.wait().unwrap().success());
}
