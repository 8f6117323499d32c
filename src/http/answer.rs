//! What to do with an answer: the answer table of the daemons' contract, as one pure function.

use std::fmt;
use std::time::Duration;

/// What kind of request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Our credentials for a token, at the token endpoint.
    Token,
    /// A read, or a change that is the same when made twice, such as a label.
    Repeatable,
    /// A change without an idempotency key, such as an operation on a payment: once it may have arrived, it is not
    /// sent again.
    Operation,
}

/// What came back, when it was not a good answer that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A status other than 2xx.
    Status {
        /// The HTTP status.
        status: u16,
        /// The header `Retry-After`, as a time from now.
        retry_after: Option<Duration>,
    },
    /// A 2xx whose body cannot be parsed.
    Unreadable,
    /// A 2xx whose body is larger than any page.
    TooLarge,
    /// Nothing, or not all of it, within the time for a request.
    Timeout,
    /// The connection broke after the request may have been sent.
    Cut,
    /// Surely nothing was sent.
    NotSent(Unsent),
}

/// Why a request was surely not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsent {
    /// No connection could be made.
    Nobody,
    /// Somebody is there, and does not speak TLS.
    NoTls,
    /// It was left: for the other side has asked to be left alone, or nothing was set up for it.
    Left,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, .. } => write!(f, "status {status}"),
            Self::Unreadable => f.write_str("unreadable"),
            Self::TooLarge => f.write_str("too large"),
            Self::Timeout => f.write_str("timeout"),
            Self::Cut => f.write_str("cut"),
            Self::NotSent(_) => f.write_str("not sent"),
        }
    }
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Drop the token, fetch one, send once more: a 401 was not applied.
    NewToken,
    /// We are not known there. Only the operator can help.
    CredentialsRefused,
    /// We are known there, and not let in.
    Forbidden,
    /// This request will never be taken.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// Send it again, after `asked` or a time of our own.
    Retry {
        /// The wish of the other side.
        asked: Option<Duration>,
        /// What it is when the last try is spent.
        spent: Spent,
    },
    /// It would be as large again: to be asked for in parts, if it has any.
    TooLarge,
    /// Surely not applied, for something else is in the way: look again later.
    Busy,
    /// The operation may have been applied. Only a look at the payment can tell.
    Unclear,
}

/// What a request is whose last try is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    /// It cannot be reached, or is not well.
    Unavailable,
    /// It answers what we cannot read.
    Unreadable,
    /// It is well, but has no time for us.
    Busy,
}

/// Tells what to do with an answer. `token_is_new` says that the request already bears a token fetched because of a 401.
///
/// Beyond the table: 408 is a timeout by another name; 409, 423 and 425 mean "not now"; a redirect is not followed,
/// for the credentials must not wander; and whatever the token endpoint refuses, it refuses our credentials.
pub(super) fn judge(call: Call, answer: Answer, token_is_new: bool) -> Verdict {
    let retry = |asked, spent| Verdict::Retry { asked, spent };
    // An answer after which nobody knows what was done.
    let unclear_or = |asked, spent| match call {
        Call::Operation => Verdict::Unclear,
        Call::Token | Call::Repeatable => retry(asked, spent),
    };
    match answer {
        Answer::Status { status, retry_after } => match (status, call) {
            (409 | 423 | 425, Call::Operation) => Verdict::Busy,
            (409 | 423 | 425, Call::Token | Call::Repeatable) => retry(None, Spent::Unavailable),
            (429, Call::Operation) => retry(retry_after, Spent::Busy),
            (429, Call::Token | Call::Repeatable) => retry(retry_after, Spent::Unavailable),
            (408, _) => unclear_or(None, Spent::Unavailable),
            (300..=399, Call::Operation) => Verdict::Unclear,
            (300..=499, Call::Token) => Verdict::CredentialsRefused,
            (401, Call::Repeatable | Call::Operation) if token_is_new => {
                Verdict::CredentialsRefused
            }
            (401, Call::Repeatable | Call::Operation) => Verdict::NewToken,
            (403, Call::Repeatable | Call::Operation) => Verdict::Forbidden,
            (300..=499, Call::Repeatable | Call::Operation) => Verdict::Refused { status },
            (503, _) => unclear_or(retry_after, Spent::Unavailable),
            _ => unclear_or(None, Spent::Unavailable),
        },
        Answer::TooLarge if call == Call::Repeatable => Verdict::TooLarge,
        Answer::TooLarge | Answer::Unreadable => unclear_or(None, Spent::Unreadable),
        Answer::Timeout | Answer::Cut => unclear_or(None, Spent::Unavailable),
        Answer::NotSent(_) => retry(None, Spent::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WISH: Option<Duration> = Some(Duration::from_secs(7));
    const AGAIN: Verdict = Verdict::Retry { asked: None, spent: Spent::Unavailable };
    const AS_ASKED: Verdict = Verdict::Retry { asked: WISH, spent: Spent::Unavailable };
    const ALL: [Call; 3] = [Call::Token, Call::Repeatable, Call::Operation];

    /// Every status is given a `Retry-After`, so that only those that honour it show it.
    fn status(status: u16) -> Answer {
        Answer::Status { status, retry_after: WISH }
    }

    fn verdicts(answer: Answer) -> [Verdict; 3] {
        ALL.map(|call| judge(call, answer, false))
    }

    #[test]
    fn row_401_is_one_new_token_then_the_operator() {
        let [token, read, operation] = verdicts(status(401));
        assert_eq!(token, Verdict::CredentialsRefused);
        assert_eq!([read, operation], [Verdict::NewToken; 2]);
        for call in ALL {
            assert_eq!(judge(call, status(401), true), Verdict::CredentialsRefused);
        }
    }

    #[test]
    fn row_403_has_no_second_try() {
        let expected = [Verdict::CredentialsRefused, Verdict::Forbidden, Verdict::Forbidden];
        assert_eq!(verdicts(status(403)), expected);
    }

    #[test]
    fn row_400_and_404_are_never_retried() {
        for code in [400, 404, 405, 410, 412, 422, 451] {
            let refused = Verdict::Refused { status: code };
            let expected = [Verdict::CredentialsRefused, refused, refused];
            assert_eq!(verdicts(status(code)), expected, "{code}");
        }
    }

    #[test]
    fn row_429_honours_retry_after_for_all() {
        let busy = Verdict::Retry { asked: WISH, spent: Spent::Busy };
        assert_eq!(verdicts(status(429)), [AS_ASKED, AS_ASKED, busy]);
    }

    #[test]
    fn row_503_honours_retry_after_but_never_repeats_an_operation() {
        assert_eq!(verdicts(status(503)), [AS_ASKED, AS_ASKED, Verdict::Unclear]);
    }

    #[test]
    fn row_500_is_tried_again_but_never_an_operation() {
        for code in [500, 501, 502, 504, 507, 599, 600, 100, 408] {
            assert_eq!(verdicts(status(code)), [AGAIN, AGAIN, Verdict::Unclear], "{code}");
        }
    }

    #[test]
    fn row_timeout_and_connection_error() {
        assert_eq!(verdicts(Answer::Timeout), [AGAIN, AGAIN, Verdict::Unclear]);
        assert_eq!(verdicts(Answer::Cut), [AGAIN, AGAIN, Verdict::Unclear]);
        for unsent in [Unsent::Nobody, Unsent::NoTls, Unsent::Left] {
            assert_eq!(verdicts(Answer::NotSent(unsent)), [AGAIN; 3], "nothing was sent");
        }
    }

    #[test]
    fn row_200_that_cannot_be_parsed_is_as_500() {
        let again = Verdict::Retry { asked: None, spent: Spent::Unreadable };
        assert_eq!(verdicts(Answer::Unreadable), [again, again, Verdict::Unclear]);
    }

    #[test]
    fn what_is_too_large_would_be_so_again() {
        let again = Verdict::Retry { asked: None, spent: Spent::Unreadable };
        let expected = [again, Verdict::TooLarge, Verdict::Unclear];
        assert_eq!(verdicts(Answer::TooLarge), expected);
    }

    #[test]
    fn what_is_in_the_way_is_looked_at_later() {
        for code in [409, 423, 425] {
            assert_eq!(verdicts(status(code)), [AGAIN, AGAIN, Verdict::Busy], "{code}");
        }
    }

    #[test]
    fn a_redirect_is_not_followed() {
        let refused = Verdict::Refused { status: 302 };
        let expected = [Verdict::CredentialsRefused, refused, Verdict::Unclear];
        assert_eq!(verdicts(status(302)), expected);
    }
}
