//! Who sees the original of what is stored masked.

use super::rich::both;
use super::state::Session;
use crate::event::{Body, Event};
use crate::privacy::{Area, Privacy, unseal};
use crate::text::Text;

impl Session {
    /// For those who take part: the original, until the key is gone.
    pub(super) fn in_clear(&self, event: &Event) -> Event {
        self.shown(event, true)
    }

    /// For the customer's channel, which is pushed what was said even when the record is final.
    pub(super) fn for_channel(&self, event: &Event) -> Event {
        opened(event, self.state.sealing.as_ref())
    }

    /// For a transcript that is read while the session lives.
    pub(super) fn in_transcript(&self, event: &Event) -> Event {
        self.shown(event, self.privacy().is_none_or(|privacy| privacy.area == Area::HistoryFinal))
    }

    /// For a bot: the original only where the configuration lets bots see it.
    pub(super) fn for_bots(&self, event: &Event) -> Event {
        self.shown(event, self.privacy().is_none_or(|privacy| privacy.bots_see))
    }

    fn privacy(&self) -> Option<&Privacy> {
        self.state.terms()?.privacy.as_deref()
    }

    /// An event as it is shown to who sees originals, or does not.
    fn shown(&self, event: &Event, sees: bool) -> Event {
        let sees = sees && !self.state.recorded;
        opened(event, self.state.sealing.as_ref().filter(|_| sees))
    }
}

/// An event with its originals, where there is the key to them.
fn opened(event: &Event, key: Option<&[u8; 32]>) -> Event {
    let original = |sealed: &Text| unseal(key?, event.seq, sealed);
    let mut event = event.clone();
    match &mut event.body {
        Body::Masked { text, sealed, message_type, notice } => {
            let text = original(sealed).map_or_else(|| text.clone(), |original| Text::clear(&original));
            let kind = message_type.take();
            event.body = if *notice {
                Body::CustomNotice { text, notice_type: kind }
            } else {
                Body::Message { text, message_type: kind }
            };
        }
        Body::Rich { text, content, sealed: Some(sealed) }
        | Body::RichReply { text, content, sealed: Some(sealed), .. } => {
            if let Some((clear_text, clear_content)) = original(sealed).as_deref().and_then(both) {
                (*text, *content) = (Text::clear(&clear_text), Text::clear(&clear_content));
            }
        }
        _ => {}
    }
    event
}
