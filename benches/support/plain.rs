//! The plainest code that reads the same pages: fetch by offset, split, read the heads.

use reqwest::Client;
use railpoll::sandbox::Sandbox;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Outcome;

/// Rows in a page, for our code and the plain one.
pub(crate) const PAGE_SIZE: usize = 100;

/// Fetches pages one after the other.
pub(crate) struct Fetcher {
    client: Client,
    base: String,
    authorization: String,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

impl Fetcher {
    pub(crate) async fn new(sandbox: &Sandbox) -> Outcome<Self> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Whoever was first: there is one then.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        let client = Client::builder().no_proxy().tls_certs_only([]).build()?;
        let ask = serde_json::json!({
            "client_id": sandbox.client_id(),
            "client_secret": sandbox.client_secret(),
            "audience": sandbox.audience(),
            "grant_type": "client_credentials",
        });
        let answer = client
            .post(sandbox.token_url())
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .body(ask.to_string())
            .send()
            .await?
            .error_for_status()?;
        let Token { access_token } = serde_json::from_slice(&answer.bytes().await?)?;
        let authorization = format!("Bearer {access_token}");
        Ok(Self { client, base: sandbox.base_url(), authorization })
    }

    /// One page, as it came.
    pub(crate) async fn page(&self, number: usize) -> Outcome<Vec<u8>> {
        let url = format!(
            "{}/v4/payments?states=COMPLETED,RETURNED&connector_role=RECEIVING\
             &sort_field=MODIFIED_AT&sort_direction=ASC&page={number}&size={PAGE_SIZE}",
            self.base
        );
        let request = self.client.get(url).header("Accept", "application/json");
        let answer = request.header("Authorization", &self.authorization).send().await?;
        Ok(answer.error_for_status()?.bytes().await?.to_vec())
    }

    /// All pages of so many payments.
    pub(crate) async fn pages(&self, payments: usize) -> Outcome<Vec<Vec<u8>>> {
        let mut pages = Vec::new();
        for number in 0..payments.div_ceil(PAGE_SIZE) {
            pages.push(self.page(number).await?);
        }
        Ok(pages)
    }
}

/// A page, split into rows.
#[derive(Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    pub(crate) content: Vec<&'a RawValue>,
}

/// A payment's fields that become columns.
#[derive(Deserialize)]
pub(crate) struct Head<'a> {
    pub(crate) payment_id: &'a str,
    pub(crate) payment_state: &'a str,
    pub(crate) modified_at: &'a str,
    pub(crate) contract: Contract<'a>,
    pub(crate) accepted_at: Option<&'a str>,
    pub(crate) locked_at: Option<&'a str>,
    pub(crate) executed_at: Option<&'a str>,
    pub(crate) completed_at: Option<&'a str>,
    #[serde(borrow)]
    pub(crate) internal_info: InternalInfo<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Contract<'a> {
    pub(crate) sender_end_to_end_id: &'a str,
    pub(crate) created_at: &'a str,
    pub(crate) expires_at: &'a str,
    #[serde(borrow)]
    pub(crate) quote: Quote<'a>,
}

#[derive(Deserialize)]
pub(crate) struct Quote<'a> {
    pub(crate) amount: &'a str,
    pub(crate) currency_code: &'a str,
    #[serde(borrow)]
    pub(crate) quote_elements: Vec<Element<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Element<'a> {
    pub(crate) receiving_amount: &'a str,
    pub(crate) transfer_currency_code: Option<&'a str>,
}

#[derive(Deserialize)]
pub(crate) struct InternalInfo<'a> {
    pub(crate) connector_role: &'a str,
}

impl Head<'_> {
    /// The states that it tells of, oldest first.
    pub(crate) fn reached(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("ACCEPTED", self.accepted_at),
            ("LOCKED", self.locked_at),
            ("EXECUTED", self.executed_at),
            ("COMPLETED", self.completed_at),
        ]
        .into_iter()
        .filter_map(|(state, at)| Some((state, at?)))
    }
}
