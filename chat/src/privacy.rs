//! Personal data in what participants say: found by rules, masked, and where live participants still see it, sealed
//! under a key of the session's own that is dropped when the record is final.

mod find;
mod national;
#[cfg(test)]
mod tests;

use crate::text::Text;
use bincode::{Decode, Encode};
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use regex::{Regex, RegexBuilder};

/// Largest compiled pattern of an operator's own, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// The id of a session's own key in [`Text::key`].
pub(crate) const SESSION_KEY: u32 = 1;

/// What is done with personal data in a session, fixed at its start. A stored shape.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Privacy {
    /// Where it is masked.
    pub area: Area,
    /// What counts as personal data; each rule is tried on each text.
    pub rules: Vec<Rule>,
    /// What stands in its place.
    pub replacement: char,
    /// What others see of what somebody is typing.
    pub preview: Preview,
    /// Whether bots see what live participants see.
    pub bots_see: bool,
    /// Where a chat's subject is masked.
    pub subject: Subject,
}

/// Where personal data are masked (`apply-area`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Area {
    /// For everybody: the original is stored nowhere.
    Always,
    /// In every transcript; live participants see the original.
    HistoryAll,
    /// In the final transcript; until then it has the original, as live participants see it.
    HistoryFinal,
}

/// What others see of what somebody is typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Preview {
    /// All of it, as it is typed.
    Open,
    /// With personal data masked.
    Masked,
    /// Nothing but that they type.
    Hidden,
}

/// Where a chat's subject is masked (`clean-subject`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Subject {
    /// Nowhere: all see it as it was given.
    Never,
    /// In the record and its transcripts.
    History,
    /// In what agents and workflows are shown of it.
    Interaction,
    /// In the record, and in what agents and workflows are shown.
    Both,
}

/// One kind of personal data.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Rule {
    /// Payment cards: 13 to 19 digits whose check digit (Luhn) fits.
    Card,
    /// Telephone numbers: international, national with a leading zero, North American.
    Phone,
    /// E-mail addresses, in the usual form with a dot in the host.
    Email,
    /// Bank accounts (ISO 13616): the country's length, and the check digits fit.
    Iban,
    /// A number that a state gives its people.
    National(National),
    /// An operator's own: a regular expression. Its first group is masked, or the whole where it has none.
    Own(String),
}

/// Numbers that states give their people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum National {
    /// Social security number of the United States.
    UsSsn,
    /// National insurance number of the United Kingdom.
    UkNino,
    /// Social insurance number of Canada (Luhn).
    CaSin,
    /// DNI of Spain (check letter).
    EsDni,
    /// CPF of Brazil (check digits).
    BrCpf,
    /// Social security number of France (check digits).
    FrNir,
}

impl Rule {
    /// By its name in a configuration.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "card" => Self::Card,
            "phone" => Self::Phone,
            "email" => Self::Email,
            "iban" => Self::Iban,
            "us_ssn" => Self::National(National::UsSsn),
            "uk_nino" => Self::National(National::UkNino),
            "ca_sin" => Self::National(National::CaSin),
            "es_dni" => Self::National(National::EsDni),
            "br_cpf" => Self::National(National::BrCpf),
            "fr_nir" => Self::National(National::FrNir),
            _ => return None,
        })
    }
}

/// Compiles an operator's own pattern.
///
/// # Errors
/// What is wrong with it.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|error| error.to_string())
}

impl Privacy {
    /// The text with personal data masked; none where there are none.
    #[must_use]
    pub fn mask(&self, text: &str) -> Option<String> {
        let text = find::Plain::of(text);
        let mut hidden = text.nothing();
        for rule in &self.rules {
            find::find(rule, &text, &mut hidden);
        }
        text.masked(&hidden, self.replacement)
    }

    /// The text masked, or as it is.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        self.mask(text).unwrap_or_else(|| text.to_owned())
    }

    /// What others see of what somebody is typing.
    #[must_use]
    pub fn preview(&self, text: Option<String>) -> Option<String> {
        match self.preview {
            Preview::Open => text,
            Preview::Masked => text.map(|text| self.clean(&text)),
            Preview::Hidden => None,
        }
    }
}

/// A text under a session's key; the number of its event makes the nonce, so none is used twice.
#[must_use]
pub(crate) fn seal(key: &[u8; 32], seq: u64, text: &str) -> Option<Text> {
    let bytes = ChaCha20Poly1305::new(key.into()).encrypt(&nonce(seq), text.as_bytes()).ok()?;
    Some(Text { key: SESSION_KEY, bytes })
}

/// The text again; none where the key or the event is another.
#[must_use]
pub(crate) fn unseal(key: &[u8; 32], seq: u64, sealed: &Text) -> Option<String> {
    let bytes = ChaCha20Poly1305::new(key.into()).decrypt(&nonce(seq), sealed.bytes.as_slice()).ok()?;
    String::from_utf8(bytes).ok()
}

fn nonce(seq: u64) -> Nonce {
    let mut nonce = [0; 12];
    for (to, from) in nonce.iter_mut().zip(seq.to_le_bytes()) {
        *to = from;
    }
    nonce.into()
}
