//! Lines that may be pieces of one record.

/// A line that is less than a row.
pub(super) struct Fragment {
    pub(super) number: u64,
    pub(super) whole: String,
    pub(super) cells: Vec<String>,
}

impl Fragment {
    pub(super) fn cells(&self) -> Vec<&str> {
        self.cells.iter().map(String::as_str).collect()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.whole.trim().is_empty()
    }
}

/// Neighbouring lines that may be one record.
#[derive(Default)]
pub struct Fragments {
    pub(super) lines: Vec<Fragment>,
    pub(super) bytes: usize,
}

impl Fragments {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many cells they have as one record: a line end stands within a cell.
    pub(super) fn cells(&self) -> usize {
        self.lines.iter().map(|line| line.cells.len()).sum::<usize>() + 1 - self.lines.len()
    }

    /// Whether one line ends with a quote and the next begins with one: a quoted cell holds line ends as they are, so
    /// that they broke two.
    pub(super) fn parts_quotes(&self) -> bool {
        self.lines.windows(2).any(|pair| pair[0].whole.ends_with('"') && pair[1].whole.starts_with('"'))
    }

    /// The cells of that record, and the positions of those that were broken.
    pub(super) fn joined(&self) -> (Vec<String>, Vec<usize>) {
        let (mut cells, mut broken) = (Vec::<String>::new(), Vec::new());
        for line in &self.lines {
            let mut own = line.cells.iter().cloned();
            if let Some(last) = cells.last_mut() {
                last.push('\n');
                last.extend(own.next());
                broken.push(cells.len() - 1);
            }
            cells.extend(own);
        }
        (cells, broken)
    }
}
