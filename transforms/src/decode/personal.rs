//! Which undeclared columns look like a buyer's personal data, and are therefore not kept.

use sellerlake_schemas::normalise;

/// Words that give a personal column away, normalised, in the languages of Amazon's marketplaces.
const WORDS: [&str; 40] = [
    "buyer",
    "recipient",
    "email",
    "phone",
    "giftmessage",
    "giftnote",
    "address",
    "street",
    "taxid",
    "vatnumber",
    "comprador",
    "destinatario",
    "correo",
    "teléfono",
    "telefono",
    "dirección",
    "direccion",
    "mensajeregalo",
    "acheteur",
    "destinataire",
    "courriel",
    "téléphone",
    "adresse",
    "käufer",
    "empfänger",
    "telefon",
    "anschrift",
    "strasse",
    "straße",
    "acquirente",
    "destinatario",
    "indirizzo",
    "telefoon",
    "koper",
    "ontvanger",
    "購入者",
    "受取人",
    "電話",
    "住所",
    "氏名",
];

/// Whether a header or JSON key reads like buyers' names, contacts, street addresses or messages.
pub fn looks_personal(name: &str) -> bool {
    let plain = normalise(name);
    let has = |word: &str| plain.contains(word);
    WORDS.iter().any(|word| has(word))
        || (has("name") && ["ship", "bill", "customer", "contact"].iter().any(|word| has(word)))
}
