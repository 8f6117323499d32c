//! Sections of config files.

use std::path::Path;

use serde_json::Value;

/// A section of a config file: its name, and its keys in their order. TOML takes texts, numbers and lists as JSON writes
/// them, so that whatever is in a path or a passphrase is escaped.
pub(in crate::cli) fn section<const N: usize>(name: &str, keys: [(&str, Value); N]) -> String {
    let lines = keys.map(|(key, value)| format!("{key} = {value}\n"));
    format!("[{name}]\n{}", lines.concat())
}

/// A path as the value of a key.
pub(in crate::cli) fn path(path: &Path) -> Value {
    path.display().to_string().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_in_a_text_stays_in_it() {
        let keys =
            [("file", json!("/tmp/a \"b\"\\c\n")), ("list", json!(["x", "é"])), ("n", json!(5))];
        let text = section("places.one", keys);
        let read = config::Config::builder()
            .add_source(config::File::from_str(&text, config::FileFormat::Toml))
            .build()
            .unwrap();
        assert_eq!(read.get_string("places.one.file").unwrap(), "/tmp/a \"b\"\\c\n");
        assert_eq!(read.get_array("places.one.list").unwrap().len(), 2);
        assert_eq!(read.get_int("places.one.n").unwrap(), 5);
    }
}
