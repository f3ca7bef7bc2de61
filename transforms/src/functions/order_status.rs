//! `order_status(text) -> text`

use std::sync::Arc;

use arrow::array::{AsArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::types;

pub(super) const VERSION: u32 = 1;

/// The status of an order or item by one name, whichever document or language printed it: `Pending`, `Unshipped`,
/// `PartiallyShipped`, `Shipped`, `Cancelled`, `PendingAvailability`, `InvoiceUnconfirmed` or `Unfulfillable`. What
/// is none of them stays as printed, and NULL stays NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct OrderStatus {
    signature: Signature,
}

impl OrderStatus {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for OrderStatus {
    fn name(&self) -> &'static str {
        "order_status"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let [given] = types("order_status", "one text", given)?;
        if given.is_string() || given.is_null() {
            return Ok(vec![DataType::Utf8]);
        }
        plan_err!("order_status takes text, not {given}")
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [printed] = super::arrays(args.args, args.number_rows)?;
        let printed = printed.as_string::<i32>();
        let named: StringArray =
            printed.iter().map(|status| status.map(|status| named(status).unwrap_or(status))).collect();
        Ok(ColumnarValue::Array(Arc::new(named)))
    }
}

/// The one name of what was printed; `None` where it isn't known.
fn named(printed: &str) -> Option<&'static str> {
    // Nearly all rows, without a copy in lower case.
    Some(match printed {
        "Shipped" => "Shipped",
        "Cancelled" => "Cancelled",
        "Pending" => "Pending",
        "Unshipped" => "Unshipped",
        other => return in_any_language(&other.to_lowercase()),
    })
}

fn in_any_language(printed: &str) -> Option<&'static str> {
    Some(match printed {
        "shipped" | "complete" | "enviado" | "versandt" | "versendet" | "expédié" | "expédiée" | "spedito"
        | "出荷済み" => "Shipped",
        // "Shipped - Delivered to Buyer" and the like.
        detailed if detailed.starts_with("shipped - ") => "Shipped",
        "cancelled"
        | "canceled"
        | "cancelado"
        | "storniert"
        | "annulé"
        | "annulée"
        | "annullato"
        | "cancellato"
        | "キャンセル"
        | "キャンセル済み" => "Cancelled",
        "pending" | "pendiente" | "ausstehend" | "en attente" | "in attesa" | "保留中" => "Pending",
        "unshipped"
        | "shipping"
        | "pending - waiting for pick up"
        | "no enviado"
        | "nicht versandt"
        | "non expédié"
        | "non expédiée"
        | "non spedito"
        | "未出荷" => "Unshipped",
        "partiallyshipped" | "partially_shipped" | "partially shipped" => "PartiallyShipped",
        "pendingavailability" | "pending_availability" => "PendingAvailability",
        "invoiceunconfirmed" => "InvoiceUnconfirmed",
        "unfulfillable" => "Unfulfillable",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_one_name_in_every_language() {
        for (printed, name) in [
            ("Shipped", Some("Shipped")),
            ("SHIPPED", Some("Shipped")),
            ("Shipped - Delivered to Buyer", Some("Shipped")),
            ("Canceled", Some("Cancelled")),
            ("Annulée", Some("Cancelled")),
            ("キャンセル済み", Some("Cancelled")),
            ("Pending - Waiting for Pick Up", Some("Unshipped")),
            ("PARTIALLY_SHIPPED", Some("PartiallyShipped")),
            ("PENDING_AVAILABILITY", Some("PendingAvailability")),
            ("Shipped, perhaps", None),
            ("", None),
        ] {
            assert_eq!(named(printed), name, "{printed}");
        }
    }
}
