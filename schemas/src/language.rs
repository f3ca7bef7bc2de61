//! Names of months, as documents in sellers' languages print them.

use serde::Deserialize;

/// A language whose names of months may stand in a column's dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, beyond the three letters that `%b` knows.
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Italian.
    It,
    /// Portuguese.
    Pt,
    /// Dutch.
    Nl,
    /// Swedish.
    Sv,
    /// Polish, where a day takes the month's genitive.
    Pl,
    /// Turkish.
    Tr,
    /// Japanese: the month's number before 月.
    Ja,
}

/// Spellings of each month, January first: in full, shortened, and without accents where documents lose them.
type Months = [&'static [&'static str]; 12];

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 11] =
        [Self::En, Self::De, Self::Fr, Self::Es, Self::It, Self::Pt, Self::Nl, Self::Sv, Self::Pl, Self::Tr, Self::Ja];

    /// The month, from 1, that a lower-case word names.
    pub fn month(self, word: &str) -> Option<usize> {
        self.months().iter().position(|spellings| spellings.contains(&word)).map(|at| at + 1)
    }

    fn months(self) -> &'static Months {
        match self {
            Self::En => &ENGLISH,
            Self::De => &GERMAN,
            Self::Fr => &FRENCH,
            Self::Es => &SPANISH,
            Self::It => &ITALIAN,
            Self::Pt => &PORTUGUESE,
            Self::Nl => &DUTCH,
            Self::Sv => &SWEDISH,
            Self::Pl => &POLISH,
            Self::Tr => &TURKISH,
            Self::Ja => &JAPANESE,
        }
    }
}

const ENGLISH: Months = [
    &["january", "jan"],
    &["february", "feb"],
    &["march", "mar"],
    &["april", "apr"],
    &["may"],
    &["june", "jun"],
    &["july", "jul"],
    &["august", "aug"],
    &["september", "sept", "sep"],
    &["october", "oct"],
    &["november", "nov"],
    &["december", "dec"],
];

const GERMAN: Months = [
    &["januar", "jänner", "jan", "jän"],
    &["februar", "feb", "febr"],
    &["märz", "maerz", "mär", "mrz"],
    &["april", "apr"],
    &["mai"],
    &["juni", "jun"],
    &["juli", "jul"],
    &["august", "aug"],
    &["september", "sept", "sep"],
    &["oktober", "okt"],
    &["november", "nov"],
    &["dezember", "dez"],
];

const FRENCH: Months = [
    &["janvier", "janv", "jan"],
    &["février", "fevrier", "févr", "fevr", "fév", "fev"],
    &["mars", "mar"],
    &["avril", "avr"],
    &["mai"],
    &["juin"],
    &["juillet", "juil"],
    &["août", "aout"],
    &["septembre", "sept", "sep"],
    &["octobre", "oct"],
    &["novembre", "nov"],
    &["décembre", "decembre", "déc", "dec"],
];

const SPANISH: Months = [
    &["enero", "ene"],
    &["febrero", "feb"],
    &["marzo", "mar"],
    &["abril", "abr"],
    &["mayo", "may"],
    &["junio", "jun"],
    &["julio", "jul"],
    &["agosto", "ago"],
    &["septiembre", "setiembre", "sept", "sep", "set"],
    &["octubre", "oct"],
    &["noviembre", "nov"],
    &["diciembre", "dic"],
];

const ITALIAN: Months = [
    &["gennaio", "gen"],
    &["febbraio", "feb"],
    &["marzo", "mar"],
    &["aprile", "apr"],
    &["maggio", "mag"],
    &["giugno", "giu"],
    &["luglio", "lug"],
    &["agosto", "ago"],
    &["settembre", "sett", "set"],
    &["ottobre", "ott"],
    &["novembre", "nov"],
    &["dicembre", "dic"],
];

const PORTUGUESE: Months = [
    &["janeiro", "jan"],
    &["fevereiro", "fev"],
    &["março", "marco", "mar"],
    &["abril", "abr"],
    &["maio", "mai"],
    &["junho", "jun"],
    &["julho", "jul"],
    &["agosto", "ago"],
    &["setembro", "set"],
    &["outubro", "out"],
    &["novembro", "nov"],
    &["dezembro", "dez"],
];

const DUTCH: Months = [
    &["januari", "jan"],
    &["februari", "feb"],
    &["maart", "mrt"],
    &["april", "apr"],
    &["mei"],
    &["juni", "jun"],
    &["juli", "jul"],
    &["augustus", "aug"],
    &["september", "sept", "sep"],
    &["oktober", "okt"],
    &["november", "nov"],
    &["december", "dec"],
];

const SWEDISH: Months = [
    &["januari", "jan"],
    &["februari", "feb"],
    &["mars", "mar"],
    &["april", "apr"],
    &["maj"],
    &["juni", "jun"],
    &["juli", "jul"],
    &["augusti", "aug"],
    &["september", "sept", "sep"],
    &["oktober", "okt"],
    &["november", "nov"],
    &["december", "dec"],
];

const POLISH: Months = [
    &["styczeń", "stycznia", "sty"],
    &["luty", "lutego", "lut"],
    &["marzec", "marca", "mar"],
    &["kwiecień", "kwietnia", "kwi"],
    &["maj", "maja"],
    &["czerwiec", "czerwca", "cze"],
    &["lipiec", "lipca", "lip"],
    &["sierpień", "sierpnia", "sie"],
    &["wrzesień", "września", "wrz"],
    &["październik", "października", "paź"],
    &["listopad", "listopada", "lis"],
    &["grudzień", "grudnia", "gru"],
];

// A dotless ı that was upper case comes back as i.
const TURKISH: Months = [
    &["ocak", "oca"],
    &["şubat", "şub"],
    &["mart", "mar"],
    &["nisan", "nis"],
    &["mayıs", "mayis", "may"],
    &["haziran", "haz"],
    &["temmuz", "tem"],
    &["ağustos", "ağu"],
    &["eylül", "eyl"],
    &["ekim", "eki"],
    &["kasım", "kasim", "kas"],
    &["aralık", "aralik", "ara"],
];

const JAPANESE: Months = [
    &["1月", "01月"],
    &["2月", "02月"],
    &["3月", "03月"],
    &["4月", "04月"],
    &["5月", "05月"],
    &["6月", "06月"],
    &["7月", "07月"],
    &["8月", "08月"],
    &["9月", "09月"],
    &["10月"],
    &["11月"],
    &["12月"],
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Language;

    #[test]
    fn no_word_names_two_months() {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for language in Language::ALL {
            for (month, spellings) in language.months().iter().enumerate() {
                for word in *spellings {
                    assert_eq!(language.month(word), Some(month + 1), "{word} twice in {language:?}");
                    assert_eq!(*known.entry(word).or_insert(month), month, "{word} of {language:?}");
                    assert_eq!(word.to_lowercase(), *word);
                }
            }
        }
    }
}
