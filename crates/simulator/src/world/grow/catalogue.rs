//! Products and their prices.

use chrono::{TimeDelta, Utc};

use super::{Growth, converted};
use crate::world::{Marketplace, PriceSteps, Product, Title, What, hashed};

/// English, German, French, Japanese. Lone quotes are what titles have.
const THINGS: [(&str, &str, &str, &str); 8] = [
    ("Kite, 24\" wide", "Drachen für Könner, 60 cm", "Cerf-volant d'été, 60 cm", "凧 24インチ ①号"),
    ("Reel \"Pro\" with line", "Spule \"Pro\" mit Schnur", "Dévidoir \"Pro\" avec fil", "糸巻き プロ用 ~強力~"),
    ("Enamel mug, 12 oz", "Emaille-Becher, 0,35 l – weiß", "Tasse émaillée 35 cl", "ホーロー マグカップ 350㏄"),
    ("Brass door sign 3\" x 1.5", "Türschild aus Messing 8 × 4 cm", "Plaque de porte en laiton", "真鍮製 ドアサイン"),
    ("Dog lead, 6' O'Hara", "Hundeleine, 1,8 m – geflochten", "Laisse tressée pour chien", "犬用 リード 1.8m 髙品質"),
    ("Travel pillow", "Reisekissen für große Köpfe", "Coussin de voyage «Rêve»", "トラベル ピロー 首まくら"),
    (
        "Resistance bands (set of 5)",
        "Fitnessbänder, 5er-Set, übergroß",
        "Bandes élastiques, lot de 5",
        "トレーニング チューブ 5本セット",
    ),
    ("Notebook, dotted, A5", "Notizbuch gepunktet A5 – säurefrei", "Carnet pointillé A5", "ドット ノート A5判"),
];

/// English, German, French, Japanese.
const COLOURS: [(&str, &str, &str, &str); 5] = [
    ("red", "rot", "rouge", "赤"),
    ("blue", "blau", "bleu", "青"),
    ("grey", "grau", "gris", "灰色"),
    ("green", "grün", "vert", "緑"),
    ("yellow", "gelb", "jaune doré", "黄"),
];

impl Growth {
    pub(super) fn list_products(&mut self, count: usize) {
        let birth = self.birth();
        let days = (self.to - self.from).num_days().max(1);
        for place in 0..count {
            let late = place > 2 && self.chance(120);
            let listed_at = if late {
                birth + TimeDelta::hours(24 * self.random.i64(0..days) + 9)
            } else {
                birth - TimeDelta::hours(24 * self.random.i64(30..900) + 5)
            };
            let mut product = self.product(place, listed_at);
            for market in self.seller.marketplaces.clone() {
                let steps = self.prices(place, market, listed_at);
                product.prices.push((market.id, steps));
            }
            self.seller.products.push(product);
            self.happens(listed_at, What::Listed { product: place });
        }
    }

    fn product(&mut self, place: usize, listed_at: chrono::DateTime<Utc>) -> Product {
        let thing = THINGS[place % THINGS.len()];
        let colour = COLOURS[(place / THINGS.len() + place) % COLOURS.len()];
        let number = self.number();
        let sku = match place % 7 {
            3 => format!("{} {}/{place}", &thing.0[..4], colour.0).to_uppercase(),
            _ => format!("{}-{}-{place:02}", &thing.0[..4], colour.0).to_uppercase().replace(' ', "-"),
        };
        let family = hashed(&[self.seller.id.len() as u64, number - place as u64, (place % THINGS.len()) as u64]);
        Product {
            sku,
            asin: format!("B0{}", base36(hashed(&[number, 11]), 8)),
            parent_asin: format!("B0{}", base36(family, 8)),
            fnsku: format!("X00{}", base36(hashed(&[number, 12]), 7)),
            title: Title {
                english: format!("{}, {}", thing.0, colour.0),
                german: format!("{}, {}", thing.1, colour.1),
                french: format!("{}, {}", thing.2, colour.2),
                japanese: format!("{} {}", thing.3, colour.3),
            },
            // The first is always Amazon's to ship; every sixth is the seller's.
            by_amazon: place % 6 != 3,
            listed_at,
            referral: self.one_of(&[80, 120, 150, 150, 150]),
            fulfilment: self.random.i64(32..78) * 10 + 2,
            volume: self.random.i64(90..2600),
            prices: Vec::new(),
        }
    }

    /// The price from the start, and its changes about every month.
    fn prices(&mut self, product: usize, market: &'static Marketplace, listed_at: chrono::DateTime<Utc>) -> PriceSteps {
        let cents = 900 + (hashed(&[self.pace, product as u64, 21]) % 4200) as i64;
        let mut price = rounded(converted(cents, market), market);
        let mut steps = vec![(listed_at, price)];
        let mut at = self.birth() + self.minutes(60, 60 * 24 * 30);
        let end = market.midnight(self.to);
        while at < end {
            if at > listed_at {
                price = rounded(price * self.random.i64(88..113) / 100, market);
                steps.push((at, price));
                self.happens(at, What::PriceChanged { product, marketplace: market.id, price });
            }
            at += self.minutes(60 * 24 * 12, 60 * 24 * 45);
        }
        steps
    }
}

/// As sellers like them: ending in 99, or in 80 yen.
fn rounded(price: i64, market: &Marketplace) -> i64 {
    if market.digits == 0 { (price / 100).max(3) * 100 + 80 } else { (price / 100).max(3) * 100 + 99 }
}

fn base36(mut number: u64, length: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut text = String::with_capacity(length);
    for _ in 0..length {
        text.push(char::from(DIGITS[(number % 36) as usize]));
        number /= 36;
    }
    text
}
