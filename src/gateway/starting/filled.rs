//! Whether a start has what the form before a chat asks for.

use super::{Start, is_email};
use crate::gateway::prechat::{FieldKind, FormFault, FormField, Prechat};
use handoff_chat::text::is_blank;

/// Attached to a chat whose customer agreed to what was asked of them.
const CONSENT_KEY: &str = "Consent";

/// What a telephone number may be written with beside digits.
const PHONE_SIGNS: &str = "+()-./ \u{a0}";
/// How many digits it has.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 3..=20;

impl Start {
    /// Checks that it has what is asked; notes that the customer agreed, where they were asked.
    ///
    /// # Errors
    /// [`FormFault`], of the first field that is wrong.
    pub(crate) fn fills(&mut self, form: &Prechat, consent: bool) -> Result<(), FormFault> {
        for field in &form.fields {
            field.check(self)?;
        }
        match &form.consent {
            Some(_) if !consent => Err(FormFault::NoConsent),
            Some(_) => {
                self.user_data.insert(CONSENT_KEY.to_owned(), "true".to_owned());
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl FormField {
    fn check(&self, start: &Start) -> Result<(), FormFault> {
        let (name, value) = self.given(start);
        let Some(value) = value.filter(|value| !is_blank(value)) else {
            return if self.required { Err(FormFault::Missing(name)) } else { Ok(()) };
        };
        let (fits, what) = match self.kind {
            FieldKind::Text | FieldKind::LongText => (true, "text"),
            FieldKind::Email => (is_email(value), "e-mail address"),
            FieldKind::Phone => (is_phone(value), "telephone number"),
            FieldKind::Choice => (self.choices.iter().any(|choice| choice.value == value), "choice"),
        };
        if fits { Ok(()) } else { Err(FormFault::Misfit(name, what)) }
    }

    /// What a start has for it, and where that was given.
    fn given<'s>(&self, start: &'s Start) -> (String, Option<&'s str>) {
        let own = match self.key.as_str() {
            "nickname" => Some(&start.nickname),
            "first_name" => Some(&start.first_name),
            "last_name" => Some(&start.last_name),
            "email" => Some(&start.email),
            "subject" => Some(&start.subject),
            "text" => return (self.key.clone(), start.text.as_deref()),
            _ => None,
        };
        match own {
            Some(own) => (self.key.clone(), Some(own)),
            None => (format!("user_data.{}", self.key), start.user_data.get(&self.key).map(String::as_str)),
        }
    }
}

/// Whoever answers it knows what country it is from: digits, and what people write between them.
fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let fits = |letter: char| letter.is_ascii_digit() || PHONE_SIGNS.contains(letter);
    PHONE_DIGITS.contains(&digits) && text.trim().chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::GatewayOptions;
    use crate::gateway::given::Given;
    use crate::gateway::prechat::{Choice, Consent, Words};

    fn field(key: &str, kind: FieldKind, required: bool) -> FormField {
        let choices = ["sales", "help"].map(|value| Choice { value: value.to_owned(), label: Words::new() });
        let choices = if kind == FieldKind::Choice { choices.to_vec() } else { Vec::new() };
        FormField { key: key.to_owned(), kind, label: Words::new(), required, autocomplete: None, choices }
    }

    fn start(email: Option<&str>, data: &[(&str, &str)]) -> Start {
        let user_data = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (nickname, email) = (Some("n".to_owned()), email.map(str::to_owned));
        let given = Given { nickname, email, user_data, ..Given::default() };
        Start::check(given, &GatewayOptions::default()).unwrap()
    }

    fn checked(field: FormField, mut start: Start) -> Result<(), FormFault> {
        start.fills(&Prechat { fields: vec![field], ..Prechat::default() }, false)
    }

    #[test]
    fn what_is_required_must_be_there_and_not_blank() {
        let missing = |name: &str| Err(FormFault::Missing(name.to_owned()));
        let email = |required| field("email", FieldKind::Email, required);
        assert_eq!(checked(email(true), start(None, &[])), missing("email"));
        assert_eq!(checked(email(true), start(Some("a@b.example"), &[])), Ok(()));
        assert_eq!(checked(email(false), start(None, &[])), Ok(()));
        let order = || field("order", FieldKind::Text, true);
        assert_eq!(checked(order(), start(None, &[("order", " ")])), missing("user_data.order"));
        assert_eq!(checked(order(), start(None, &[("order", "7")])), Ok(()));
        assert_eq!(checked(field("text", FieldKind::LongText, true), start(None, &[])), missing("text"));
    }

    #[test]
    fn what_is_given_must_fit_its_kind_required_or_not() {
        let misfit = |what| Err(FormFault::Misfit("user_data.x".to_owned(), what));
        let given = |kind, value| checked(field("x", kind, false), start(None, &[("x", value)]));
        assert_eq!(given(FieldKind::Choice, "sales"), Ok(()));
        assert_eq!(given(FieldKind::Choice, "Sales"), misfit("choice"));
        assert_eq!(given(FieldKind::Email, "a.example"), misfit("e-mail address"));
        for phone in ["+49 (0)30 / 123-45", "112", "030.1234567"] {
            assert_eq!(given(FieldKind::Phone, phone), Ok(()), "{phone}");
        }
        for phone in ["12", "call me", "1234x", "123456789012345678901"] {
            assert_eq!(given(FieldKind::Phone, phone), misfit("telephone number"), "{phone}");
        }
        assert_eq!(given(FieldKind::Text, "anything"), Ok(()));
    }

    #[test]
    fn who_is_asked_to_agree_must_and_it_is_kept_that_they_did() {
        let consent = Some(Consent { text: Words::from([("*".to_owned(), "ok?".to_owned())]), url: None });
        let asks = Prechat { consent, ..Prechat::default() };
        let mut without = start(None, &[("Consent", "true")]);
        assert_eq!(without.fills(&asks, false), Err(FormFault::NoConsent), "data are no word for it");
        let mut agreed = start(None, &[]);
        assert_eq!(agreed.fills(&asks, true), Ok(()));
        assert_eq!(agreed.user_data[CONSENT_KEY], "true");
        let mut unasked = start(None, &[]);
        assert_eq!(unasked.fills(&Prechat::default(), true), Ok(()));
        assert!(unasked.user_data.is_empty());
    }
}
