//! What is found and what is left alone, and that what is sealed comes back with its key alone.

use super::*;
use proptest::prelude::*;

fn privacy(rules: &[&str]) -> Privacy {
    Privacy {
        area: Area::Always,
        rules: rules.iter().map(|name| Rule::named(name).unwrap_or(Rule::Own((*name).to_owned()))).collect(),
        replacement: '*',
        preview: Preview::Masked,
        bots_see: false,
        subject: Subject::Never,
    }
}

fn masks(rule: &str, cases: &[(&str, &str)]) {
    for (text, masked) in cases {
        assert_eq!(privacy(&[rule]).clean(text), *masked);
    }
}

fn leaves(rule: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(privacy(&[rule]).mask(text), None, "{rule}: {text}");
    }
}

#[test]
fn cards_are_found_by_their_check_digit_in_any_writing() {
    masks(
        "card",
        &[
            ("4111 1111 1111 1111", "**** **** **** ****"),
            ("my card: 4111-1111-1111-1111, thanks", "my card: ****-****-****-****, thanks"),
            ("378282246310005 (Amex)", "*************** (Amex)"),
            ("رقم بطاقتي ٤١١١١١١١١١١١١١١١", "رقم بطاقتي ****************"),
            ("４１１１ １１１１ １１１１ １１１１ です", "**** **** **** **** です"),
            ("4111\u{a0}1111\u{a0}1111\u{a0}1111", "****\u{a0}****\u{a0}****\u{a0}****"),
            // A number in front of it, and one behind.
            ("12 4111111111111111 99", "12 **************** 99"),
        ],
    );
    leaves(
        "card",
        &["4111 1111 1111 1112", "order 123456789012", "0000 0000 0000 0000", "2026-11-27 10:15:00.123"],
    );
}

#[test]
fn telephone_numbers_are_found_and_dates_and_sums_are_not() {
    masks(
        "phone",
        &[
            ("+49 30 1234567", "+** ** *******"),
            ("call 0041 44 668 18 00!", "call **** ** *** ** **!"),
            ("030/1234567", "***/*******"),
            ("(555) 234-5678 or 555.234.5678", "(***) ***-**** or ***.***.****"),
            ("+1 555 234 5678", "+* *** *** ****"),
        ],
    );
    leaves(
        "phone",
        &["27.11.2026", "2026-11-27", "10:15", "1.234.567,00 EUR", "order 4711", "0.75", "12345678"],
    );
}

#[test]
fn addresses_accounts_and_numbers_of_states_are_found_by_their_checks() {
    masks(
        "email",
        &[
            ("write to zoe.ng+x@mail.example.org.", "write to ***.**+*@****.*******.***."),
            ("юзер@пример.рф", "****@******.**"),
        ],
    );
    leaves("email", &["@home", "a@b", "5 @ 3.50"]);
    masks(
        "iban",
        &[
            ("DE89 3704 0044 0532 0130 00 please", "**** **** **** **** **** ** please"),
            ("gb82west12345698765432", "**********************"),
        ],
    );
    leaves(
        "iban",
        &["DE88 3704 0044 0532 0130 00", "DE89 3704", "XX89 3704 0044 0532 0130 00", "AB12 is my seat"],
    );
    masks("us_ssn", &[("123-45-6789", "***-**-****")]);
    leaves("us_ssn", &["000-45-6789", "666-45-6789", "900-45-6789", "123-00-6789", "1123-45-6789"]);
    masks("uk_nino", &[("AB 12 34 56 C", "** ** ** ** *"), ("my no is ab123456c", "my no is *********")]);
    leaves("uk_nino", &["QQ 12 34 56 C", "AB123456E"]);
    masks("ca_sin", &[("046 454 286", "*** *** ***")]);
    leaves("ca_sin", &["046 454 287"]);
    masks("es_dni", &[("12345678Z", "*********"), ("X1234567L", "*********"), ("00000023-T", "********-*")]);
    leaves("es_dni", &["12345678A"]);
    masks("br_cpf", &[("529.982.247-25", "***.***.***-**")]);
    leaves("br_cpf", &["529.982.247-26", "111.111.111-11"]);
    masks("fr_nir", &[("2 55 08 14 168 025 38", "* ** ** ** *** *** **")]);
    leaves("fr_nir", &["2 55 08 14 168 025 39"]);
}

#[test]
fn an_own_pattern_masks_its_first_group_or_all_of_it() {
    masks(r"customer ([A-Z]{2}-[0-9]+)", &[("I am customer AB-77", "I am customer **-**")]);
    masks(r"(?i)secret", &[("a Secret", "a ******")]);
    leaves("nothing like it", &["a text"]);
    assert!(compile("(").is_err());
}

#[test]
fn a_preview_is_open_masked_or_hidden() {
    let typing = || Some("4111 1111 1111 1111".to_owned());
    let of = |preview| Privacy { preview, ..privacy(&["card"]) }.preview(typing());
    assert_eq!(of(Preview::Open), typing());
    assert_eq!(of(Preview::Masked).as_deref(), Some("**** **** **** ****"));
    assert_eq!(of(Preview::Hidden), None);
}

#[test]
fn what_is_sealed_comes_back_with_its_key_and_number_alone() {
    let key = [7; 32];
    let sealed = seal(&key, 5, "4111 1111").unwrap();
    assert!(sealed.key == SESSION_KEY && !sealed.bytes.windows(4).any(|part| part == b"4111"));
    assert_eq!(unseal(&key, 5, &sealed).as_deref(), Some("4111 1111"));
    assert_eq!(unseal(&key, 6, &sealed), None);
    assert_eq!(unseal(&[8; 32], 5, &sealed), None);
}

proptest! {
    #[test]
    fn any_text_is_masked_without_harm_and_once_is_enough(text in "\\PC{0,80}|[0-9 .+()/-]{0,60}") {
        let all = privacy(&[
            "card", "phone", "email", "iban", "us_ssn", "uk_nino", "ca_sin", "es_dni", "br_cpf", "fr_nir", "[a-c]+",
        ]);
        let masked = all.clean(&text);
        prop_assert_eq!(masked.chars().count(), text.chars().count());
        let kept = text.chars().zip(masked.chars()).all(|(before, after)| before == after || after == '*');
        prop_assert!(kept);
        prop_assert_eq!(all.mask(&masked), None);
    }
}
