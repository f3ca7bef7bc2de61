//! Numbers that run into a name.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use sellerlake_contracts::Result;

use super::refused;

/// Refuses `1_000`, which the parser takes for a 1 that is called `_000`.
pub(crate) fn numbers(text: &str) -> Result<()> {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize() else { return Ok(()) };
    for pair in tokens.windows(2) {
        if let [Token::Number(number, _), Token::Word(word)] = pair {
            let instead = "write a number as digits (1000), and a name that begins with a digit in double quotes";
            return Err(refused(&format!("{number}{word}"), instead));
        }
    }
    Ok(())
}
