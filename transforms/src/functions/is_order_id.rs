//! `is_order_id(text) -> BOOLEAN`

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::datatypes::DataType;
use datafusion::common::cast::as_string_array;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

pub(super) const VERSION: u32 = 1;

/// Whether a text has the shape of an order id: 3-7-7 digits, or `S0n-7-7` for orders made by the seller
/// (multi-channel fulfilment). NULL stays NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct IsOrderId {
    signature: Signature,
}

impl IsOrderId {
    pub(super) fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for IsOrderId {
    fn name(&self) -> &'static str {
        "is_order_id"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [texts] = super::arrays(args.args, args.number_rows)?;
        let answers: BooleanArray = as_string_array(&texts)?.iter().map(|text| text.map(is_order_id)).collect();
        Ok(ColumnarValue::Array(Arc::new(answers)))
    }
}

fn is_order_id(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(head), Some(middle), Some(tail), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let own = head.strip_prefix("S0").is_some_and(|number| digits(number, 1));
    (digits(head, 3) || own) && digits(middle, 7) && digits(tail, 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_ids_are_known_by_their_shape() {
        for good in ["114-4872165-4529035", "302-1234567-7654321", "S01-1234567-7654321", "S02-0000000-0000000"] {
            assert!(is_order_id(good), "{good}");
        }
        let bad = ["", "--", "114-4872165", "114-4872165-452903", "114-4872165-45290356", "1144872165-4529035-1"];
        let near = ["S1-1234567-7654321", "S011-1234567-7654321", "s01-1234567-7654321", " 114-4872165-4529035"];
        let foreign = ["114-4872165-4529035-1", "١١٤-4872165-4529035", "B0C-4872165-4529035"];
        for bad in bad.into_iter().chain(near).chain(foreign) {
            assert!(!is_order_id(bad), "{bad}");
        }
    }
}
