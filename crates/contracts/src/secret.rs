//! A value that is never printed, logged or serialised.

use std::fmt;
use std::hint::black_box;

/// A token, key or client secret. Neither `Debug` nor `Display` shows it, it can't be serialised by accident, and it is
/// overwritten when it is dropped. Whoever needs the text asks for it with [`Secret::expose`], which is easy to find in
/// a review.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into_bytes())
    }

    /// `None` if the bytes are no text.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let secret = Self(bytes);
        std::str::from_utf8(&secret.0).is_ok().then_some(secret)
    }

    /// The text itself, for the request or the cipher that needs it.
    pub fn expose(&self) -> &str {
        // Taken in as text, or checked to be.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites bytes before they are freed. Nobody reads them again, so the compiler must not know that.
pub fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    black_box(bytes);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_it() {
        let secret = Secret::new("Atzr|abc");
        assert_eq!(format!("{secret} {secret:?}"), "[secret] [secret]");
        assert_eq!(secret.expose(), "Atzr|abc");
    }
}
