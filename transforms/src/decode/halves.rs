//! Documents whose second half is the first one again: somebody has put a file together with itself.

/// Why such a document isn't loaded. Where rows can't be told apart, two that say the same are two, but not all of them.
pub const TWICE: &str =
    "everything in it stands there twice: its second half repeats the first, row by row; load one half";

/// Whether the lines of a body, two different ones at least, stand there twice.
pub fn is_doubled(body: &[u8]) -> bool {
    let end = body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
    let body = &body[..end];
    let half = |between: &[u8]| {
        let length = body.len().checked_sub(between.len())? / 2;
        let (first, rest) = body.split_at(length);
        (rest.strip_prefix(between)? == first).then_some(first)
    };
    let half = half(b"\n").or_else(|| half(b"\r\n"));
    half.is_some_and(|half| differs(half.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)))
}

/// Whether the values, two different ones at least, are the same ones twice.
pub fn are_doubled(values: &[u64]) -> bool {
    let (first, second) = values.split_at(values.len() / 2);
    first == second && differs(first.iter())
}

fn differs<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    values.any(|value| Some(&value) != first.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_more_than_one_line_are_told() {
        for text in ["a\nb\na\nb\n", "a\nb\na\nb", "a\r\nb\r\na\r\nb\r\n", "a\na\nb\na\na\nb\n"] {
            assert!(is_doubled(text.as_bytes()), "{text:?}");
        }
        for text in ["", "a\n", "a\na\n", "a\na\na\na\n", "a\na\nb\nb\n", "a\nb\na\n", "a\nb\nb\na\n", "ab\nab"] {
            assert!(!is_doubled(text.as_bytes()), "{text:?}");
        }
        assert!(are_doubled(&[1, 2, 1, 2]) && !are_doubled(&[1, 1]) && !are_doubled(&[1, 2, 1]) && !are_doubled(&[]));
    }
}
