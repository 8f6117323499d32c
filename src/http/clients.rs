//! Connections: one way for all, straight to this machine's own loopback, and by a proxy to the others.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, Url, redirect};

use super::transport::chain;

/// Connections idle for longer are not trusted: gateways cut them from 60 s on, and a cut leaves an operation unclear.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// A host that does not answer the first packet by then is not there, however long a page may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The one way in which anything here talks HTTP. Copies share connections.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    /// For the machine's own loopback, which no proxy can reach, or is to see.
    near: Option<reqwest::Client>,
    far: Option<reqwest::Client>,
}

impl Clients {
    /// What talks to the hosts of `urls`, of which each connects within `timeout`. Says why if TLS cannot be set up.
    pub(crate) fn new(timeout: Duration, urls: &[&Url]) -> Result<Self, String> {
        let of = |is_near: bool| {
            let urls: Vec<&Url> =
                urls.iter().copied().filter(|url| is_loopback(url) == is_near).collect();
            let client = (!urls.is_empty()).then(|| build(timeout, &urls, is_near));
            client.transpose().map_err(chain)
        };
        Ok(Self { near: of(true)?, far: of(false)? })
    }

    /// Begins a request to one of these hosts.
    ///
    /// # Errors
    /// It is none of them.
    pub(crate) fn request(
        &self,
        method: Method,
        url: Url,
    ) -> Result<reqwest::RequestBuilder, String> {
        let client = if is_loopback(&url) { &self.near } else { &self.far };
        let client = client.as_ref().ok_or("nothing was set up for this host")?;
        Ok(client.request(method, url))
    }
}

/// The HTTP client. Redirects are off, for credentials must not wander to another host.
fn build(
    timeout: Duration,
    urls: &[&Url],
    is_near: bool,
) -> Result<reqwest::Client, reqwest::Error> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // A second client built at the same time may be first: either way there is one then.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("railpoll/", env!("CARGO_PKG_VERSION")))
        .default_headers(
            [(ACCEPT, HeaderValue::from_static("application/json"))].into_iter().collect(),
        )
        .redirect(redirect::Policy::none())
        // Retries are ours alone: see answer.rs.
        .retry(reqwest::retry::never())
        .connect_timeout(std::cmp::min(timeout, CONNECT_MAX))
        .pool_idle_timeout(IDLE_MAX);
    if is_near {
        builder = builder.no_proxy();
    }
    if urls.iter().all(|url| url.scheme() == "http") {
        // Without TLS no roots are needed, and a machine without any is no obstacle.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// Names that this machine's own table gives to its loopback, as it was when we began.
static NEAR: LazyLock<HashSet<String>> =
    LazyLock::new(|| near_names(&fs::read_to_string("/etc/hosts").unwrap_or_default()));

/// Whether a URL leads to the machine's own loopback: by its address, or by a name that means it everywhere or here.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => {
            host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
                || host.ends_with(".localhost")
                || NEAR.contains(host)
        }
        None => false,
    }
}

/// The names that a table of hosts gives to addresses of the loopback, and to no others.
fn near_names(table: &str) -> HashSet<String> {
    let (mut near, mut far) = (HashSet::new(), HashSet::new());
    for line in table.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else {
            continue;
        };
        let names = if address.is_loopback() { &mut near } else { &mut far };
        names.extend(words.map(str::to_ascii_lowercase));
    }
    near.retain(|name| !far.contains(name));
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_near() {
        let table = "127.0.0.1 localhost\n127.0.1.1\tMyHost myhost.lan # 10.0.0.1 no\n\n::1 six\n10.0.0.7 far six\nx y";
        let mut near: Vec<String> = near_names(table).into_iter().collect();
        near.sort_unstable();
        assert_eq!(near, ["localhost", "myhost", "myhost.lan"]);
        let url = |url: &str| Url::parse(url).unwrap();
        assert!(is_loopback(&url("http://reviewer.localhost:8080/")));
        assert!(!is_loopback(&url("http://notlocalhost/")));
    }

    #[test]
    fn loopback_is_known() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        for url in
            ["http://127.0.0.1:80/v4", "http://127.9.9.9", "https://localhost", "http://[::1]:1/"]
        {
            assert!(loopback(url), "{url}");
        }
        for url in ["https://acme.example", "http://10.0.0.1", "http://localhost.evil.example"] {
            assert!(!loopback(url), "{url}");
        }
    }
}
