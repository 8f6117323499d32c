//! Who is at the keyboard, for the record: the name that is given, and what the system says beside it.

use std::path::Path;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::engine::{Evidence, MACHINES, Operator};
use crate::store::Deed;

/// The login user id of a process that nobody's login has started.
const NO_LOGIN: u32 = u32::MAX;

/// Who decides.
#[derive(Debug, Args)]
pub(super) struct NameArgs {
    /// Who decides, for the record [default: the user who logged in, else `$SUDO_USER`, `$USER` or `$LOGNAME`]
    #[arg(long, value_name = "NAME", value_parser = person)]
    by: Option<String>,
}

/// Who decides, and perhaps why.
#[derive(Debug, Args)]
pub(super) struct ByArgs {
    #[command(flatten)]
    who: NameArgs,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
}

/// Who decides, and why: where money moves, nobody need guess later.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    #[command(flatten)]
    who: NameArgs,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    reason: String,
}

impl NameArgs {
    /// The deed of whoever gave this.
    pub(super) fn deed(&self, reason: Option<&str>) -> Deed {
        Deed { operator: operator(self.by.as_deref()), reason: reason.map(str::to_owned) }
    }
}

impl ByArgs {
    /// The deed of whoever gave these.
    pub(super) fn deed(&self) -> Deed {
        self.who.deed(self.reason.as_deref())
    }
}

impl WhyArgs {
    /// The deed of whoever gave these.
    pub(super) fn deed(&self) -> Deed {
        self.who.deed(Some(&self.reason))
    }

    /// Why.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }
}

/// A name, if it is one that a person may have on record.
fn person(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() {
        return Err("a name is expected".to_owned());
    }
    if MACHINES.contains(&name) {
        return Err(format!("the record calls a program so: {}", MACHINES.join(", ")));
    }
    Ok(name.to_owned())
}

/// The deed of a program that goes by a name of its own.
pub(super) fn deed_of(name: &str, reason: &str) -> Deed {
    Deed { operator: operator(Some(name)), reason: Some(reason.to_owned()) }
}

/// Who decides: `given`, or whoever is at the keyboard. A name is believed only where the system agrees.
fn operator(given: Option<&str>) -> Operator {
    let uid = rustix::process::getuid().as_raw();
    let login_uid = number_in(Path::new("/proc/self/loginuid")).filter(|uid| *uid != NO_LOGIN);
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let logged_in = login_uid.and_then(|uid| name_of(&users, uid));
    let name = given.map(str::to_owned).or(logged_in).unwrap_or_else(user);
    Operator {
        evidence: Evidence::of(uid_of(&users, &name), uid, login_uid),
        name,
        uid,
        login_uid,
        host: text_in(Path::new("/proc/sys/kernel/hostname")).unwrap_or_default(),
        origin: "command",
    }
}

/// What the surroundings call whoever is at the keyboard: behind `sudo -u railpoll` that is not the user we run as.
fn user() -> String {
    let named = |variable: &&str| std::env::var_os(variable)?.into_string().ok();
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let mut people = names.iter().filter_map(named).filter_map(|name| person(&name).ok());
    people.next().unwrap_or_else(|| "operator".to_owned())
}

fn text_in(file: &Path) -> Option<String> {
    std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

fn number_in(file: &Path) -> Option<u32> {
    text_in(file)?.parse().ok()
}

/// The lines of a file of users: name and id.
fn users(file: &str) -> impl Iterator<Item = (&str, u32)> {
    file.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        Some((name, fields.nth(1)?.parse().ok()?))
    })
}

fn uid_of(file: &str, name: &str) -> Option<u32> {
    users(file).find(|(one, _)| *one == name).map(|(_, uid)| uid)
}

fn name_of(file: &str, uid: u32) -> Option<String> {
    users(file).find(|(_, one)| *one == uid).and_then(|(name, _)| person(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_decides_in_a_programs_name() {
        assert_eq!(person(" kim ").as_deref(), Ok("kim"));
        for name in MACHINES.iter().chain(&["", " "]) {
            assert!(person(name).is_err(), "{name}");
        }
    }

    #[test]
    fn users_are_looked_up_by_name_and_by_id() {
        let file = "root:x:0:0:root:/root:/bin/sh\nodd\nkim:x:1000:1000::/home/kim:/bin/sh\nhttp:x:33:33::/:/\n";
        assert_eq!(uid_of(file, "kim"), Some(1000));
        assert_eq!(uid_of(file, "ki"), None);
        assert_eq!(name_of(file, 1000).as_deref(), Some("kim"));
        assert_eq!(name_of(file, 33), None, "a program's name is nobody's");
    }

    #[test]
    fn a_name_that_is_given_stands_beside_what_the_system_says() {
        let operator = operator(Some("nobody-of-this-name"));
        assert_eq!(operator.name, "nobody-of-this-name");
        assert_eq!(operator.evidence, Evidence::Claimed);
        assert_eq!(operator.uid, rustix::process::getuid().as_raw());
    }
}
