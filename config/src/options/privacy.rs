//! The section of privacy.

use crate::slot::{names, options};
use std::collections::BTreeMap;

names! {
    /// Where personal data are masked.
    ApplyArea ("never, always, history-all or history-final") {
        /// Nowhere: everybody sees the original, and it is stored.
        Never = "never",
        /// For everybody; the original is stored nowhere.
        Always = "always",
        /// In every transcript; live participants see the original.
        HistoryAll = "history-all",
        /// In the final transcript.
        HistoryFinal = "history-final",
    }
}

names! {
    /// What others see of what somebody is typing.
    TypingPreview ("open, masked or hidden") {
        /// All of it, as it is typed.
        Open = "open",
        /// With personal data masked.
        Masked = "masked",
        /// Nothing but that they type.
        Hidden = "hidden",
    }
}

names! {
    /// Where a chat's subject is masked.
    CleanSubject ("never, history, interaction or both") {
        /// Nowhere: all see it as it was given.
        Never = "never",
        /// In the record and its transcripts.
        History = "history",
        /// In what agents and workflows are shown of it.
        Interaction = "interaction",
        /// In the record, and in what agents and workflows are shown.
        Both = "both",
    }
}

options! {
    /// Personal data in what participants say.
    Privacy {
        /// Where they are masked (apply-area).
        apply_area: ApplyArea = ApplyArea::Never,
        /// Which of the built-in rules find them, by name.
        rules: Vec<String> = ["card", "iban", "phone", "email"].map(str::to_owned).to_vec(),
        /// What else they are, by name.
        patterns: BTreeMap<String, Pattern> = BTreeMap::new(),
        /// The character in their place (default-repchar).
        replacement: String = "*".to_owned(),
        /// What others see of what somebody is typing (typing-preview).
        typing_preview: TypingPreview = TypingPreview::Masked,
        /// Where a chat's subject is masked (clean-subject).
        clean_subject: CleanSubject = CleanSubject::Never,
        /// Whether bots see what live participants see (allow-bot-unmask).
        bots_see: bool = false,
    }
}

options! {
    /// A regular expression for personal data.
    Pattern {
        /// Its first group is masked, or the whole where it has none.
        regex: String = String::new(),
    }
}
