//! How long files are.

use super::source::Source;

/// A longer file holds two things.
const LONGEST: usize = 400;

/// The files that are too long.
pub(super) fn faults(sources: &[Source]) -> Vec<String> {
    let fault = |source: &Source| {
        let lines = source.text.lines().count();
        let text = format!(
            "{}:{}: {lines} lines are more than {LONGEST}: split it by what it does",
            source.path,
            LONGEST + 1
        );
        (lines > LONGEST).then_some(text)
    };
    sources.iter().filter_map(fault).collect()
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let of = |lines: usize| Source::new("src/a.rs", &"x\n".repeat(lines));
    assert_eq!(faults(&[of(LONGEST)]), Vec::<String>::new());
    let told = "src/a.rs:401: 401 lines are more than 400: split it by what it does";
    assert_eq!(faults(&[of(LONGEST + 1)]), [told]);
}
