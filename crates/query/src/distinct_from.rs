//! What `IS DISTINCT FROM` compares ends at the next AND or OR.
//!
//! The parser reads on: `a IS DISTINCT FROM b AND c` as `a IS DISTINCT FROM (b AND c)`, which is another question, and
//! no mistake where `b` and `c` are both conditions. Parentheses say what is meant before it reads.

use std::borrow::Cow;

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

/// The same statement, its comparisons in parentheses where the parser needs them. A text that isn't SQL stays.
pub(crate) fn in_parentheses(text: &str) -> Cow<'_, str> {
    if !text.to_ascii_uppercase().contains("DISTINCT") {
        return Cow::Borrowed(text);
    }
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location() else {
        return Cow::Borrowed(text);
    };
    let words: Vec<&TokenWithSpan> =
        tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let mut marks: Vec<(usize, char)> = Vec::new();
    for at in 2..words.len() {
        if keyword(words[at - 1]) != Keyword::DISTINCT || keyword(words[at]) != Keyword::FROM {
            continue;
        }
        let is = if keyword(words[at - 2]) == Keyword::NOT { at.saturating_sub(3) } else { at - 2 };
        if keyword(words[is]) == Keyword::IS
            && let Some(end) = end_of_operand(&words[at + 1..])
        {
            let first = words[start_of_operand(&words[..is])];
            marks.push((offset(text, first.span.start), '('));
            marks.push((offset(text, words[at + end].span.end), ')'));
        }
    }
    if marks.is_empty() {
        return Cow::Borrowed(text);
    }
    marks.sort_by_key(|(offset, _)| *offset);
    let (mut marked, mut from) = (String::with_capacity(text.len() + marks.len()), 0);
    for (offset, mark) in marks {
        marked.push_str(&text[from..offset]);
        marked.push(mark);
        from = offset;
    }
    marked.push_str(&text[from..]);
    Cow::Owned(marked)
}

/// Which of these words is the first of the operand that ends with them.
fn start_of_operand(words: &[&TokenWithSpan]) -> usize {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate().rev() {
        let begins = match &word.token {
            Token::RParen | Token::RBracket | Token::RBrace => {
                depth += 1;
                false
            }
            Token::LParen | Token::LBracket | Token::LBrace if depth == 0 => true,
            Token::LParen | Token::LBracket | Token::LBrace => {
                depth -= 1;
                false
            }
            Token::Comma | Token::SemiColon => depth == 0,
            _ => match keyword(word) {
                Keyword::END => {
                    depth += 1;
                    false
                }
                Keyword::CASE if depth > 0 => {
                    depth -= 1;
                    false
                }
                keyword => depth == 0 && begins_an_expression(keyword),
            },
        };
        if begins {
            return at + 1;
        }
    }
    0
}

fn begins_an_expression(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::SELECT
            | Keyword::DISTINCT
            | Keyword::WHERE
            | Keyword::ON
            | Keyword::HAVING
            | Keyword::QUALIFY
            | Keyword::BY
            | Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::NOT
            | Keyword::CASE
            | Keyword::WHEN
            | Keyword::THEN
            | Keyword::ELSE
    )
}

/// How many words stand before the AND or OR that ends the operand; none where something else ends it.
fn end_of_operand(words: &[&TokenWithSpan]) -> Option<usize> {
    let (mut depth, mut between) = (0_usize, 0_usize);
    for (at, word) in words.iter().enumerate() {
        match &word.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.checked_sub(1)?,
            Token::Comma | Token::SemiColon if depth == 0 => return None,
            _ => match keyword(word) {
                Keyword::CASE => depth += 1,
                Keyword::END => depth = depth.checked_sub(1)?,
                _ if depth > 0 => {}
                Keyword::BETWEEN => between += 1,
                Keyword::AND if between > 0 => between -= 1,
                Keyword::AND | Keyword::OR | Keyword::XOR => return Some(at),
                keyword if ends_an_expression(keyword) => return None,
                _ => {}
            },
        }
    }
    None
}

fn ends_an_expression(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::AS
            | Keyword::FROM
            | Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::QUALIFY
            | Keyword::WINDOW
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::OFFSET
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::INTERSECT
            | Keyword::JOIN
            | Keyword::INNER
            | Keyword::CROSS
            | Keyword::FULL
            | Keyword::NATURAL
            | Keyword::WHEN
            | Keyword::THEN
            | Keyword::ELSE
            | Keyword::ASC
            | Keyword::DESC
            | Keyword::NULLS
    )
}

/// None for what is quoted, or no word.
fn keyword(word: &TokenWithSpan) -> Keyword {
    match &word.token {
        Token::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

/// Bytes before a place in lines and characters, both from 1.
fn offset(text: &str, place: Location) -> usize {
    let line = text.split_inclusive('\n').take(place.line as usize - 1).map(str::len).sum::<usize>();
    line + text[line..].chars().take(place.column as usize - 1).map(char::len_utf8).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::in_parentheses;

    #[test]
    fn an_operand_ends_at_the_next_condition() {
        for (text, marked) in [
            ("SELECT a IS DISTINCT FROM b AND c", "SELECT (a IS DISTINCT FROM b) AND c"),
            ("SELECT x, f(a) is not distinct from b.x + 1 or c", "SELECT x, (f(a) is not distinct from b.x + 1) or c"),
            (
                "SELECT NOT 'ß' IS DISTINCT FROM 'ß'\nAND a IS DISTINCT FROM (b AND c) OR d",
                "SELECT NOT ('ß' IS DISTINCT FROM 'ß')\nAND (a IS DISTINCT FROM (b AND c)) OR d",
            ),
            (
                "SELECT (CASE WHEN x THEN y END IS DISTINCT FROM CASE WHEN b AND c THEN d END AND e)",
                "SELECT ((CASE WHEN x THEN y END IS DISTINCT FROM CASE WHEN b AND c THEN d END) AND e)",
            ),
            (
                "SELECT a FROM t JOIN u ON a IS DISTINCT FROM b JOIN v ON c AND d",
                "SELECT a FROM t JOIN u ON a IS DISTINCT FROM b JOIN v ON c AND d",
            ),
            (
                "SELECT CASE WHEN a IS DISTINCT FROM b THEN c AND d END",
                "SELECT CASE WHEN a IS DISTINCT FROM b THEN c AND d END",
            ),
            ("SELECT (a IS DISTINCT FROM b) AND c", "SELECT (a IS DISTINCT FROM b) AND c"),
            ("SELECT DISTINCT FROM t WHERE a AND b", "SELECT DISTINCT FROM t WHERE a AND b"),
            ("SELECT 'a IS DISTINCT FROM b AND c'", "SELECT 'a IS DISTINCT FROM b AND c'"),
        ] {
            assert_eq!(in_parentheses(text), marked);
        }
    }
}
