//! railpoll: pollers for payment networks. Nothing missed, nothing twice, every status on record.
//!
//! | module | what it is for | may use |
//! |---|---|---|
//! | [`addresses`] | addresses that settings name and a network's client reads | nothing of ours |
//! | [`engine`] | the rules and the words: pure, no HTTP, no SQL, no clock | nothing of ours |
//! | [`collect`] | walking a moving, paged list without losing anything | engine |
//! | `http` | what every client shares: an answer's meaning, tries, limits | engine |
//! | `program` | one bounded run of a program that is asked something | nothing of ours |
//! | [`networks`] | one folder per kind of network; nothing else knows JSON shapes | addresses, engine, http, config |
//! | [`rails`] | off-chain money: one trait, one adapter per way to reach a bank | engine, http, program |
//! | [`store`] | the database: SQLite and PostgreSQL behind one API | engine |
//! | [`jobs`] | what workers run: a job for each poller and place | the five above, config |
//! | [`config`] | settings: typed, layered, validated | addresses, engine |
//! | [`daemon`] | how any poller runs: schedule, lease, signals, health, metrics | all above |
//! | `actions` | what a person or a program may ask of us | engine, http, networks, store, config, jobs |
//! | `views` | what programs are told of each noun | engine, store |
//! | [`cli`] | the commands of `railpoll` | all above, and the sandbox |

mod actions;
pub mod addresses;
pub mod cli;
pub mod collect;
pub mod config;
pub mod daemon;
pub mod engine;
pub mod failpoint;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
pub mod jobs;
pub mod networks;
mod program;
pub mod rails;
pub mod store;
mod views;
