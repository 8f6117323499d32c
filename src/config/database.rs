//! `[database]`: where everything is kept.

use std::fmt;
use std::path::{Path, PathBuf};

use config::Value;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::reader::{Reader, Section};
use super::values::{self, Parsed};

/// The database that all pollers of one installation share.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseSettings {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Who brings its schema up to date.
    pub migrate: Migrate,
    /// Where this host keeps what it has seen of it.
    pub state_dir: Option<PathBuf>,
}

/// Who brings the schema up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// The first process that starts.
    Auto,
    /// An operator, with `railpoll migrate`.
    Manual,
}

/// Where the database is. Printing it hides a password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// An SQLite file; a relative path is relative to the working directory.
    Sqlite(PathBuf),
    /// A PostgreSQL URL (`postgres://…`), as it was written. It may hold a password.
    Postgres(SecretString),
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sqlite(one), Self::Sqlite(two)) => one == two,
            (Self::Postgres(one), Self::Postgres(two)) => {
                one.expose_secret() == two.expose_secret()
            }
            (Self::Sqlite(_), Self::Postgres(_)) | (Self::Postgres(_), Self::Sqlite(_)) => false,
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn without_password(secret: &SecretString) -> String {
    const HIDDEN: &str = "***";
    let unreadable = || format!("postgres://{HIDDEN}");
    let text = secret.expose_secret();
    let Some((scheme, rest)) = text.split_once("://") else { return unreadable() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = match authority.rsplit_once('@') {
        Some((user, hosts)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:{HIDDEN}@{hosts}"),
            None => authority.to_owned(),
        },
        None => authority.to_owned(),
    };
    let path = match path.split_once('?') {
        Some((path, query)) => {
            let hide = |pair: &str| match pair.split_once('=') {
                Some((key, _)) if key.to_lowercase().contains("password") => {
                    format!("{key}={HIDDEN}")
                }
                Some(_) | None => pair.to_owned(),
            };
            let pairs: Vec<String> = query.split('&').map(hide).collect();
            format!("{path}?{}", pairs.join("&"))
        }
        None => path.to_owned(),
    };
    format!("{scheme}://{authority}{path}")
}

/// The same URL with the first of its hosts alone: several are `HOST:PORT,HOST:PORT`, which is no URL.
fn with_one_host(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, hosts) =
        authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
    let mut all = hosts.split(',').map(|host| match user {
        "" => format!("{scheme}://{host}{path}"),
        user => format!("{scheme}://{user}@{host}{path}"),
    });
    let first = all.next()?;
    // One that is wrong is told of.
    all.find(|one| one.parse::<Url>().is_err()).or(Some(first))
}

impl DatabaseUrl {
    /// Which database it is, whoever logs in there.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Sqlite(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                format!("sqlite:{}", path.display())
            }
            Self::Postgres(url) => match url.expose_secret().parse::<Url>() {
                Ok(url) => {
                    let host = url.host_str().unwrap_or_default();
                    format!("postgres://{host}:{}{}", url.port().unwrap_or(5432), url.path())
                }
                Err(_) => "postgres://".to_owned(),
            },
        }
    }

    /// The folder of an SQLite file.
    fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                Some(folder.unwrap_or_else(|| Path::new(".")).to_path_buf())
            }
            Self::Postgres(_) => None,
        }
    }
}

pub(super) fn read(
    reader: &mut Reader,
    state_directory: Option<&Path>,
) -> Option<DatabaseSettings> {
    const MIGRATE: &[(&str, Migrate)] = &[("auto", Migrate::Auto), ("manual", Migrate::Manual)];
    let section = Section::root("database");
    let url = reader.required(&section, "url", database_url);
    if let Some(url) = &url {
        let shown = serde_json::Value::from(url.to_string()).to_string();
        reader.show(&section, "url", shown);
    }
    let migrate = reader.required(&section, "migrate", values::choice(MIGRATE));
    let state_dir = reader.optional(&section, "state_dir", values::text).map(PathBuf::from);
    let state_dir = state_dir.or_else(|| state_directory.map(Path::to_path_buf));
    let state_dir = state_dir.or_else(|| url.as_ref().and_then(DatabaseUrl::folder));
    Some(DatabaseSettings { url: url?, migrate: migrate?, state_dir })
}

/// Never repeats the value in what is wrong: it may hold a password.
fn database_url(value: &Value) -> Parsed<DatabaseUrl> {
    const FORMS: &str = "this is neither sqlite:PATH nor postgres://USER@HOST/DATABASE";
    let text = values::text(value).map_err(|_| FORMS.to_owned())?;
    if let Some(path) = text.strip_prefix("sqlite:") {
        return sqlite(path.strip_prefix("//").unwrap_or(path));
    }
    let one = with_one_host(&text).ok_or(FORMS)?;
    let url: Url = one.parse().map_err(|error| format!("{FORMS}: {error}"))?;
    match url.scheme() {
        "postgres" | "postgresql" => Ok(DatabaseUrl::Postgres(SecretString::from(text))),
        _ => Err(FORMS.to_owned()),
    }
}

fn sqlite(path: &str) -> Parsed<DatabaseUrl> {
    if path.is_empty() {
        return Err("the path after sqlite: is missing".to_owned());
    }
    if path.starts_with(":memory:") {
        return Err("a database in memory is lost with the process: name a file".to_owned());
    }
    if path.contains('?') {
        return Err("options after `?` are not for you to set: name just the file".to_owned());
    }
    Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
}
