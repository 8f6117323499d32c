//! A request: what is asked, of whom, and what it is about.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::closed::Asked;

/// A request, ready to be sent as often as need be.
pub(crate) struct Request {
    /// What is asked, in a word, for log and metrics.
    pub(crate) endpoint: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Beyond those that every request has.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
    /// How long the other side may hold its answer back, as it is asked to. On top of the timeout.
    pub(crate) held: Duration,
    /// Whether it is about no single thing: then a refusal says that the address is wrong.
    pub(crate) is_general: bool,
    /// The one thing that it is about: what it is asked to leave alone is that thing.
    pub(crate) thing: Option<String>,
}

/// What a request brings.
pub(crate) struct Body {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Body {
    pub(crate) fn json(bytes: Vec<u8>) -> Self {
        Self { content_type: "application/json", bytes }
    }
}

impl Request {
    /// A request with nothing but its URL.
    pub(crate) fn new(endpoint: &'static str, method: Method, url: Url) -> Self {
        let headers = HeaderMap::new();
        let held = Duration::ZERO;
        Self { endpoint, method, url, headers, body: None, held, is_general: false, thing: None }
    }

    /// The same, about no single thing.
    pub(crate) fn general(self) -> Self {
        Self { is_general: true, ..self }
    }

    /// The same, about one thing alone.
    pub(crate) fn of(self, thing: impl Into<String>) -> Self {
        Self { thing: Some(thing.into()), ..self }
    }

    /// What it is about, as far as a wish to be left alone goes.
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked { url: &self.url, thing: self.thing.as_deref() }
    }
}
