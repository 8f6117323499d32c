//! Who tells of trouble: pages, logs, metrics, and the operator's commands.

use serde_json::Value;

use super::stage::Stage;

/// Whether some daemon says that it is not alive, and some that it is not ready.
pub(super) fn pages_tell(stage: &Stage) -> bool {
    let any = |path| stage.fleet.members.iter().any(|member| member.page(path) == Some(503));
    any("/healthz") && any("/readyz")
}

/// Whether every daemon says that it is not ready. What is not answered at all is taken for a failure only after half a
/// minute, and thrice a failure for no life.
pub(super) fn is_unready(stage: &Stage) -> bool {
    stage.fleet.members.iter().all(|member| member.page("/readyz") == Some(503))
}

/// Whether some daemon's metrics have this alert standing.
pub(super) fn metrics_tell(stage: &Stage, alert: &str) -> bool {
    let is_it = |line: &str| {
        line.starts_with("railpoll_alert{") && line.contains(alert) && line.ends_with(" 1")
    };
    stage.fleet.members.iter().any(|member| member.metrics().lines().any(is_it))
}

/// Whether `railpoll alerts` has one of these with `detail`, `railpoll status` has it at its poller, and `railpoll status
/// --check` ends with 1 for it.
pub(super) fn commands_tell(stage: &Stage, names: &[&str], detail: &str) -> bool {
    let alerts = stage.railpoll(&["alerts", "--json"]);
    if alerts.code != Some(0) {
        return false;
    }
    let told = alerts.json();
    let found = told.iter().find(|alert| {
        names.contains(&alert["name"].as_str().unwrap())
            && alert["detail"].as_str().unwrap().contains(detail)
    });
    let Some(alert) = found else { return false };
    let status = stage.railpoll(&["status", "--json"]);
    let has_it = |standing: &Value| {
        standing["poller"] == alert["poller"]
            && standing["place"] == alert["place"]
            && standing["alerts"].as_array().unwrap().contains(&alert["name"])
    };
    let check = stage.railpoll(&["status", "--check", "--json"]);
    status.code == Some(0)
        && status.json().iter().any(has_it)
        && check.code == Some(1)
        && check.json().iter().any(|wrong| wrong["name"] == alert["name"])
}

/// Whether `railpoll status --check` has nothing to say.
pub(super) fn nothing_is_wrong(stage: &Stage) -> bool {
    let check = stage.railpoll(&["status", "--check"]);
    check.code == Some(0) && check.stdout.is_empty()
}

/// Whether `railpoll status` and its `--check` say that they cannot ask the database.
pub(super) fn status_fails(stage: &Stage) -> bool {
    [&["status"][..], &["status", "--check"]].into_iter().all(|words| {
        let status = stage.railpoll(words);
        status.code == Some(69) && !status.stderr.is_empty()
    })
}

/// From where on each daemon's log is new.
pub(super) fn marks(stage: &Stage) -> Vec<usize> {
    stage.fleet.members.iter().map(|member| member.log_length()).collect()
}

/// Whether some daemon has said this since then.
pub(super) fn logs_tell(stage: &Stage, since: &[usize], text: &str) -> bool {
    let members = stage.fleet.members.iter().zip(since);
    let mut lines = members.flat_map(|(member, line)| member.log_from(*line));
    lines.any(|line| line.contains(text))
}
