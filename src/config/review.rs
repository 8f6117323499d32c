//! `[pollers.NAME.review]`: who decides on a payment.

use std::time::Duration;

use reqwest::Url;

use super::reader::{Reader, Section};
use super::values;
use crate::engine::{OnDecline, Poller};

const HOUR: Duration = Duration::from_secs(3600);

/// The decision on each payment, before anything is done to it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewSettings {
    /// Who decides.
    pub mode: ReviewMode,
    /// JSON pointers that the sender's `user_info` must have.
    pub require_user_info: Vec<String>,
    /// A payment nearer to its deadline than this is left alone.
    pub expiry_margin: Duration,
    /// What is done with a declined payment.
    pub on_decline: OnDecline,
}

/// Who decides.
#[derive(Debug, Clone, PartialEq)]
pub enum ReviewMode {
    /// A person, with `railpoll payments approve|decline|hold`.
    Manual,
    /// Whatever is complete and in time is approved.
    Automatic,
    /// A service.
    Http {
        /// Where the payment is posted.
        url: Url,
        /// How long to wait for the decision.
        timeout: Duration,
    },
    /// A program.
    Command {
        /// The program: a path, or a name that is looked for in `PATH`.
        program: String,
        /// Its arguments.
        args: Vec<String>,
        /// How long to wait for the decision.
        timeout: Duration,
    },
}

/// The mode as it is written, before it is known whether what belongs to it is there.
#[derive(Clone, Copy)]
enum Mode {
    Manual,
    Automatic,
    Http,
    Command,
}

/// Reads a review section. `switched_on` is its poller, if that is going to run.
pub(super) fn read(
    reader: &mut Reader,
    section: &Section,
    switched_on: Option<Poller>,
) -> Option<ReviewSettings> {
    const ON_DECLINE: &[(&str, OnDecline)] =
        &[("reject", OnDecline::Reject), ("fail", OnDecline::Fail)];
    let mode = read_mode(reader, section);
    let require_user_info = reader.required(section, "require_user_info", values::pointers);
    let margin = reader.required(section, "expiry_margin", values::duration(Duration::ZERO..=HOUR));
    let on_decline = reader.required(section, "on_decline", values::choice(ON_DECLINE));
    if let (Some(poller), Some(OnDecline::Reject)) = (switched_on, on_decline)
        && !can_reject(poller)
    {
        let message =
            format!("a payment that is {poller} cannot be rejected any more: set \"fail\"");
        reader.complain(section, "on_decline", message);
    }
    Some(ReviewSettings {
        mode: mode?,
        require_user_info: require_user_info?,
        expiry_margin: margin?,
        on_decline: on_decline?,
    })
}

const fn can_reject(poller: Poller) -> bool {
    match poller {
        // Those that only record decline nothing, so that it does not matter.
        Poller::Accepted | Poller::Completed | Poller::Returned | Poller::Failed => true,
        Poller::Locked | Poller::Executed => false,
        // Neither transfers nor orders are reviewed.
        Poller::PendingDeposits | Poller::Outgoing | Poller::Watch | Poller::Orders => true,
    }
}

fn read_mode(reader: &mut Reader, section: &Section) -> Option<ReviewMode> {
    const MODES: &[(&str, Mode)] = &[
        ("manual", Mode::Manual),
        ("automatic", Mode::Automatic),
        ("http", Mode::Http),
        ("command", Mode::Command),
    ];
    const TIMEOUT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(300));
    // All keys are read in every mode: they are known, and their values are right or wrong, whether in use or not.
    let mode = reader.required(section, "mode", values::choice(MODES));
    let url = reader.optional(section, "url", values::url);
    let command = reader.optional(section, "command", values::command);
    let timeout = reader.required(section, "timeout", values::duration(TIMEOUT.0..=TIMEOUT.1));
    match mode? {
        Mode::Manual => Some(ReviewMode::Manual),
        Mode::Automatic => Some(ReviewMode::Automatic),
        Mode::Http => {
            if !reader.has(section, "url") {
                reader.complain(section, "url", "missing, and mode is \"http\"".to_owned());
            }
            Some(ReviewMode::Http { url: url?, timeout: timeout? })
        }
        Mode::Command => {
            if !reader.has(section, "command") {
                reader.complain(section, "command", "missing, and mode is \"command\"".to_owned());
            }
            let (program, args) = command?;
            Some(ReviewMode::Command { program, args, timeout: timeout? })
        }
    }
}
