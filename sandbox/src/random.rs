//! Chance that is the same again for the same seed.

/// A small deterministic source of chance (splitmix64). Never for secrets.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Chance that depends on nothing but the seed and a text, in whatever order the texts come.
    pub(super) fn about(seed: u64, text: &str) -> Self {
        Self(
            text.bytes()
                .fold(seed, |mixed, byte| scramble(mixed ^ u64::from(byte)).wrapping_add(1)),
        )
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        scramble(self.0)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// True in `rate` of 1000 cases.
    pub(super) fn per_mille(&mut self, rate: u32) -> bool {
        // A rate of 0 draws nothing, so that switching one fault on leaves the other draws alone.
        rate > 0 && self.below(1000) < u64::from(rate)
    }

    /// One of several, each in so many of 1000 cases; else none. Together they should not pass 1000.
    pub(super) fn one_of<T>(&mut self, choices: impl IntoIterator<Item = (u32, T)>) -> Option<T> {
        let mut choices = choices.into_iter().filter(|(rate, _)| *rate > 0).peekable();
        // Where nothing can happen nothing is drawn, so that switching one fault on leaves the other draws alone.
        choices.peek()?;
        let mut drawn = self.below(1000);
        for (rate, choice) in choices {
            if drawn < u64::from(rate) {
                return Some(choice);
            }
            drawn -= u64::from(rate);
        }
        None
    }

    /// A number of milliseconds within a range that includes both ends.
    pub(super) fn within(&mut self, (least, most): (i64, i64)) -> i64 {
        let span = u64::try_from(most.saturating_sub(least)).unwrap_or(0);
        least.saturating_add(i64::try_from(self.below(span.saturating_add(1))).unwrap_or(0))
    }
}

/// The same 64 bits for the same number, without any visible pattern.
pub(super) const fn scramble(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_chance() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            [chance.next(), chance.next(), chance.next()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn chance_about_a_text_is_its_own() {
        let draw = |seed, text| Chance::about(seed, text).next();
        assert_eq!(draw(7, "a"), draw(7, "a"));
        assert_ne!(draw(7, "a"), draw(7, "b"));
        assert_ne!(draw(7, "a"), draw(8, "a"));
        let hits = (0..10_000).filter(|n| Chance::about(1, &n.to_string()).per_mille(100)).count();
        assert!((900..1100).contains(&hits), "{hits}");
    }

    #[test]
    fn a_rate_is_kept_roughly() {
        let mut chance = Chance::new(1);
        let hits = (0..10_000).filter(|_| chance.per_mille(100)).count();
        assert!((900..1100).contains(&hits), "{hits}");
    }

    #[test]
    fn a_range_includes_both_ends() {
        let mut chance = Chance::new(1);
        let drawn: Vec<i64> = (0..200).map(|_| chance.within((3, 5))).collect();
        assert_eq!(drawn.iter().min(), Some(&3));
        assert_eq!(drawn.iter().max(), Some(&5));
    }
}
