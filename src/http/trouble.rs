//! What is wrong, in words: what was asked, of whom, and which setting to look at.

use super::answer::{Answer, Call, Unsent};
use super::error::CallError;
use super::request::Request;
use super::sender::Http;

impl Http {
    /// No answer, or no good one, after all tries: where, and what may be wrong in the settings.
    pub(super) fn unavailable(
        &self,
        call: Call,
        request: &Request,
        answer: Answer,
        why: &str,
    ) -> CallError {
        let setting = self.setting(call);
        match answer {
            Answer::NotSent(Unsent::NoTls) => {
                let why = format!("{setting} says https, and nobody speaks TLS there ({why})");
                CallError::Options(told(request, &why))
            }
            Answer::NotSent(Unsent::Nobody) => {
                let why = format!("{why}; the address is {setting}");
                CallError::Unavailable(told(request, &why))
            }
            Answer::NotSent(Unsent::Left)
            | Answer::Status { .. }
            | Answer::Unreadable
            | Answer::TooLarge
            | Answer::Timeout
            | Answer::Cut => CallError::Unavailable(told(request, why)),
        }
    }

    /// A request that is about no single thing is never refused by who it is meant for.
    pub(super) fn refused(
        &self,
        call: Call,
        request: &Request,
        status: u16,
        why: String,
    ) -> CallError {
        let problem = if request.is_general {
            let setting = self.setting(call);
            told(request, &format!("{why}; does {setting} lead to the right place?"))
        } else {
            why
        };
        CallError::Refused { status, problem }
    }

    pub(super) fn setting(&self, call: Call) -> String {
        let key = match call {
            Call::Token => "token_url",
            Call::Repeatable | Call::Operation => self.settings.address,
        };
        format!("`{key}` of `{}`", self.settings.name)
    }
}

/// What is wrong, with what was asked and where: a URL may hold ids, so only its host is told.
pub(super) fn told(request: &Request, why: &str) -> String {
    let host = request.url.host_str().unwrap_or("?");
    match request.url.port() {
        Some(port) => format!("{} at {host}:{port}: {why}", request.endpoint),
        None => format!("{} at {host}: {why}", request.endpoint),
    }
}
