//! Dates in sellers' languages, with the names of months as patterns know them.

use std::borrow::Cow;

use sellerlake_schemas::Language;

/// What `%b` reads.
const ENGLISH: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Puts English abbreviations in place of the names of months in these languages; a point after one goes with it.
pub fn in_english<'t>(text: &'t str, languages: &[Language]) -> Cow<'t, str> {
    if languages.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut english = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_alphanumeric) {
        let end = rest[start..].find(|c: char| !c.is_alphanumeric()).map_or(rest.len(), |length| start + length);
        let word = rest[start..end].to_lowercase();
        english.push_str(&rest[..start]);
        let month = languages.iter().find_map(|language| language.month(&word));
        english.push_str(month.map_or(&rest[start..end], |month| ENGLISH[month - 1]));
        rest = &rest[end..];
        if month.is_some() {
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
    }
    english.push_str(rest);
    Cow::Owned(english)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_of_every_language_become_english() {
        for (text, expected) in [
            ("1. März 2026", "1. Mar 2026"),
            ("01. Dez. 2026", "01. Dec 2026"),
            ("1 févr. 2026", "1 Feb 2026"),
            ("1 de septiembre de 2026", "1 de Sep de 2026"),
            ("GIU 01, 2026", "Jun 01, 2026"),
            ("3 października 2026", "3 Oct 2026"),
            ("10月 01, 2026", "Oct 01, 2026"),
            ("2026年3月1日", "2026年3月1日"),
            ("21 Ağu 2026", "21 Aug 2026"),
            ("2026-03-01", "2026-03-01"),
            ("", ""),
        ] {
            assert_eq!(in_english(text, &Language::ALL), expected, "{text}");
        }
    }
}
