//! The kinds of rich messages, by which a channel says what it can show.

use super::Rich;
use bincode::{Decode, Encode};

/// A kind of rich message. A stored shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum RichKind {
    /// [`Rich::QuickReplies`].
    QuickReplies,
    /// [`Rich::ListPicker`].
    ListPicker,
    /// [`Rich::TimePicker`].
    TimePicker,
    /// [`Rich::Card`].
    Card,
    /// [`Rich::Carousel`].
    Carousel,
    /// [`Rich::Form`].
    Form,
}

impl RichKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::QuickReplies, Self::ListPicker, Self::TimePicker, Self::Card, Self::Carousel, Self::Form];

    /// As the `kind` of a rich message says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::QuickReplies => "quick_replies",
            Self::ListPicker => "list_picker",
            Self::TimePicker => "time_picker",
            Self::Card => "card",
            Self::Carousel => "carousel",
            Self::Form => "form",
        }
    }

    /// The kind that a word is for.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl Rich {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> RichKind {
        match self {
            Self::QuickReplies { .. } => RichKind::QuickReplies,
            Self::ListPicker { .. } => RichKind::ListPicker,
            Self::TimePicker { .. } => RichKind::TimePicker,
            Self::Card { .. } => RichKind::Card,
            Self::Carousel { .. } => RichKind::Carousel,
            Self::Form { .. } => RichKind::Form,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_kind_is_the_one_in_its_json() {
        let text = || "Which?".to_owned();
        let some = [
            Rich::QuickReplies { text: text(), options: Vec::new() },
            Rich::ListPicker { text: text(), sections: Vec::new(), multiple: false },
            Rich::TimePicker { text: text(), slots: Vec::new() },
            Rich::Carousel { text: text(), cards: Vec::new() },
            Rich::Form { text: text(), fields: Vec::new() },
        ];
        for rich in some {
            let json = serde_json::to_value(&rich).unwrap();
            assert_eq!(json["kind"], rich.kind().word());
            assert_eq!(RichKind::of_word(rich.kind().word()), Some(rich.kind()));
        }
        assert_eq!(RichKind::of_word("Card"), None);
        assert_eq!(RichKind::of_word("card"), Some(RichKind::Card));
    }
}
