//! The one gate through which alerts begin, change and end.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{OpenAlert, alert_from};
use crate::engine::{Alert, AlertName, Event, EventType};
use crate::store::db::Conn;
use crate::store::db::values::Arg;
use crate::store::outbox::events;
use crate::store::{Lease, Scope, Store, StoreError};

pub(super) const OPEN_AT: &str = "SELECT * FROM alerts WHERE poller = $1 AND network = $2 AND ended_at IS NULL ORDER BY alert_id";

/// What has become of one condition.
#[derive(Debug, PartialEq)]
enum Change<'a> {
    Begun(&'a Alert),
    Other(&'a OpenAlert, &'a Alert),
    Over(&'a OpenAlert),
}

impl Store {
    /// Sets which conditions of `name` stand at the place of `lease`: all of `standing`, and no others. Those that are new
    /// are raised, the detail and count of those that last are kept current, the rest ends. What is as it was is not
    /// written. It is for conditions that only the sweep of one worker can know.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn set_alerts(
        &self,
        lease: &Lease,
        name: AlertName,
        standing: &[Alert],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let open = self.alerts_at(&lease.scope).await?;
        if changes(&open, name, standing).is_empty() {
            return Ok(());
        }
        let mut tx = self.begin(Some(lease)).await?;
        set(&mut tx.conn(), &lease.scope, name, standing, now).await?;
        tx.commit().await
    }
}

/// Sets which conditions of `name` stand, in a transaction that somebody else commits, and that has the turn to write events.
pub(in crate::store) async fn set(
    conn: &mut Conn<'_>,
    scope: &Scope,
    name: AlertName,
    standing: &[Alert],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let open = open_at(conn, scope).await?;
    for change in changes(&open, name, standing) {
        write(conn, scope, &change, now).await?;
    }
    Ok(())
}

/// Raises one alert, or keeps it current, and leaves the others of its name alone. For what is known when it happens, and
/// not afterwards.
pub(in crate::store) async fn keep(
    conn: &mut Conn<'_>,
    scope: &Scope,
    alert: &Alert,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let open = open_at(conn, scope).await?;
    match changes(&open, alert.name, std::slice::from_ref(alert)).first() {
        Some(change @ (Change::Begun(_) | Change::Other(..))) => {
            write(conn, scope, change, now).await
        }
        Some(Change::Over(_)) | None => Ok(()),
    }
}

/// Ends every alert of this name about `subject` at `place`, whichever poller raised it.
pub(in crate::store) async fn end_about(
    conn: &mut Conn<'_>,
    name: AlertName,
    place: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "SELECT * FROM alerts WHERE name = $1 AND network = $2 AND subject = $3 AND ended_at IS NULL";
    let args = [Arg::Text(name.as_str()), Arg::Text(place), Arg::Text(subject)];
    for row in conn.rows(sql, &args).await? {
        let scope = Scope { poller: row.parsed("poller")?, network: place.to_owned() };
        write(conn, &scope, &Change::Over(&alert_from(&row)?), now).await?;
    }
    Ok(())
}

/// Every alert of this name that stands, wherever.
pub(in crate::store) async fn named(
    conn: &mut Conn<'_>,
    name: AlertName,
) -> Result<Vec<OpenAlert>, StoreError> {
    let sql = "SELECT * FROM alerts WHERE name = $1 AND ended_at IS NULL ORDER BY alert_id";
    conn.rows(sql, &[Arg::Text(name.as_str())]).await?.iter().map(alert_from).collect()
}

pub(super) async fn open_at(
    conn: &mut Conn<'_>,
    scope: &Scope,
) -> Result<Vec<OpenAlert>, StoreError> {
    let args = [Arg::Text(scope.poller.name()), Arg::Text(scope.place())];
    conn.rows(OPEN_AT, &args).await?.iter().map(alert_from).collect()
}

/// Whether setting these would change anything.
pub(in crate::store) fn is_news(open: &[OpenAlert], name: AlertName, standing: &[Alert]) -> bool {
    !changes(open, name, standing).is_empty()
}

/// What is to be written so that of `name` these stand, and no others.
fn changes<'a>(open: &'a [OpenAlert], name: AlertName, standing: &'a [Alert]) -> Vec<Change<'a>> {
    let of_name = || open.iter().filter(|open| open.name == name.as_str());
    let stands = |alert: &Alert| of_name().find(|open| open.subject == alert.subject);
    let lasts = |open: &&OpenAlert| !standing.iter().any(|alert| alert.subject == open.subject);
    let news = standing.iter().filter_map(|alert| match stands(alert) {
        None => Some(Change::Begun(alert)),
        Some(open) if open.count != alert.count || open.detail != alert.detail => {
            Some(Change::Other(open, alert))
        }
        Some(_) => None,
    });
    news.chain(of_name().filter(lasts).map(Change::Over)).collect()
}

async fn write(
    conn: &mut Conn<'_>,
    scope: &Scope,
    change: &Change<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let place = scope.place();
    match change {
        Change::Begun(alert) => {
            let Alert { name, subject, count, detail } = alert;
            let args = [
                Arg::Text(name.as_str()),
                Arg::Text(scope.poller.name()),
                Arg::Text(place),
                Arg::Text(subject),
                number(*count),
                Arg::Text(detail),
                Arg::Time(now),
            ];
            let sql = "INSERT INTO alerts (name, poller, network, subject, count, detail, began_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7)";
            conn.execute(sql, &args).await?;
            tracing::warn!(alert = %name, poller = %scope.poller, place, subject, count, detail, "alert raised");
            tell(conn, EventType::AlertRaised, scope, alert, now).await
        }
        Change::Other(open, alert) => {
            let args = [Arg::Int(open.alert_id), number(alert.count), Arg::Text(&alert.detail)];
            let sql = "UPDATE alerts SET count = $2, detail = $3, silenced_at = NULL, silenced_by = NULL, \
                       silenced_why = NULL WHERE alert_id = $1";
            conn.execute(sql, &args).await?;
            // That there is more of it is news, and so is what somebody thought to be over. Less of it, or other words
            // for it, are not.
            if alert.count <= open.count && open.silence.is_none() {
                return Ok(());
            }
            let Alert { name, subject, count, detail } = alert;
            tracing::warn!(alert = %name, poller = %scope.poller, place, subject, count, detail, "alert changed");
            tell(conn, EventType::AlertChanged, scope, alert, now).await
        }
        Change::Over(open) => {
            let args = [Arg::Int(open.alert_id), Arg::Time(now)];
            conn.execute("UPDATE alerts SET ended_at = $2 WHERE alert_id = $1", &args).await?;
            let OpenAlert { name, poller, subject, .. } = open;
            tracing::info!(alert = name, poller, place, subject, "alert cleared");
            let event = event(EventType::AlertCleared, open, json!({}), now);
            events::append(conn, &event).await
        }
    }
}

async fn tell(
    conn: &mut Conn<'_>,
    event_type: EventType,
    scope: &Scope,
    alert: &Alert,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let open = open_at(conn, scope).await?;
    let is_it =
        |open: &&OpenAlert| open.name == alert.name.as_str() && open.subject == alert.subject;
    let Some(open) = open.iter().find(is_it) else { return Ok(()) };
    let more = json!({ "count": open.count, "detail": open.detail, "advice": alert.name.advice() });
    events::append(conn, &event(event_type, open, more, now)).await
}

/// An event of an alert, with `more` facts beside those that name it.
pub(in crate::store) fn event(
    event_type: EventType,
    alert: &OpenAlert,
    more: serde_json::Value,
    now: DateTime<Utc>,
) -> Event {
    let mut data = json!({
        "alert_id": alert.alert_id,
        "name": alert.name,
        "poller": alert.poller,
        "place": alert.place,
        "subject": alert.subject,
    });
    if let (Some(data), serde_json::Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    Event::of(event_type, format!("alert/{}", alert.name), &data, now)
}

fn number(count: u64) -> Arg<'static> {
    Arg::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(subject: &str, count: u64) -> OpenAlert {
        OpenAlert {
            alert_id: 1,
            name: AlertName::Drift.as_str().to_owned(),
            poller: "accepted".to_owned(),
            place: "acme".to_owned(),
            subject: subject.to_owned(),
            count,
            detail: "so it is".to_owned(),
            began_at: DateTime::UNIX_EPOCH,
            ended_at: None,
            silence: None,
        }
    }

    fn stands(subject: &str, count: u64) -> Alert {
        Alert { subject: subject.to_owned(), count, ..Alert::of(AlertName::Drift, "so it is") }
    }

    #[test]
    fn what_is_as_it_was_is_no_change() {
        let there = [open("", 1), open("a", 2)];
        let same = [stands("a", 2), stands("", 1)];
        assert_eq!(changes(&there, AlertName::Drift, &same), []);
        assert_eq!(changes(&there, AlertName::Quarantined, &[]), [], "others are not touched");
    }

    #[test]
    fn each_condition_begins_lasts_or_ends_by_itself() {
        let there = [open("a", 1), open("b", 1), open("c", 1)];
        let (more, new) = (stands("b", 3), stands("d", 1));
        let now = [stands("a", 1), more.clone(), new.clone()];
        let expected =
            [Change::Other(&there[1], &more), Change::Begun(&new), Change::Over(&there[2])];
        assert_eq!(changes(&there, AlertName::Drift, &now), expected);
    }

    #[test]
    fn other_words_are_kept() {
        let there = [open("", 1)];
        let other = Alert::of(AlertName::Drift, "so it is now");
        assert_eq!(
            changes(&there, AlertName::Drift, std::slice::from_ref(&other)),
            [Change::Other(&there[0], &other)]
        );
    }
}
