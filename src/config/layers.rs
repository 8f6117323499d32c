//! Where settings come from, and how the layers become one.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, FileFormat, Format, Map, Source, Value, ValueKind};

use super::DEFAULTS;
use super::errors::Mistake;

/// The origin of a value that nobody has set.
pub(super) const BUILT_IN: &str = "built-in defaults";
const ENVIRONMENT: &str = "environment";
const COMMAND_LINE: &str = "--set";

/// What the name of a variable begins with, and what stands between its parts.
const PREFIX: &str = "RAILPOLL__";
const SEPARATOR: &str = "__";

/// Read where no file is given: the first that exists. Not both: the second is the file of defaults in a checkout,
/// and would undo the first.
const USUAL_FILES: [&str; 2] = ["/etc/railpoll/railpoll.toml", "config/railpoll.toml"];

/// Everything that settings are made from. Kept by a daemon, to load again on HUP.
#[derive(Clone, Default)]
pub struct Sources {
    /// Files, later ones win. A file that cannot be read is a mistake. `conf.d/*.toml` beside the last one is read too.
    pub files: Vec<PathBuf>,
    /// `KEY=VALUE` from the command line, later ones win.
    pub set: Vec<String>,
    /// Environment variables by name; those that do not begin with `RAILPOLL__` are passed over.
    pub environment: Vec<(String, String)>,
    /// Where systemd puts credentials: `$CREDENTIALS_DIRECTORY`.
    pub credentials_directory: Option<PathBuf>,
    /// Where systemd wants state to be kept: the first of `$STATE_DIRECTORY`.
    pub state_directory: Option<PathBuf>,
}

impl Sources {
    /// The sources of this process: its command line and its environment. With no `files`, the usual ones.
    #[must_use]
    pub fn from_process(files: Vec<PathBuf>, set: Vec<String>) -> Self {
        let files = if files.is_empty() { usual_file().into_iter().collect() } else { files };
        // Text that is not UTF-8 becomes text that no key accepts, and so a mistake with a name.
        let environment = std::env::vars_os()
            .map(|(name, value)| {
                (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
            })
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        let credentials_directory = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let state_directory = std::env::var_os("STATE_DIRECTORY")
            .and_then(|folders| std::env::split_paths(&folders).next());
        Self { files, set, environment, credentials_directory, state_directory }
    }
}

/// Shows which keys are set, not to what: a value may hold a password.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<&str> = self.set.iter().map(|assignment| name_in(assignment)).collect();
        let environment: Vec<&String> = self.environment.iter().map(|(name, _)| name).collect();
        f.debug_struct("Sources")
            .field("files", &self.files)
            .field("set", &set)
            .field("environment", &environment)
            .field("credentials_directory", &self.credentials_directory)
            .field("state_directory", &self.state_directory)
            .finish()
    }
}

/// The key that an assignment begins with.
fn name_in(assignment: &str) -> &str {
    let is_key = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    assignment.split(|c: char| !is_key(c)).next().unwrap_or_default()
}

/// A file that may not even be looked at counts as there, so that loading says so instead of passing it over.
fn usual_file() -> Option<PathBuf> {
    USUAL_FILES.map(PathBuf::from).into_iter().find(|file| file.try_exists().unwrap_or(true))
}

/// The layers as one flat map, whole key to value; each value knows its origin.
///
/// # Errors
/// Every file that cannot be read or is not TOML, and every `--set` without `=`. No guess is made at what the rest
/// would mean without them.
pub(super) fn merged(sources: &Sources) -> Result<BTreeMap<String, Value>, Vec<Mistake>> {
    let mut layers = vec![parse_toml(BUILT_IN, DEFAULTS)];
    match with_conf_d(&sources.files) {
        Ok(files) => layers.extend(files.iter().map(|file| read_file(file))),
        Err(mistake) => layers.push(Err(mistake)),
    }
    layers.extend(environment_layers(&sources.environment).map(Ok));
    layers.extend(sources.set.iter().map(|assignment| set_layer(assignment)));

    let mut builder = Config::builder();
    let mut mistakes = Vec::new();
    for layer in layers {
        match layer {
            Ok(layer) => builder = builder.add_source(layer),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let merged = builder.build().map_err(|error| vec![whole(BUILT_IN, error.to_string())])?;
    let mut flat = BTreeMap::new();
    flatten("", &merged.cache, &mut flat);
    Ok(flat)
}

/// One layer, parsed.
#[derive(Debug, Clone)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn whole(origin: &str, message: String) -> Mistake {
    Mistake { origin: origin.to_owned(), key: None, message }
}

fn with_conf_d(files: &[PathBuf]) -> Result<Vec<PathBuf>, Mistake> {
    let mut all = files.to_vec();
    let Some(last) = files.last() else { return Ok(all) };
    let directory = last.with_file_name("conf.d");
    let unreadable = |error| whole(&directory.display().to_string(), cannot_read(&error));
    let entries = match fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(all),
        Err(error) => return Err(unreadable(error)),
    };
    let mut drop_ins = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // As a shell's *.toml: an editor's hidden copies are not meant.
        if name.ends_with(".toml") && !name.starts_with('.') {
            drop_ins.push(path);
        }
    }
    drop_ins.sort();
    all.extend(drop_ins);
    Ok(all)
}

fn cannot_read(error: &std::io::Error) -> String {
    format!("cannot be read: {error}")
}

fn read_file(file: &Path) -> Result<Layer, Mistake> {
    let origin = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| whole(&origin, cannot_read(&error)))?;
    parse_toml(&origin, &text)
}

fn parse_toml(origin: &str, text: &str) -> Result<Layer, Mistake> {
    FileFormat::Toml.parse(Some(&origin.to_owned()), text).map(Layer).map_err(|error| {
        // The lines between the first (where) and the last (what) quote the file, which may hold a password.
        let error = error.to_string();
        let mut lines = error.lines().filter(|line| !line.trim().is_empty());
        let place = lines.next().unwrap_or("not TOML");
        let message = lines.next_back().map(|reason| format!("{place}: {reason}"));
        whole(origin, message.unwrap_or_else(|| place.to_owned()))
    })
}

/// One layer for each variable, in order of key: which of two wins must not change from start to start.
fn environment_layers(variables: &[(String, String)]) -> impl Iterator<Item = Layer> {
    let values: BTreeMap<String, Value> = variables
        .iter()
        .filter_map(|(name, text)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase().replace(SEPARATOR, ".");
            Some((key, assigned(ENVIRONMENT, text)))
        })
        .collect();
    values.into_iter().map(|assignment| Layer(Map::from([assignment])))
}

fn set_layer(assignment: &str) -> Result<Layer, Mistake> {
    let Some((key, text)) = assignment.split_once('=') else {
        return Err(whole(
            COMMAND_LINE,
            format!("`{}` is not of the form KEY=VALUE", name_in(assignment)),
        ));
    };
    let value = assigned(COMMAND_LINE, text);
    Ok(Layer(Map::from([(key.trim().to_owned(), value)])))
}

/// A value given as bare text. Lists, tables and quoted texts are TOML; anything else stays as it is written, since
/// only the key's reader knows whether `0123` is a number or a name.
fn assigned(origin: &str, text: &str) -> Value {
    let text = text.trim();
    let origin = origin.to_owned();
    if text.starts_with(['"', '\'', '[', '{'])
        && let Ok(mut parsed) = FileFormat::Toml.parse(Some(&origin), &format!("value = {text}"))
        && parsed.len() == 1
        && let Some(value) = parsed.remove("value")
    {
        return value;
    }
    Value::new(Some(&origin), text)
}

/// Turns tables into dotted keys. A table without keys says nothing, and leaves nothing.
fn flatten(path: &str, value: &Value, flat: &mut BTreeMap<String, Value>) {
    let ValueKind::Table(table) = &value.kind else {
        flat.insert(path.to_owned(), value.clone());
        return;
    };
    for (name, child) in table {
        let name = if is_bare(name) { name.clone() } else { format!("\"{name}\"") };
        let key = if path.is_empty() { name } else { format!("{path}.{name}") };
        flatten(&key, child, flat);
    }
}

/// Whether TOML takes the name without quotes. Other names stay quoted, so that a dot in one does not make two.
fn is_bare(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
