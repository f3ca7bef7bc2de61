//! A text that nobody may see.

use std::fmt;
use std::hint::black_box;

/// A token, client secret or key on its way into or out of the vault. Prints as `[secret]`, can't be serialised,
/// and is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the text in.
    pub fn new(text: String) -> Self {
        Self(text.into_bytes())
    }

    /// The text itself, for whoever sends it. Never log, store or return it.
    pub fn expose(&self) -> &str {
        // Taken in as text, or checked to be.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// `None` if the bytes are no text.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let secret = Self(bytes);
        std::str::from_utf8(&secret.0).is_ok().then_some(secret)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Overwrites bytes before they are freed. Nobody reads them again, so the compiler must not know that.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    black_box(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_a_secret() {
        let secret = Secret::new("Atzr|geheim".to_owned());
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "[secret] [secret] Some([secret])");
        assert_eq!(secret.expose(), "Atzr|geheim");
    }
}
