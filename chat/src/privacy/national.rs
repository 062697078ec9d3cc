//! Numbers that states give their people, each with its own check where it has one.

use super::National;
use super::find::{digits, pattern};
use regex::Regex;
use std::sync::LazyLock;

/// The pattern of a kind of number, and the check that what was found must pass.
pub(super) fn national(which: National) -> (Option<&'static Regex>, fn(&str) -> bool) {
    match which {
        National::UsSsn => (pattern!(r"[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}"), us_ssn),
        National::UkNino => {
            let pattern =
                pattern!(r"(?i)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]");
            (pattern, |_| true)
        }
        National::CaSin => (pattern!(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}"), |found| luhn(&digits(found))),
        National::EsDni => (pattern!(r"(?i)(?:[0-9]{8}|[XYZ]-?[0-9]{7})-?[A-Z]"), es_dni),
        National::BrCpf => (pattern!(r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}"), br_cpf),
        National::FrNir => {
            let pattern =
                pattern!(r"(?i)[12] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2A|2B) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}");
            (pattern, fr_nir)
        }
    }
}

/// Whether the last digit is the check digit of the others (ISO/IEC 7812).
pub(super) fn luhn(number: &[u32]) -> bool {
    let doubled = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, double) if double > 9 => double - 9,
        (_, double) => double,
    };
    number.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

/// Area, group and serial are never zero; 666 and 900 on are no areas.
fn us_ssn(found: &str) -> bool {
    let mut parts = found.split([' ', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    let (area, group, serial) = (parts.next(), parts.next(), parts.next());
    area.is_some_and(|area| area != 0 && area != 666 && area < 900) && group != Some(0) && serial != Some(0)
}

fn es_dni(found: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let plain: String = found.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let plain = plain.to_ascii_uppercase().replace('X', "0").replace('Y', "1").replace('Z', "2");
    // The check letter may be one of these three itself.
    let letter = found.chars().next_back().map(|c| c.to_ascii_uppercase());
    let number: usize = plain.get(..8).and_then(|number| number.parse().ok()).unwrap_or(usize::MAX);
    LETTERS.get(number % 23).map(|byte| char::from(*byte)) == letter && number != usize::MAX
}

fn br_cpf(found: &str) -> bool {
    let number = digits(found);
    let check = |count: usize| {
        let weights = (2..).take(count).collect::<Vec<u32>>();
        let sum: u32 =
            number.iter().take(count).zip(weights.iter().rev()).map(|(digit, weight)| digit * weight).sum();
        (sum * 10 % 11) % 10
    };
    let same = number.windows(2).all(|pair| pair.first() == pair.last());
    number.len() == 11 && !same && number.get(9) == Some(&check(9)) && number.get(10) == Some(&check(10))
}

fn fr_nir(found: &str) -> bool {
    let plain: String = found.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    let body = plain.get(..13).unwrap_or_default().replace("2A", "19").replace("2B", "18");
    let check: u64 = plain.get(13..).and_then(|check| check.parse().ok()).unwrap_or(0);
    body.parse::<u64>().is_ok_and(|body| check == 97 - body % 97)
}
