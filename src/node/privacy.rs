//! From the configuration to what sessions do with personal data.

use handoff_chat::privacy::{Area, Preview, Privacy, Rule, Subject, compile};
use handoff_config::{ApplyArea, CleanSubject, Config, TypingPreview};
use thiserror::Error;

/// Why the rules can't be used; all that is wrong, a line each.
#[derive(Debug, Error)]
#[error("personal data can't be masked:\n{0}")]
pub struct PrivacyError(String);

/// What sessions do; none: nothing.
///
/// # Errors
/// [`PrivacyError`], also where masking is off: a wrong rule is not to be found on the day it is needed.
pub(super) fn of(config: &Config) -> Result<Option<Box<Privacy>>, PrivacyError> {
    let privacy = &config.privacy;
    let mut problems = Vec::new();
    let mut rules = Vec::new();
    for name in &privacy.rules {
        match Rule::named(name) {
            Some(rule) => rules.push(rule),
            None => problems.push(format!("privacy.rules: there is no rule {name:?}")),
        }
    }
    for (name, pattern) in &privacy.patterns {
        match compile(&pattern.regex) {
            Ok(found) if found.is_match("") => {
                problems.push(format!("privacy.patterns.{name}.regex fits where there is nothing"));
            }
            Ok(_) => rules.push(Rule::Own(pattern.regex.clone())),
            Err(why) => problems.push(format!("privacy.patterns.{name}.regex: {why}")),
        }
    }
    let mut characters = privacy.replacement.chars();
    let replacement = match (characters.next(), characters.next()) {
        (Some(one), None) if !one.is_alphanumeric() && !one.is_control() => one,
        _ => {
            problems.push("privacy.replacement must be one character, no letter or digit".to_owned());
            '*'
        }
    };
    if !problems.is_empty() {
        return Err(PrivacyError(problems.join("\n")));
    }
    let area = match privacy.apply_area {
        ApplyArea::Never => return Ok(None),
        ApplyArea::Always => Area::Always,
        ApplyArea::HistoryAll => Area::HistoryAll,
        ApplyArea::HistoryFinal => Area::HistoryFinal,
    };
    let preview = match privacy.typing_preview {
        TypingPreview::Open => Preview::Open,
        TypingPreview::Masked => Preview::Masked,
        TypingPreview::Hidden => Preview::Hidden,
    };
    let subject = match privacy.clean_subject {
        CleanSubject::Never => Subject::Never,
        CleanSubject::History => Subject::History,
        CleanSubject::Interaction => Subject::Interaction,
        CleanSubject::Both => Subject::Both,
    };
    let bots_see = privacy.bots_see;
    Ok(Some(Box::new(Privacy { area, rules, replacement, preview, bots_see, subject })))
}

/// What is wrong with the rules, for `handoff check`.
///
/// # Errors
/// [`PrivacyError`].
pub fn check_privacy(config: &Config) -> Result<(), PrivacyError> {
    of(config).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(toml: &str) -> Result<Option<Box<Privacy>>, String> {
        of(&Config::from_toml(toml).unwrap().config).map_err(|error| error.to_string())
    }

    #[test]
    fn the_rules_of_a_configuration_are_used_and_every_wrong_one_is_named() {
        assert_eq!(given(""), Ok(None));
        let on = "[privacy]\napply_area = \"always\"\nrules = [\"card\"]\n[privacy.patterns.id]\nregex = 'K-[0-9]+'\n";
        let privacy = given(on).unwrap().unwrap();
        assert_eq!(privacy.clean("K-12, 4111111111111111"), "*-**, ****************");
        let wrong = "[privacy]\nrules = [\"cards\"]\nreplacement = \"xx\"\n[privacy.patterns.a]\nregex = '('\n\
                     [privacy.patterns.b]\nregex = 'x*'\n";
        let why = given(wrong).unwrap_err();
        for part in ["\"cards\"", "replacement", "patterns.a.regex", "patterns.b.regex fits"] {
            assert!(why.contains(part), "{why}");
        }
    }
}
