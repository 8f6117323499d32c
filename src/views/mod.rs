//! What programs are told of each noun, once: the keys that docs/commands.md promises, in its order.

mod alerts;
mod audit;
mod books;
mod customers;
mod events;
mod incoming;
mod orders;
mod payments;
mod quarantine;
pub(crate) mod restored;
pub(crate) mod status;
mod transfers;
mod wallets;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

pub(crate) use self::books::{BooksCheckedJson, DaySums};
pub(crate) use self::customers::{credits_of, customer_whole_json};
pub(crate) use self::incoming::IncomingWholeJson;
pub(crate) use self::orders::{
    order_explained_json, order_story_json, paid_json, settlements_json,
};
pub(crate) use self::payments::PaymentStoryJson;
pub(crate) use self::quarantine::QuarantinedWholeJson;
pub(crate) use self::transfers::{EnvelopeJson, TransferStoryJson};

/// What programs are told of.
pub(crate) trait Viewed {
    /// What they are told.
    type View<'a>: Serialize
    where
        Self: 'a;
    /// Its keys, in their order.
    const KEYS: &'static [&'static str];
    /// What they are told of this one.
    fn view(&self) -> Self::View<'_>;
}

/// Makes an object for programs, which knows its keys.
macro_rules! view {
    (
        $(#[$about:meta])*
        $vis:vis struct $Name:ident<'a> {
            $($(#[$means:meta])* $field:ident: $Type:ty,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, serde::Serialize)]
        $vis struct $Name<'a> {
            $($(#[$means])* $field: $Type,)+
        }

        impl $Name<'_> {
            /// Its keys, in their order.
            $vis const KEYS: &'static [&'static str] = &[$(stringify!($field)),+];
        }
    };
}
use view;

/// JSON that is kept as text, as a part of an object. It is never read into numbers: an amount of 28 digits would come out
/// as another. What is not JSON becomes a string.
fn embedded(json: &str) -> Box<RawValue> {
    let embedded = RawValue::from_string(one_line(json)).or_else(|_| to_raw_value(json));
    embedded.unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Inside a JSON string a line never ends, so every end of a line is mere space.
fn one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_line() {
        assert_eq!(embedded("{\n \"a\":\r\n1.0}").get(), "{  \"a\":  1.0}");
        assert_eq!(embedded("<a>\n").get(), r#""<a>\n""#);
    }
}
