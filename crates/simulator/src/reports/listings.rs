//! All listings of a marketplace, Amazon's headers in Japanese for Japan.

use super::sheet::Sheet;
use super::{Asked, Report};
use crate::world::{decimal, hashed};

const HEADER: [&str; 29] = [
    "item-name",
    "item-description",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "image-url",
    "item-is-marketplace",
    "product-id-type",
    "zshop-shipping-fee",
    "item-note",
    "item-condition",
    "zshop-category1",
    "zshop-browse-path",
    "zshop-storefront-feature",
    "asin1",
    "asin2",
    "asin3",
    "will-ship-internationally",
    "expedited-shipping",
    "zshop-boldface",
    "product-id",
    "bid-for-featured-placement",
    "add-delete",
    "pending-quantity",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
];

const JAPANESE: [&str; 16] = [
    "item-name",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "product-id-type",
    "item-note",
    "item-condition",
    "will-ship-internationally",
    "expedited-shipping",
    "product-id",
    "pending-quantity",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
];

const JAPANESE_TITLES: &str = "商品名\t出品ID\t出品者SKU\t価格\t数量\t出品日\t商品IDタイプ\tコンディション説明\tコンディション\t\
国外へ配送可\t迅速な配送\t商品ID\t在庫数\tフルフィルメント・チャンネル\tmerchant-shipping-group\tステータス";

pub(super) fn print(asked: &Asked<'_>) -> Report {
    let Some(market) = asked.one_market() else { return Report::NoData };
    let english = asked.query.options.get("preferredReportDocumentLocale").is_some_and(|locale| locale == "en_US");
    let japanese = market.country == "JP" && !english;
    let mut sheet = if japanese { Sheet::new(&JAPANESE).titled(JAPANESE_TITLES) } else { Sheet::new(&HEADER) };
    for (place, product) in asked.seller.products.iter().enumerate() {
        if product.listed_at > asked.now {
            continue;
        }
        let opened = product.listed_at.with_timezone(&market.zone);
        let date = if japanese {
            "%Y/%m/%d"
        } else if market.currency == "EUR" {
            "%d/%m/%Y"
        } else {
            "%Y-%m-%d"
        };
        sheet.set("item-name", product.title.in_language(market.language));
        sheet.set("listing-id", format!("{:08}{:03}", hashed(&[place as u64, 41]) % 100_000_000, place));
        sheet.set("seller-sku", &product.sku);
        sheet.set("price", decimal(asked.seller.price(place, market, asked.now), market.digits));
        sheet.set("open-date", opened.format(&format!("{date} %H:%M:%S %Z")).to_string());
        sheet.set("product-id-type", "1");
        sheet.set("item-condition", "11");
        sheet.set("will-ship-internationally", "1");
        sheet.set("product-id", &product.asin);
        sheet.set("pending-quantity", "0");
        sheet.set("status", "Active");
        if product.by_amazon {
            let channel = match market.region.code() {
                "na" => "AMAZON_NA",
                "eu" => "AMAZON_EU",
                _ => "AMAZON_JP",
            };
            sheet.set("fulfillment-channel", channel);
        } else {
            sheet.set("fulfillment-channel", "DEFAULT");
            sheet.set("quantity", (5 + hashed(&[place as u64, 42]) % 40).to_string());
            sheet.set("merchant-shipping-group", "Standard");
        }
        if !japanese {
            sheet.set("item-description", format!("{}; sold by {}", product.title.english, asked.seller.name));
            sheet.set("item-is-marketplace", "y");
            sheet.set("asin1", &product.asin);
        }
        sheet.end();
    }
    sheet.finish(asked.seller.region)
}
