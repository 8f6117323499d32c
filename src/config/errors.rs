//! What is wrong with a configuration: all of it, not only the first mistake.

use std::fmt;

use super::seeds::hidden;

/// One mistake: where it stands, which key it is about, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file as it was named, `environment`, `--set` or `built-in defaults`.
    pub origin: String,
    /// The whole key, such as `pollers.accepted.fixed_delay`; `None` if it is about the origin as a whole.
    pub key: Option<String>,
    /// What is wrong, in one line. It never holds a secret.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Every mistake in a configuration, by origin and key. Prints one per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    mistakes: Vec<Mistake>,
}

impl ConfigErrors {
    pub(super) fn new(mistakes: impl IntoIterator<Item = Mistake>) -> Self {
        let shown = |text: String| hidden(&text).into_owned();
        let shown = |mistake: Mistake| Mistake {
            origin: mistake.origin,
            key: mistake.key.map(shown),
            message: shown(mistake.message),
        };
        Self { mistakes: mistakes.into_iter().map(shown).collect() }
    }

    /// The mistakes, by origin and key.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
