//! Header texts as Amazon varies them: case, spaces, dashes and punctuation carry no meaning (amazon.md: Flat files).

/// The form in which two spellings of one header are equal: lowercase letters and digits, nothing else.
pub fn normalise(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn spellings_meet() {
        for spelling in ["Fulfillment Center", "fulfillment-center", "FulfillmentCenter", "\u{feff}fulfillment_center "]
        {
            assert_eq!(normalise(spelling), "fulfillmentcenter");
        }
        assert_eq!(normalise("Término de búsqueda"), "términodebúsqueda");
    }
}
