//! The form parsers: what clients send, and whatever else may come.

use crate::gateway::form::{BodyError, Encoding, Form, FormLimits, user_data_key};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::web::Bytes;
use handoff_chat::text::is_blank;
use proptest::prelude::*;

const LIMITS: FormLimits = FormLimits { fields_max: 64, name_bytes_max: 256 };

fn headers(content_type: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
    headers
}

fn multipart(content_type: &str, body: Vec<u8>) -> Result<Form, BodyError> {
    futures_util::FutureExt::now_or_never(Form::multipart(&headers(content_type), Bytes::from(body), LIMITS))
        .expect("a body that is there is read without waiting")
}

fn parts(fields: &[(String, String)]) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    (body + "--b0--\r\n").into_bytes()
}

#[test]
fn values_are_found_by_name_then_by_case_and_blank_ones_are_none() {
    let form =
        Form::urlencoded(b"a=1&A=2&a=3&Subject=s&blank=+&empty=&flag&%C3%A9=%F0%9F%98%80+x", LIMITS).unwrap();
    assert_eq!(form.value("a"), Some("1"));
    assert_eq!(form.value("A"), Some("2"));
    assert_eq!(form.value("subject"), Some("s"));
    assert_eq!(
        (form.value("blank"), form.value("empty"), form.value("flag"), form.value("none")),
        (None, None, None, None)
    );
    assert_eq!(form.value("é"), Some("😀 x"));
    assert_eq!(format!("{form:?}"), "Form(8 fields)");
}

#[test]
fn user_data_keys_are_what_is_in_the_brackets() {
    for (name, key) in [
        ("userData[a]", Some("a")),
        ("userdata[A b]", Some("A b")),
        ("userData[a[b]]", Some("a[b]")),
        ("userData[]", None),
        ("userData[a", None),
        ("userData", None),
        ("userData[a]b", None),
        ("üserDat[a]", None),
        ("", None),
    ] {
        assert_eq!(user_data_key(name), key, "{name}");
    }
    let form = Form::urlencoded(b"userData%5Bk%5D=first&userData[k]=second&userData[e]=", LIMITS).unwrap();
    let data: Vec<_> = form.user_data().into_iter().collect();
    assert_eq!(data, [("e".to_owned(), String::new()), ("k".to_owned(), "first".to_owned())]);
}

#[test]
fn content_types_are_taken_in_all_their_spellings_and_others_refused() {
    for (given, encoding) in [
        ("application/x-www-form-urlencoded", Ok(Encoding::Urlencoded)),
        ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", Ok(Encoding::Urlencoded)),
        ("application/x-www-form-urlencoded;charset=\"utf-8\"", Ok(Encoding::Urlencoded)),
        ("multipart/form-data; boundary=x", Ok(Encoding::Multipart)),
        ("application/x-www-form-urlencoded; charset=ISO-8859-1", Err(BodyError::ContentType)),
        ("application/json", Err(BodyError::ContentType)),
        ("", Err(BodyError::ContentType)),
    ] {
        assert_eq!(Encoding::of(&headers(given)), encoding, "{given}");
    }
    assert_eq!(Encoding::of(&HeaderMap::new()), Err(BodyError::ContentType));
}

#[test]
fn a_large_multipart_field_is_read_whole_and_files_are_skipped() {
    let value = "é\r\n--b\r\n".repeat(20_000);
    let mut body = parts(&[("message".to_owned(), value.clone())]);
    body.truncate(body.len() - "--b0--\r\n".len());
    body.extend_from_slice(b"--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n");
    body.extend_from_slice(b"\r\n\xff\xfe\r\n--b0--\r\n");
    let form = multipart("multipart/form-data; boundary=b0", body).unwrap();
    assert_eq!(form.value("message"), Some(value.as_str()));
    assert_eq!(form.value("file"), None);
}

#[test]
fn limits_hold_in_both_encodings() {
    let many = "a=1&".repeat(65);
    assert!(matches!(Form::urlencoded(many.as_bytes(), LIMITS), Err(BodyError::Fields(64))));
    let name = format!("{}=1", "n".repeat(257));
    assert!(matches!(Form::urlencoded(name.as_bytes(), LIMITS), Err(BodyError::Name(256))));
    let fields: Vec<_> = (0..65).map(|n| (format!("f{n}"), "v".to_owned())).collect();
    assert!(matches!(
        multipart("multipart/form-data; boundary=b0", parts(&fields)),
        Err(BodyError::Fields(64))
    ));
}

proptest! {
    #[test]
    fn any_fields_come_back_from_either_encoding(
        fields in proptest::collection::vec(
            ("[a-zA-Z\\[\\]éü😀_.-]{1,20}", "\\PC{0,60}|[\u{0}-\u{ff}]{0,30}"), 0..20)
    ) {
        let mut escaped = form_urlencoded::Serializer::new(String::new());
        escaped.extend_pairs(&fields);
        let urlencoded = Form::urlencoded(escaped.finish().as_bytes(), LIMITS).unwrap();
        // A value that holds the boundary can't be sent under it.
        prop_assume!(fields.iter().all(|(_, value)| !value.contains("--b0")));
        let multipart = multipart("multipart/form-data; boundary=b0", parts(&fields)).unwrap();
        for (name, _) in &fields {
            let first = fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
            let first = first.filter(|value| !is_blank(value));
            prop_assert_eq!(urlencoded.value(name), first);
            prop_assert_eq!(multipart.value(name), first);
        }
    }

    #[test]
    fn any_bytes_are_a_form_or_a_fault(body in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(form) = Form::urlencoded(&body, LIMITS) {
            let _ = (form.user_data(), form.value("message"));
        }
        let _ = multipart("multipart/form-data; boundary=b0", body);
    }

    #[test]
    fn any_damage_to_a_multipart_body_is_a_form_or_a_fault(
        at in any::<proptest::sample::Index>(), byte in any::<u8>(),
        cut in any::<proptest::sample::Index>(), halve in any::<bool>()
    ) {
        let fields = [("message", "hello 😀"), ("userData[k]", "v")];
        let mut body = parts(&fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let place = at.index(body.len());
        body[place] = byte;
        if halve { body.truncate(cut.index(body.len())); }
        let _ = multipart("multipart/form-data; boundary=b0", body);
    }

    #[test]
    fn any_content_type_is_taken_or_refused(value in "[ -~]{0,60}", rest in "[ -~]{0,40}") {
        let _ = Encoding::of(&headers(&value));
        let given = format!("multipart/form-data; boundary={rest}");
        let _ = multipart(&given, parts(&[("a".to_owned(), "b".to_owned())]));
    }
}
