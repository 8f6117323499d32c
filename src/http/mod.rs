//! HTTP, one way: what every client of ours shares, whether it speaks to a network or to a rail.
//!
//! What to do with an answer (`answer`), sending and trying again (`sender`), what is wrong, in words (`trouble`), one bounded
//! exchange (`transport`) of a `request`, connections (`clients`), what `headers` tell, the token bucket (`bucket`), who
//! asked to be left alone (`closed`), the other side's clock (`server_clock`), JSON (`json`), cutting it before it is judged
//! (`cut`), names that stand twice in it (`unique`), error bodies (`problem`) and URLs (`url`). A client knows its own
//! paths, JSON and quirks.

mod answer;
mod bucket;
mod clients;
mod closed;
mod cut;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod headers;
mod json;
mod problem;
mod request;
mod sender;
mod server_clock;
mod transport;
mod trouble;
mod unique;
mod url;

pub(crate) use answer::Call;
pub(crate) use clients::{Clients, is_loopback};
pub use closed::Wish;
pub(crate) use cut::{Cut, printable};
pub use error::CallError;
pub(crate) use headers::wish_at;
pub(crate) use json::object;
pub(crate) use problem::{brief, text as problem_text};
pub(crate) use request::{Body, Request};
pub use sender::RequestSeen;
pub(crate) use sender::{AnswerReader, Bearer, Http, HttpSettings, Stop};
pub(crate) use transport::{Lost, Open, Received};
pub(crate) use unique::named_twice;
pub(crate) use url::{extended, url_of};
