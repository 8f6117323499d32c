//! Conditions that somebody should know of.

use chrono::{DateTime, TimeDelta, Utc};

use super::words;

words! {
    /// The names of alerts.
    pub enum AlertName: "alert" {
        /// The network or rail does not take our credentials.
        CredentialsRefused = "credentials_refused",
        /// The network does not answer, or only with errors.
        NetworkUnavailable = "network_unavailable",
        /// A rail does not answer, or only with errors.
        RailUnavailable = "rail_unavailable",
        /// A sweep could not be carried out for a reason of our own: the database, or a defect.
        SweepFailed = "sweep_failed",
        /// Whoever ran a poller was to be back, and is not.
        PollerSilent = "poller_silent",
        /// Payments or transfers wait for a person, and their deadline comes near.
        DecisionDue = "decision_due",
        /// A transfer waits for a person.
        TransferOnHold = "transfer_on_hold",
        /// A transfer failed, and its money is with us.
        TransferFailed = "transfer_failed",
        /// Money came that belongs to no transfer.
        IncomingUnmatched = "incoming_unmatched",
        /// Money that was confirmed was taken back by where it came from.
        IncomingReversed = "incoming_reversed",
        /// A source tells other money under a key that is on record.
        IncomingChanged = "incoming_changed",
        /// Money came for orders that does not fit, and waits for a person.
        OrderReview = "order_review",
        /// The books, summed anew, are not what is stored of them.
        BooksDiffer = "books_differ",
        /// A refund could not be made.
        RefundFailed = "refund_failed",
        /// A rail does not take a payout, however often it is handed over.
        PayoutNotTaken = "payout_not_taken",
        /// An account of ours cannot pay what is to be paid from it.
        AccountUnderfunded = "account_underfunded",
        /// The network or rail refuses what every sweep asks of it, or the settings cannot work: an address is wrong.
        RequestsRefused = "requests_refused",
        /// Calls about some things fail, again and again, while the place is well.
        PutOff = "put_off",
        /// The network's clock and ours are too far from each other to be both right.
        ClockOffset = "clock_offset",
        /// A payment's amount is not what was recorded before.
        AmountChanged = "amount_changed",
        /// A payment is no longer what was decided on.
        DecisionVoid = "decision_void",
        /// The network's list has other payments than our database, and a reconcile was needed.
        Drift = "drift",
        /// Rows were set aside because they could not be understood or believed.
        Quarantined = "quarantined",
        /// The list grows faster than it can be read.
        ListTooFast = "list_too_fast",
        /// The network's answers break its own contract: order, bounds or counts.
        ListUnreliable = "list_unreliable",
        /// The database was restored, or failed over with a loss.
        DatabaseOlder = "database_older",
        /// Events are not what they were when they were sealed.
        EventsRewritten = "events_rewritten",
        /// A process was told to read its configuration again, and goes on with the old one.
        ReloadRefused = "reload_refused",
    }
}

// What is too long for a line of the table below.
const ON_REVERSED: &str = "`railpoll transfers incoming show INCOMING`, and `railpoll transfers explain ID` of what it was for: what waits is on hold without that money, what went out is your loss unless somebody pays. Once you have seen to it, `railpoll alerts clear ID --reason TEXT`";
const ON_CHANGED: &str = "`railpoll transfers incoming show INCOMING` tells what is on record, the detail what is told now, which is not taken in. Ask whoever runs the network or rail; then `railpoll alerts clear ID --reason TEXT`";
const ON_REVIEW: &str = "`railpoll transfers incoming list` tells who paid what for which order, and `railpoll orders explain ID` where that stands. `railpoll transfers incoming refund` sends it back; `railpoll orders reset ID` has an ended order wait for it again. It is over, too, once the credit has paid other orders";
const ON_DIFFER: &str = "`railpoll books check` names what differs. Stop what writes, find out who else writes to the database, and go back to a backup if you must; the movements tell what happened";
const ON_RELOAD: &str = "The detail says what is wrong. Mend that, look at it with `railpoll config check`, and send HUP again. Do not restart before: it would not start";
const ON_SILENT: &str = "Start it again where it ran, with `systemctl start railpoll@POLLER` or `railpoll-POLLER --loop`: its log tells why it ended. If it is not to run there any more, `railpoll alerts clear ID --reason TEXT`";
const ON_DUE: &str = "Decide now: `railpoll payments list --review pending`, and `railpoll payments list --review held`, then approve, decline or hold; of transfers `railpoll transfers list --status on_hold`. What has a deadline fails then, unless somebody decides; what has none waits for ever";

impl AlertName {
    /// What to do. docs/operate.md says the same.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::CredentialsRefused => {
                "Renew the secret and send the poller HUP; where the secret is a systemd credential, restart the unit. It tries again by itself, each time with a new token, after 5 minutes, then after twice as long each time, at most an hour; USR1 tries now"
            }
            Self::NetworkUnavailable => {
                "Nothing, if it passes: the next good sweep makes up for all of it. If it lasts, look at the detail for what failed, and ask the network"
            }
            Self::RailUnavailable => {
                "Nothing, if it passes: what was due is paid by the next good sweep. If it lasts, look at the detail for what failed, and ask whoever runs the rail"
            }
            Self::SweepFailed => {
                "See that the database can be written: room on its disk, rights, a server that is up. If the detail speaks of a defect, keep the log and report it"
            }
            Self::PollerSilent => ON_SILENT,
            Self::DecisionDue => ON_DUE,
            Self::TransferOnHold => {
                "`railpoll transfers list --status on_hold`, then `railpoll transfers explain ID`. Find out what the rail or ledger has done before you let it go on"
            }
            Self::TransferFailed => {
                "`railpoll transfers list --status error`, then `railpoll transfers explain ID`; `railpoll transfers refund ID` sends the money back"
            }
            Self::IncomingUnmatched => {
                "`railpoll transfers incoming list` tells who paid what, and why it is not matched; then `railpoll transfers incoming assign` or `railpoll transfers incoming refund`"
            }
            Self::IncomingReversed => ON_REVERSED,
            Self::IncomingChanged => ON_CHANGED,
            Self::OrderReview => ON_REVIEW,
            Self::BooksDiffer => ON_DIFFER,
            Self::RefundFailed => {
                "`railpoll transfers explain ID` tells why; decide once more, with another account if need be"
            }
            Self::PayoutNotTaken => {
                "`railpoll transfers explain ID` tells what the rail says. Mend it there: then the next try is taken, or ends the payout if the rail answers `failed` in the words of its contract"
            }
            Self::AccountUnderfunded => "Pay in: what waits goes on with the next sweep",
            Self::RequestsRefused => {
                "The detail names the call, the host and the setting: mend that. `base_url` of a RippleNet is the tenant's, with or without `/v4`"
            }
            Self::PutOff => {
                "Ask whoever runs the network or rail about the one that is named; the detail has its answer. Nothing needs to be done here once it answers"
            }
            Self::ClockOffset => {
                "See whether this host keeps time (`timedatectl`, `chronyc tracking`); if it does, tell the network"
            }
            Self::AmountChanged => {
                "`railpoll payments show ID`, and ask the partner. The event `payment.amount_changed` has both amounts. Once you know, `railpoll alerts clear ID --reason TEXT`"
            }
            Self::DecisionVoid => {
                "`railpoll payments show ID` tells what was decided on and what came: decide anew. If a transfer waits, `railpoll transfers release ID --reason TEXT` pays what was approved"
            }
            Self::Drift => {
                "Nothing, if it passes. If it stays, `railpoll reconcile POLLER`; if a reconcile found payments, raise `overlap`"
            }
            Self::Quarantined => {
                "`railpoll quarantine list`, then `railpoll quarantine show ID`; `railpoll quarantine retry ID` asks again, `railpoll quarantine resolve ID` says that you know what it is"
            }
            Self::ListTooFast => {
                "Raise `page_size` and `requests_per_second`, as far as the network allows"
            }
            Self::ListUnreliable => {
                "Usually it passes: the next sweep finds out anew how the list can be read. If it stays, tell the network; one that was begun anew needs a new name in the config"
            }
            Self::DatabaseOlder => {
                "`railpoll restored` tells what is left to be looked up, and changes nothing; then things go on by themselves. A person may let them go on before, with `railpoll restored --confirm --reason TEXT`"
            }
            Self::EventsRewritten => {
                "`railpoll events verify` names the place. Find out who could write to the database, and go back to a backup if you must"
            }
            Self::ReloadRefused => ON_RELOAD,
        }
    }
}

/// A condition that stands, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which condition.
    pub name: AlertName,
    /// The one thing that it is about; empty where it is about the poller's whole place.
    pub subject: String,
    /// How many things it is about.
    pub count: u64,
    /// For a person to read. It says nothing that changes while the condition does not: no ages, no tries; and nothing
    /// that the advice says.
    pub detail: String,
}

impl Alert {
    /// One of the poller's whole place, about one thing.
    #[must_use]
    pub fn of(name: AlertName, detail: impl Into<String>) -> Self {
        Self { name, subject: String::new(), count: 1, detail: detail.into() }
    }

    /// The same about this one thing.
    #[must_use]
    pub fn about(self, subject: &str) -> Self {
        Self { subject: subject.to_owned(), ..self }
    }

    /// The same about so many things.
    #[must_use]
    pub fn counting(self, count: u64) -> Self {
        Self { count, ..self }
    }
}

/// Whether a deadline comes near: half of the time that there was for a decision is over. One that has passed does not any
/// more.
#[must_use]
pub fn comes_near(since: DateTime<Utc>, deadline: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    // Where the time was over before it began, it is near as long as it lasts.
    now < deadline && (deadline <= since || deadline - now <= (deadline - since) / 2)
}

/// A length of time in words that stay the same while it changes a little: more than this much.
#[must_use]
pub fn coarse(length: TimeDelta) -> &'static str {
    const STEPS: [(i64, &str); 8] = [
        (365 * 86_400, "more than a year"),
        (30 * 86_400, "more than a month"),
        (7 * 86_400, "more than a week"),
        (86_400, "more than a day"),
        (6 * 3_600, "more than 6 hours"),
        (3_600, "more than an hour"),
        (900, "more than 15 minutes"),
        (300, "more than 5 minutes"),
    ];
    let step = STEPS.iter().find(|(seconds, _)| length.num_seconds() >= *seconds);
    step.map_or("more than 2 minutes", |(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_word_means_one_alert() {
        let words: HashSet<_> = AlertName::ALL.map(AlertName::as_str).into_iter().collect();
        assert_eq!(words.len(), AlertName::ALL.len());
        for name in AlertName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
        }
    }

    #[test]
    fn a_length_of_time_is_the_same_a_moment_later() {
        let told = |seconds| coarse(TimeDelta::seconds(seconds));
        assert_eq!((told(121), told(299)), ("more than 2 minutes", "more than 2 minutes"));
        assert_eq!((told(300), told(3_600)), ("more than 5 minutes", "more than an hour"));
        assert_eq!(told(86_400 * 400), "more than a year");
    }

    #[test]
    fn a_deadline_is_near_from_the_middle_on() {
        let at = |seconds: i64| DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap();
        for (now, near) in [(0, false), (149, false), (150, true), (299, true), (300, false)] {
            assert_eq!(comes_near(at(0), at(300), at(now)), near, "{now}");
        }
        assert!(comes_near(at(10), at(5), at(4)), "it was late from the beginning");
    }
}
