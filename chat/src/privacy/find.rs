//! Finding personal data. Digits of any script count as digits; what is found is marked character by character.

use super::national::{luhn, national};
use super::{Rule, compile};
use regex::Regex;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A text with its digits in ASCII, and where each of its bytes stands among its characters.
pub(super) struct Plain {
    characters: Vec<char>,
    /// The same with digits of any script as ASCII ones.
    pub(super) text: String,
    /// The place of each character in `text`, and its end.
    starts: Vec<usize>,
}

/// Where the scripts that have digits of their own have their zero.
const ZEROES: [char; 12] = [
    '\u{0660}', '\u{06f0}', '\u{07c0}', '\u{0966}', '\u{09e6}', '\u{0a66}', '\u{0ae6}', '\u{0be6}',
    '\u{0e50}', '\u{0f20}', '\u{1040}', '\u{ff10}',
];

fn plain(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let digit = ZEROES.iter().find_map(|zero| {
        let value = u32::from(c).checked_sub(u32::from(*zero))?;
        char::from_digit(value, 10)
    });
    match c {
        // Spaces and dashes that writers mean as such.
        '\u{a0}' | '\u{202f}' | '\u{2007}' | '\u{2009}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => digit.unwrap_or(c),
    }
}

impl Plain {
    pub(super) fn of(text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let (mut plain_text, mut starts) = (String::with_capacity(text.len()), Vec::new());
        for c in &characters {
            starts.push(plain_text.len());
            plain_text.push(plain(*c));
        }
        starts.push(plain_text.len());
        Self { characters, text: plain_text, starts }
    }

    pub(super) fn nothing(&self) -> Vec<bool> {
        vec![false; self.characters.len()]
    }

    fn character_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start < byte)
    }

    fn hide(&self, hidden: &mut [bool], from: usize, to: usize) {
        let (from, to) = (self.character_at(from), self.character_at(to));
        hidden.iter_mut().take(to).skip(from).for_each(|one| *one = true);
    }

    /// Letters and digits that are hidden give way; what stands between them stays, so that the form still shows.
    pub(super) fn masked(&self, hidden: &[bool], replacement: char) -> Option<String> {
        let gives_way = |(c, hidden): (&char, &bool)| *hidden && c.is_alphanumeric();
        if !self.characters.iter().zip(hidden).any(gives_way) {
            return None;
        }
        let masked = self.characters.iter().zip(hidden);
        Some(masked.map(|(c, hidden)| if gives_way((c, hidden)) { replacement } else { *c }).collect())
    }
}

/// A pattern that is part of this program.
macro_rules! pattern {
    ($text:expr) => {{
        static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
        PATTERN.as_ref()
    }};
}
pub(super) use pattern;

/// Marks what a rule finds.
pub(super) fn find(rule: &Rule, plain: &Plain, hidden: &mut [bool]) {
    match rule {
        Rule::Card => cards(plain, hidden),
        Rule::Phone => phones(plain, hidden),
        Rule::Email => {
            let found = pattern!(r"[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}");
            each(plain, hidden, found, |_| true);
        }
        Rule::Iban => ibans(plain, hidden),
        Rule::National(which) => {
            let (found, fits) = national(*which);
            each(plain, hidden, found, fits);
        }
        Rule::Own(own) => with_own(own, |own| {
            for found in own.captures_iter(&plain.text) {
                if let Some(part) = found.get(1).or_else(|| found.get(0)) {
                    plain.hide(hidden, part.start(), part.end());
                }
            }
        }),
    }
}

/// Operators' patterns that a thread keeps compiled: many more than a configuration has.
const OWN_MAX: usize = 256;

thread_local! {
    static OWN: RefCell<BTreeMap<String, Option<Regex>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Uses an operator's pattern, if it is one. To compile it takes a hundred times as long as to look through a text, so
/// that is done once.
fn with_own(pattern: &str, look: impl FnOnce(&Regex)) {
    OWN.with_borrow_mut(|known| {
        if !known.contains_key(pattern) {
            if known.len() >= OWN_MAX {
                known.clear();
            }
            known.insert(pattern.to_owned(), compile(pattern).ok());
        }
        if let Some(Some(own)) = known.get(pattern) {
            look(own);
        }
    });
}

fn each(plain: &Plain, hidden: &mut [bool], pattern: Option<&Regex>, fits: impl Fn(&str) -> bool) {
    for found in pattern.into_iter().flat_map(|pattern| pattern.find_iter(&plain.text)) {
        if alone(&plain.text, found.start(), found.end()) && fits(found.as_str()) {
            plain.hide(hidden, found.start(), found.end());
        }
    }
}

/// Whether no letter or digit goes on before or behind it.
fn alone(text: &str, from: usize, to: usize) -> bool {
    let before = text.get(..from).and_then(|head| head.chars().next_back());
    let behind = text.get(to..).and_then(|rest| rest.chars().next());
    ![before, behind].into_iter().flatten().any(char::is_alphanumeric)
}

pub(super) fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

/// Among groups of digits that stand together, those that make a card's number: the most groups that do, wherever they
/// begin. A number that merely goes on in another is none.
fn cards(plain: &Plain, hidden: &mut [bool]) {
    let rows = pattern!(r"[0-9](?:[ .-]{0,2}[0-9]){12,}");
    let groups = pattern!(r"[0-9]+");
    for row in rows.into_iter().flat_map(|rows| rows.find_iter(&plain.text)) {
        let groups: Vec<_> = groups.into_iter().flat_map(|groups| groups.find_iter(row.as_str())).collect();
        let mut from = 0;
        while let Some(first) = groups.get(from) {
            let longest = (from..groups.len()).rev().find_map(|to| {
                let last = groups.get(to)?;
                let number = digits(row.as_str().get(first.start()..last.end())?);
                let fits = (13..=19).contains(&number.len()) && luhn(&number);
                (fits && number.iter().any(|digit| *digit != 0)).then_some((to, last.end()))
            });
            if let Some((to, end)) = longest {
                plain.hide(hidden, row.start() + first.start(), row.start() + end);
                from = to;
            }
            from += 1;
        }
    }
}

fn phones(plain: &Plain, hidden: &mut [bool]) {
    let count =
        |range: std::ops::RangeInclusive<usize>| move |found: &str| range.contains(&digits(found).len());
    let international = pattern!(r"(?:\+|\b00)[ ]?\(?[1-9](?:[ ()./-]{0,3}[0-9]){6,14}");
    each(plain, hidden, international, count(7..=17));
    let national = pattern!(r"\(?\b0[1-9](?:[ ()/-]{0,3}[0-9]){6,12}");
    each(plain, hidden, national, count(8..=14));
    let american =
        pattern!(r"(?:\b1[ .-]?)?(?:\([2-9][0-9]{2}\)[ ]?|\b[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}");
    each(plain, hidden, american, count(10..=11));
}

/// Countries and the length of their account numbers (ISO 13616 registry).
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 \
    EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 \
    LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 \
    SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

fn ibans(plain: &Plain, hidden: &mut [bool]) {
    let starts = pattern!(r"(?i)\b[A-Z]{2}[0-9]{2}");
    for start in starts.into_iter().flat_map(|starts| starts.find_iter(&plain.text)) {
        let country = start.as_str().get(..2).unwrap_or_default().to_ascii_uppercase();
        let length: Option<usize> =
            IBAN_LENGTHS.split(' ').find_map(|entry| entry.strip_prefix(country.as_str())?.parse().ok());
        let Some(length) = length else { continue };
        let (mut number, mut end): (Vec<char>, usize) = (Vec::new(), 0);
        for (at, c) in plain.text.get(start.start()..).unwrap_or_default().char_indices() {
            if number.len() == length || !(c.is_ascii_alphanumeric() || c == ' ' || c == '-') {
                break;
            }
            if c.is_ascii_alphanumeric() {
                number.push(c.to_ascii_uppercase());
                end = start.start() + at + 1;
            }
        }
        if number.len() == length && alone(&plain.text, start.start(), end) && is_iban(&number) {
            plain.hide(hidden, start.start(), end);
        }
    }
}

/// The check of ISO 7064 (97-10), over the number with its first four characters at the end.
fn is_iban(number: &[char]) -> bool {
    let turned = number.iter().skip(4).chain(number.iter().take(4));
    let rest = turned.filter_map(|c| c.to_digit(36)).fold(0_u32, |rest, value| {
        let shift = if value > 9 { 100 } else { 10 };
        (rest * shift + value) % 97
    });
    rest == 1
}
