//! How deep a statement nests, known before anything recurses over it.
//!
//! The parser bounds parentheses, but builds `1 + 1 + 1 ...` in a loop, as a tree as deep as the chain is long.
//! Planner, optimiser and `Drop` then recurse over it, and a thread that overflows its stack takes the whole
//! process down, with everybody's queries.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// The longest chain of operators, set operations, joins and statements that is planned: far beyond what people write, and a
/// fifth of what overflows a thread of 2 MiB in a debug build.
pub(crate) const LIMIT: usize = 256;

/// One level of parentheses.
#[derive(Default, Clone, Copy)]
struct Level {
    /// Operators since the last comma or clause.
    operators: usize,
    /// Set operations, joins, tables of a FROM, tables of a WITH, and statements that hold another.
    relations: usize,
    /// A comma stands between relations: in a FROM or a WITH.
    lists_relations: bool,
}

impl Level {
    fn word(&mut self, keyword: Keyword) {
        match keyword {
            Keyword::SELECT | Keyword::WHERE | Keyword::HAVING => {
                self.operators = 0;
                self.lists_relations = false;
            }
            Keyword::GROUP | Keyword::ORDER | Keyword::LIMIT | Keyword::WINDOW | Keyword::QUALIFY => {
                self.lists_relations = false;
            }
            Keyword::FROM | Keyword::WITH => self.lists_relations = true,
            Keyword::UNION
            | Keyword::INTERSECT
            | Keyword::EXCEPT
            | Keyword::JOIN
            | Keyword::EXPLAIN
            | Keyword::DESCRIBE
            | Keyword::PREPARE => self.relations += 1,
            Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::BETWEEN
            | Keyword::IN
            | Keyword::DIV
            | Keyword::COLLATE
            | Keyword::AT => self.operators += 1,
            _ => {}
        }
    }

    fn comma(&mut self) {
        self.operators = 0;
        self.relations += usize::from(self.lists_relations);
    }
}

/// An upper bound of the nesting of expressions and relations in a statement. A text that isn't SQL has none.
pub(crate) fn of(text: &str) -> usize {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize() else { return 0 };
    let mut outer = 0;
    let mut deepest = 0;
    let mut levels: Vec<Level> = Vec::new();
    let mut level = Level::default();
    for token in &tokens {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                level.operators += 1;
                outer += level.operators + level.relations;
                levels.push(std::mem::take(&mut level));
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                level = levels.pop().unwrap_or_default();
                outer -= (level.operators + level.relations).min(outer);
            }
            Token::Comma => level.comma(),
            Token::SemiColon => level.operators = 0,
            Token::Word(word) => level.word(word.keyword),
            token if is_operand(token) => {}
            // Whatever else the tokenizer knows is an operator of some dialect.
            _ => level.operators += 1,
        }
        deepest = deepest.max(outer + level.operators + level.relations);
    }
    deepest
}

fn is_operand(token: &Token) -> bool {
    matches!(
        token,
        Token::Whitespace(_)
            | Token::EOF
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Period
    )
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn chains_count_and_lists_do_not() {
        for (text, depth) in [
            ("SELECT 1", 0),
            ("SELECT a + b * c", 2),
            ("SELECT a + 1, b + 1, c + 1 FROM t WHERE a > 1 AND b > 1", 3),
            ("SELECT f(1 + 1, 2) + f(3, 4) + 5", 3),
            ("SELECT ((1))", 2),
            ("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3", 2),
            ("SELECT * FROM a JOIN b ON a.x = b.x JOIN c ON c.x = a.x", 3),
            ("SELECT 'a + b', \"c - d\" /* e + f */ -- g + h", 0),
            ("SELECT x::int::text IS NULL", 3),
            ("EXPLAIN SELECT 1", 1),
            ("SELECT a, b FROM t, u, v WHERE a IN (1, 2, 3) ORDER BY a, b", 4),
            ("WITH a AS (SELECT 1, 2), b AS (SELECT 3, 4) SELECT 1, 2, 3", 2),
            ("SELECT a FROM t JOIN u USING (a, b), v GROUP BY a, b, c", 2),
            ("not 'sql", 0),
        ] {
            assert!((depth..=depth + 3).contains(&of(text)), "{text}: {} for {depth}", of(text));
        }
        assert!(of(&format!("SELECT {}", vec!["f(1, 1)"; 1000].join(" + "))) >= 999);
        assert!(of(&format!("SELECT x IN ({})", vec!["1"; 1000].join(", "))) < 5);
        let nested = (0..50).fold("1".to_owned(), |inner, _| format!("1 + 1 + 1 + ({inner})"));
        assert!(of(&format!("SELECT {nested}")) >= 200);
        assert!(of(&format!("{}SELECT 1", "EXPLAIN ".repeat(3000))) >= 3000);
        assert!(of(&format!("SELECT 1 FROM {}", vec!["t"; 1000].join(", "))) >= 999);
        assert!(of(&format!("WITH {} SELECT 1", vec!["t AS (SELECT 1)"; 1000].join(", "))) >= 999);
        assert!(of(&format!("SELECT {} FROM t", vec!["a"; 1000].join(", "))) < 5);
        let columns = vec!["CASE WHEN a = 1 THEN b * 2 ELSE c END AS d"; 300].join(", ");
        assert!(of(&format!("SELECT {columns} FROM t")) < 10);
    }
}
