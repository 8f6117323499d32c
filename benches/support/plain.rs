//! The plainest code that reads the same pages: fetched by offset, and split into rows.

use std::borrow::Cow;

use railpoll_sandbox::Sandbox;
use reqwest::Client;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Outcome;
use super::client::client;

/// Rows in a page, for our code and the plain one.
const PAGE_SIZE: usize = 100;

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
        let client = client()?;
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
    async fn page(&self, number: usize) -> Outcome<Vec<u8>> {
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

/// Where pages come from.
pub(crate) enum Source<'a> {
    /// They are in memory already.
    Memory(&'a [Vec<u8>]),
    /// So many payments are fetched over HTTP, each page when it is asked for.
    Http(&'a Fetcher, usize),
}

impl Source<'_> {
    /// One page; none behind the last one.
    pub(crate) async fn page(&self, number: usize) -> Outcome<Option<Cow<'_, [u8]>>> {
        Ok(match self {
            Self::Memory(pages) => pages.get(number).map(|page| Cow::Borrowed(page.as_slice())),
            Self::Http(_, payments) if number * PAGE_SIZE >= *payments => None,
            Self::Http(fetcher, _) => Some(Cow::Owned(fetcher.page(number).await?)),
        })
    }
}

/// A page, split into rows.
#[derive(Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    pub(crate) content: Vec<&'a RawValue>,
}
