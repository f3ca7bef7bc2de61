//! Closed lists of words: each an enum in code and a text in the database and on the screen.

/// Declares an enum whose variants are stored and shown as words, in the order in which they compare.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $name:ident, $what:literal { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as stored and shown.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = sellerlake_contracts::Error;

            fn from_str(word: &str) -> sellerlake_contracts::Result<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    let known: &[&str] = &[$($word,)+];
                    let message = format!(concat!("{:?} is not a ", $what), word);
                    sellerlake_contracts::Error::permanent(sellerlake_contracts::Kind::Usage, message)
                        .hint(format!("one of {}", known.join(", ")))
                })
            }
        }

        impl From<$name> for crate::statement::Parameter {
            fn from(word: $name) -> Self {
                word.as_str().into()
            }
        }
    };
}

pub(crate) use words;
