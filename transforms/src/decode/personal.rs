//! Which undeclared columns look like a buyer's personal data, and are therefore not kept: what any source declares
//! personal, and names that read like it.

use std::sync::Arc;

use sellerlake_schemas::{Knowledge, Source, normalise};

/// Words that give a personal column away, normalised, in the languages of Amazon's marketplaces.
const WORDS: [&str; 58] = [
    "buyer",
    "recipient",
    "email",
    "phone",
    "giftmessage",
    "giftnote",
    "address",
    "street",
    "taxid",
    "taxnumber",
    "taxregistration",
    "taxoffice",
    "vatid",
    "vatnumber",
    "fiscalcode",
    "codicefiscale",
    "partitaiva",
    "numeroiva",
    "steuernummer",
    "ustid",
    "umsatzsteuerid",
    "legalname",
    "citizen",
    "licensee",
    "invoicebusiness",
    "contact",
    "paymentmethoddetails",
    "birth",
    "passport",
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

/// Names that say who somebody is only where nothing else stands beside them.
const WHOLE: [&str; 14] = [
    "name",
    "nome",
    "nom",
    "nombre",
    "naam",
    "namn",
    "imię",
    "isim",
    "vorname",
    "nachname",
    "cognome",
    "apellido",
    "apellidos",
    "prénom",
];

/// Tells which undeclared names are personal.
#[derive(Debug)]
pub struct Personal {
    knowledge: Arc<Knowledge>,
    /// Somebody allows to keep them.
    allowed: bool,
}

impl Personal {
    /// For documents of this source.
    pub fn of(source: &Source, allowed: bool) -> Self {
        Self { knowledge: Arc::clone(&source.knowledge), allowed }
    }

    /// Whether values under this header must not be kept.
    pub fn has(&self, header: &str) -> bool {
        let is_whole = || WHOLE.contains(&normalise(header).as_str());
        !self.allowed && (self.knowledge.is_personal(header) || looks_personal(header) || is_whole())
    }

    /// Whether a value at this path of a document must not be kept: for the name of any member on the way to it, alone
    /// or with the member it stands in.
    pub fn has_path(&self, path: &str) -> bool {
        let members: Vec<&str> = path.split('.').collect();
        let is_personal = |name: &str| self.knowledge.is_personal(name) || looks_personal(name);
        !self.allowed
            && (members.iter().any(|name| is_personal(name))
                || members.windows(2).any(|pair| self.knowledge.is_personal(&pair.concat())))
    }
}

/// Whether a header or JSON key reads like buyers' names, contacts, street addresses or messages.
fn looks_personal(name: &str) -> bool {
    let plain = normalise(name);
    let has = |word: &str| plain.contains(word);
    let any = |words: &[&str]| words.iter().any(|word| has(word));
    WORDS.iter().any(|word| has(word))
        || (has("name")
            && any(&["ship", "bill", "customer", "contact", "legal", "citizen", "invoice", "full", "first", "last"]))
        || (has("invoice") && any(&["tax", "company"]))
        || (any(&["license", "licence"]) && any(&["name", "number"]))
}
