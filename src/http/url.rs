//! URLs: those of the config, and those made of them.

use reqwest::Url;

use super::CallError;

/// A URL of the config that requests can be sent to. `key` is its name there.
pub(crate) fn url_of(key: &str, text: &str) -> Result<Url, CallError> {
    let wrong = |why: &str| CallError::Options(format!("{key}: {why}"));
    let url =
        Url::parse(text).map_err(|error| wrong(&format!("`{text}` is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(&format!("`{text}` is not an http or https URL")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("a URL must not hold a user or password"));
    }
    Ok(url)
}

/// `base` with `segments` at the end of its path. A slash inside a segment is escaped, and a slash at the end of
/// `base` makes no difference.
pub(crate) fn extended(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // An http URL always has a path, see `url_of`.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_the_config_are_checked() {
        for url in
            ["", "acme.example", "ftp://acme.example", "https://", "https://u:p@acme.example"]
        {
            assert!(matches!(url_of("url", url), Err(CallError::Options(_))), "{url}");
        }
    }

    #[test]
    fn a_path_grows_by_segments() {
        for base in ["https://a.example/rail", "https://a.example/rail/"] {
            let base = url_of("url", base).unwrap();
            let longer = extended(&base, &["payouts", "a/b"]);
            assert_eq!(longer.as_str(), "https://a.example/rail/payouts/a%2Fb");
        }
        let bare = url_of("url", "https://a.example").unwrap();
        assert_eq!(extended(&bare, &["config"]).as_str(), "https://a.example/config");
    }
}
