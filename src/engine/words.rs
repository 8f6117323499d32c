//! Enums whose variants are words.

/// Makes an enum of which each variant is one word, in tables, files, events and metrics: `Variant = "word"`. It can be
/// listed, written and read; what is no such word is refused as the thing named behind the enum's name.
macro_rules! words {
    (
        $(#[$about:meta])*
        $vis:vis enum $Name:ident: $thing:literal {
            $($(#[$means:meta])* $Variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $Name {
            $($(#[$means])* $Variant,)+
        }

        impl $Name {
            /// Every one, in order.
            $vis const ALL: [Self; [$($word),+].len()] = [$(Self::$Variant),+];

            /// The word for it.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }
        }

        impl ::std::fmt::Display for $Name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $Name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                Self::ALL.into_iter().find(|one| one.as_str() == word).ok_or_else(|| {
                    let known = Self::ALL.map(Self::as_str).join(", ");
                    format!("there is no {} `{word}`; there are: {known}", $thing)
                })
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    words! {
        /// Which side.
        enum Side: "side" {
            Left = "left",
            Right = "right-hand",
        }
    }

    #[test]
    fn each_word_means_its_variant_and_no_other_means_one() {
        assert_eq!(Side::ALL, [Side::Left, Side::Right]);
        for side in Side::ALL {
            assert_eq!(side.to_string().parse(), Ok(side));
        }
        let refused = "there is no side `Left`; there are: left, right-hand".to_owned();
        assert_eq!("Left".parse::<Side>(), Err(refused));
    }
}
