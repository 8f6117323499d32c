//! What may have been meant by a name that nothing has.

/// The known name that is nearest to what was written, if it is near: a letter or two, or its beginning.
#[must_use]
pub fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| {
        let letters = strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase());
        let begins = written.chars().count() >= 3 && name.starts_with(written);
        (!begins, letters)
    };
    let (begun, near) = known.map(|name| (distance(name), name)).min()?;
    is_near(written, near, begun).then_some(near)
}

/// Whether a name is so near that it may have been meant: a third of its letters may be wrong.
fn is_near(written: &str, name: &str, (unlike, letters): (bool, usize)) -> bool {
    let length = written.chars().count().max(name.chars().count());
    !unlike || letters <= (length / 3).max(1) && letters < length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_offered() {
        let fields = ["memo", "subject", "command", "database.url", "transfer_id"];
        let near = |written| nearest(written, fields.into_iter());
        assert_eq!(near("mem"), Some("memo"));
        assert_eq!(near("mmeo"), Some("memo"));
        assert_eq!(near("transferid"), Some("transfer_id"));
        assert_eq!(near("transfer"), Some("transfer_id"));
        for far in ["nonsense", "x", "version", "currency", ""] {
            assert_eq!(near(far), None, "{far}");
        }
    }
}
