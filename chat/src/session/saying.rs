//! What is said in a session, to whom, and as far as it may be stored.

use super::draft::Draft;
use crate::event::{Body, PerView};
use crate::privacy::{Area, seal};
use crate::text::Text;
use std::borrow::Cow;

impl Draft<'_> {
    /// Adds an event of somebody who is in, for all who see them.
    pub(super) fn speak(&mut self, by: u32, body: Body) -> u64 {
        self.speak_in(self.views_of(by), by, body)
    }

    fn speak_in(&mut self, sees: PerView<bool>, by: u32, body: Body) -> u64 {
        if is_sent(&body) {
            self.stop_typing(by);
        }
        self.event(by, sees, body)
    }

    /// Posts a message of somebody who is in, as far as it may be stored.
    pub(super) fn message(&mut self, by: u32, text: &str, message_type: Option<String>) -> u64 {
        let body = self.message_body(text, message_type);
        self.speak(by, body)
    }

    /// As [`Self::message`], but not for the customer.
    pub(super) fn internal_message(&mut self, by: u32, text: &str, message_type: Option<String>) -> u64 {
        let (sees, body) = (self.views_of(by), self.message_body(text, message_type));
        self.speak_in(PerView { customer: false, ..sees }, by, body)
    }

    fn message_body(&self, text: &str, message_type: Option<String>) -> Body {
        let guarded = self.guarded(text, message_type.clone(), false);
        guarded.unwrap_or_else(|| Body::said(text, message_type))
    }

    /// A notice to the programs of others, as far as it may be stored.
    pub(super) fn notice(&mut self, by: u32, text: &str, notice_type: Option<String>) -> u64 {
        let body = self.guarded(text, notice_type.clone(), true);
        self.speak(by, body.unwrap_or_else(|| Body::CustomNotice { text: Text::clear(text), notice_type }))
    }

    /// The original of what the next event has masked, where those who take part see it.
    pub(super) fn sealed(&self, original: &str) -> Option<Text> {
        match self.privacy?.area {
            Area::Always => None,
            Area::HistoryAll | Area::HistoryFinal => {
                seal(self.sealing.as_ref()?, self.seq.saturating_add(1), original)
            }
        }
    }

    /// What is stored of a text with personal data in it; none where it has none.
    fn guarded(&self, text: &str, message_type: Option<String>, notice: bool) -> Option<Body> {
        let privacy = self.privacy?;
        let masked = Text::clear(&privacy.mask(text)?);
        Some(match (self.sealed(text), notice) {
            (Some(sealed), _) => Body::Masked { text: masked, sealed, message_type, notice },
            (None, true) => Body::CustomNotice { text: masked, notice_type: message_type },
            (None, false) => Body::Message { text: masked, message_type },
        })
    }

    /// A text as it may be stored beside the conversation.
    pub(super) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let masked = self.privacy.and_then(|privacy| privacy.mask(text));
        masked.map_or(Cow::Borrowed(text), Cow::Owned)
    }
}

/// Whether it is what its author has typed, or stands for it.
fn is_sent(body: &Body) -> bool {
    match body {
        Body::Message { .. }
        | Body::Masked { notice: false, .. }
        | Body::Rich { .. }
        | Body::RichReply { .. }
        | Body::FileUploaded(_) => true,
        #[cfg(feature = "next-version")]
        Body::Cheered { .. } | Body::Worded { .. } => true,
        _ => false,
    }
}
