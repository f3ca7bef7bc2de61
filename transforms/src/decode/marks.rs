//! Which decimal mark a column's numbers have, and what is made of those that either mark could explain.

use sellerlake_schemas::ColumnType;

use super::number::{self, MONEY_SCALE, Mark, MarkEvidence};

/// A mark used in more than this share of a column's telling cells contests the other; less are single bad cells.
const CONTESTING_SHARE: u64 = 100;

/// What is made of a number that either mark could explain, such as `1,234`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// It is read with the column's mark.
    #[default]
    Trusting,
    /// It is refused where that makes thousands of it: nothing else shows that the file separates them.
    Ungrouped,
    /// It has thousands, being a whole number, or else it is refused: nobody writes three zeros behind one.
    Grouped,
    /// It is refused: the column's numbers contradict each other.
    Contested,
    /// It is refused, and every other number is read with the only mark that makes one of it.
    Own,
}

/// What a row says of a number in it such as `1,234`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It has no decimals, as amounts of Japan have none.
    Whole,
    /// It is from where decimals are written behind a point.
    Point,
}

/// Whether a column holds amounts of money rather than measures and ratios, which have more places.
pub fn is_money(column_type: ColumnType) -> bool {
    matches!(column_type, ColumnType::Decimal(_, scale) if scale <= MONEY_SCALE)
}

/// What the numbers of a column say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks {
    /// Numbers only with a decimal point, and those of them that separate thousands.
    point: Telling,
    /// Numbers only with a decimal comma.
    comma: Telling,
    /// Numbers with either mark that have a point, and those that have a comma.
    either_point: u64,
    either_comma: u64,
    /// Amounts of money among those with a point, and amounts that a point parts for certain, having no decimals.
    point_money: u64,
    point_parts: u64,
    /// Those with a comma that are from where a comma separates thousands.
    from_point: u64,
    /// Numbers with a comma that have no decimals, being of a currency without any.
    whole: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Telling {
    all: u64,
    grouped: u64,
}

impl Telling {
    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.grouped += other.grouped;
    }
}

impl Marks {
    /// Looks at a cell; true if either mark explains it.
    pub fn look(&mut self, cell: &str, column_type: ColumnType) -> bool {
        if cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return false;
        }
        match number::evidence(cell, column_type) {
            MarkEvidence::Only(mark) => {
                let grouped = u64::from(cell.as_bytes().contains(&mark.other().byte()));
                let telling = if mark == Mark::Point { &mut self.point } else { &mut self.comma };
                telling.add(Telling { all: 1, grouped });
            }
            MarkEvidence::Either => {
                let has_point = cell.contains('.');
                let either = if has_point { &mut self.either_point } else { &mut self.either_comma };
                *either += 1;
                self.point_money += u64::from(has_point && is_money(column_type));
                return true;
            }
            MarkEvidence::None | MarkEvidence::Unreadable => {}
        }
        false
    }

    /// What its row says of a number with a comma, or an amount with a point, that could separate thousands.
    pub fn hear(&mut self, word: Word, has_point: bool) {
        match (word, has_point) {
            (Word::Whole, false) => {
                self.either_comma -= 1;
                self.whole += 1;
            }
            (Word::Whole, true) => {
                self.either_point -= 1;
                self.point_money -= 1;
                self.point_parts += 1;
                self.comma.add(Telling { all: 1, grouped: 1 });
            }
            (Word::Point, false) => self.from_point += 1,
            // Nobody's amounts have three decimals: where a point stands before them, a person has to look.
            (Word::Point, true) => {}
        }
    }

    /// Adds what other cells say.
    pub fn merge(&mut self, other: &Self) {
        self.point.add(other.point);
        self.comma.add(other.comma);
        self.either_point += other.either_point;
        self.either_comma += other.either_comma;
        self.point_money += other.point_money;
        self.point_parts += other.point_parts;
        self.from_point += other.from_point;
        self.whole += other.whole;
    }

    /// The mark most of them have, where they tell.
    pub fn majority(&self) -> Option<Mark> {
        match self.point.all.cmp(&self.comma.all) {
            std::cmp::Ordering::Greater => Some(Mark::Point),
            std::cmp::Ordering::Less => Some(Mark::Comma),
            std::cmp::Ordering::Equal if self.point.all > 0 => Some(Mark::Point),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// Whether every number with a comma that could be either is from where a comma separates thousands.
    pub fn is_from_point(&self) -> bool {
        self.either_comma == self.from_point
    }

    /// Whether an amount with a point could have thousands.
    pub fn has_open_amount(&self) -> bool {
        self.point_money > 0
    }

    /// Whether numbers without decimals show that commas separate thousands.
    pub fn is_whole(&self) -> bool {
        self.whole > 0
    }

    /// Whether some of those that could be either have a point and some a comma.
    pub fn is_both_ways(&self) -> bool {
        self.either_point > 0 && self.either_comma + self.whole > 0
    }

    /// How a column of this type is read with a mark, in a file whose numbers all together say `total`.
    pub fn reading(&self, column_type: ColumnType, mark: Mark, total: &Self) -> Reading {
        let (own, other, of_file, grouping) = match mark {
            Mark::Point => (self.point, self.comma, total.point, self.either_comma),
            Mark::Comma => (self.comma, self.point, total.comma, self.either_point),
        };
        let both_ways = self.is_both_ways() && own.all == 0 && of_file.grouped == 0;
        let not_whole = mark == Mark::Comma && self.whole > 0 || self.point_parts > 0 && self.either_comma > 0;
        if other.all * CONTESTING_SHARE > own.all || both_ways || not_whole {
            return Reading::Contested;
        }
        if column_type == ColumnType::Int {
            return if self.is_open() { Reading::Grouped } else { Reading::Trusting };
        }
        let says_something = total.point.all + total.comma.all > 0;
        if grouping > 0 && of_file.grouped + total.whole == 0 && says_something {
            Reading::Ungrouped
        } else {
            Reading::Trusting
        }
    }

    /// Nothing of its own says which mark it has, although it matters.
    pub fn is_doubtful(&self) -> bool {
        self.point.all + self.comma.all == 0 && self.is_telling()
    }

    /// Some of its numbers have one mark, some the other.
    pub fn is_mixed(&self) -> bool {
        self.point.all > 0 && self.comma.all > 0
    }

    /// Whether a decimal comma would matter.
    pub fn is_telling(&self) -> bool {
        self.has_comma() || self.is_open()
    }

    fn is_open(&self) -> bool {
        self.either_point + self.either_comma + self.whole > 0
    }

    /// Whether a number has a decimal comma for certain.
    pub fn has_comma(&self) -> bool {
        self.comma.all > 0
    }
}
