//! A client of simulated services on loopback.

use reqwest::Client;

use super::Outcome;

/// One that goes by no proxy and trusts nobody: all that it asks is in this process.
pub(crate) fn client() -> Outcome<Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Whoever was first: there is one then.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    Ok(Client::builder().no_proxy().tls_certs_only([]).build()?)
}
