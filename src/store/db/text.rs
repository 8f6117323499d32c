//! One text for both databases, with words for what they write differently.

/// A statement of texts and words, in the order in which they are read:
///
/// | word | what it is |
/// |---|---|
/// | `among "$1"` | that a value is one of the texts of [`Arg::Texts`](super::values::Arg::Texts) |
/// | `now` | the database's own time |
/// | `json "$1"` | a parameter as the JSON that it is |
/// | `claimed` | that rows which another transaction has in hand are passed over |
macro_rules! sql {
    (@sqlite [$($text:tt)*] among $arg:literal $($rest:tt)*) => {
        sql!(@sqlite [$($text)* "IN (SELECT value FROM json_each(", $arg, "))",] $($rest)*)
    };
    (@postgres [$($text:tt)*] among $arg:literal $($rest:tt)*) => {
        sql!(@postgres [$($text)* "= ANY (", $arg, ")",] $($rest)*)
    };
    (@sqlite [$($text:tt)*] now $($rest:tt)*) => {
        sql!(@sqlite [$($text)* "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')",] $($rest)*)
    };
    (@postgres [$($text:tt)*] now $($rest:tt)*) => {
        sql!(@postgres [$($text)* "clock_timestamp()",] $($rest)*)
    };
    (@sqlite [$($text:tt)*] json $arg:literal $($rest:tt)*) => {
        sql!(@sqlite [$($text)* $arg,] $($rest)*)
    };
    (@postgres [$($text:tt)*] json $arg:literal $($rest:tt)*) => {
        sql!(@postgres [$($text)* "CAST(", $arg, " AS json)",] $($rest)*)
    };
    (@sqlite [$($text:tt)*] claimed $($rest:tt)*) => { sql!(@sqlite [$($text)*] $($rest)*) };
    (@postgres [$($text:tt)*] claimed $($rest:tt)*) => {
        sql!(@postgres [$($text)* " FOR UPDATE SKIP LOCKED",] $($rest)*)
    };
    (@$db:ident [$($text:tt)*] $more:literal $($rest:tt)*) => {
        sql!(@$db [$($text)* $more,] $($rest)*)
    };
    (@$db:ident [$($text:tt)*]) => { concat!($($text)*) };
    ($($parts:tt)+) => {
        $crate::store::db::Sql::Each {
            sqlite: sql!(@sqlite [] $($parts)+),
            postgres: sql!(@postgres [] $($parts)+),
        }
    };
}
pub(in crate::store) use sql;
