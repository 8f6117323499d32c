//! Alerts.

use super::{Viewed, view};
use crate::engine::{AlertName, iso};
use crate::store::OpenAlert;

view! {
    /// An alert.
    pub(crate) struct AlertJson<'a> {
        id: i64,
        name: &'a str,
        poller: &'a str,
        place: &'a str,
        subject: &'a str,
        count: u64,
        detail: &'a str,
        advice: Option<&'static str>,
        began_at: String,
        ended_at: Option<String>,
        silenced_at: Option<String>,
        silenced_by: Option<&'a str>,
        silenced_reason: Option<&'a str>,
    }
}

impl<'a> From<&'a OpenAlert> for AlertJson<'a> {
    fn from(alert: &'a OpenAlert) -> Self {
        let silence = alert.silence.as_ref();
        Self {
            id: alert.alert_id,
            name: &alert.name,
            poller: &alert.poller,
            place: &alert.place,
            subject: &alert.subject,
            count: alert.count,
            detail: &alert.detail,
            advice: alert.name.parse::<AlertName>().ok().map(AlertName::advice),
            began_at: iso(alert.began_at),
            ended_at: alert.ended_at.map(iso),
            silenced_at: silence.map(|silence| iso(silence.at)),
            silenced_by: silence.map(|silence| silence.by.as_str()),
            silenced_reason: silence.map(|silence| silence.why.as_str()),
        }
    }
}

impl Viewed for OpenAlert {
    type View<'a> = AlertJson<'a>;
    const KEYS: &'static [&'static str] = AlertJson::KEYS;

    fn view(&self) -> AlertJson<'_> {
        self.into()
    }
}
