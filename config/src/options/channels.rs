//! The section of channels: one subsection for each kind, and for kinds of which there may be several one for each by
//! its name.

use crate::secret::Secret;
use crate::slot::options;
use std::collections::BTreeMap;
use std::path::PathBuf;

options! {
    /// The ways by which customers reach the contact center.
    Channels {
        /// The GMS Chat API over REST.
        gms: PulledChannel = PulledChannel::default(),
        /// The GMS Chat API over CometD.
        cometd: Cometd = Cometd::default(),
        /// The native socket.
        native: PulledChannel = PulledChannel::default(),
        /// Signed webhooks, by name.
        webhook: BTreeMap<String, WebhookChannel> = BTreeMap::new(),
    }
}

options! {
    /// A channel whose customers read for themselves.
    PulledChannel {
        /// A customer of whom nothing is heard for this long has left; 0: as `session.disconnect_timeout_ms`.
        disconnect_timeout_ms: u64 = 0,
    }
}

options! {
    /// The GMS Chat API over CometD.
    Cometd {
        /// How long a `/meta/connect` is held that brings nothing.
        timeout_ms: u64 = 20_000,
        /// How long a client may stay away between two of them before its session is dropped.
        max_interval_ms: u64 = 10_000,
        /// Most clients of the node.
        clients_max: usize = 20_000,
        /// A customer of whom nothing is heard for this long has left; 0: as `session.disconnect_timeout_ms`.
        disconnect_timeout_ms: u64 = 0,
    }
}

options! {
    /// A signed webhook: messages come in as POSTs, and each event goes out as one.
    WebhookChannel {
        /// The service that its chats begin with.
        service: String = "default".to_owned(),
        /// Where events are posted to.
        url: String = String::new(),
        /// The secret that both sides sign with, as `whsec_` and base64.
        secret: Option<Secret> = None,
        /// A file with the secret.
        secret_file: Option<PathBuf> = None,
        /// Most posts on their way to it at once, from each node.
        posts_max: usize = 64,
        /// The longest text that it shows, in bytes of UTF-8; 0: as long as a message may be.
        text_bytes_max: u32 = 0,
        /// The kinds of rich messages that it shows; of others their text is sent.
        rich: Vec<String> = Vec::new(),
        /// Whether it is told who comes and goes, and what programs tell each other.
        notices: bool = true,
        /// Whether it is told what agents have read.
        receipts: bool = true,
        /// How long a customer may be answered after they wrote; 0: for ever.
        window_ms: u64 = 0,
        /// How many messages may follow one of theirs; 0: any number.
        window_answers_max: u32 = 0,
        /// The `message_type` of what may be sent after that; not set: nothing.
        window_after: Option<String> = None,
        /// Messages that one address may send in a minute; each node counts for itself. 0: any number.
        address_messages_per_minute: u32 = 120,
        /// How long one try to post an event may take.
        timeout_ms: u64 = 10_000,
        /// How long to wait after the first try that failed; doubles with each one.
        retry_ms: u64 = 500,
        /// The longest wait between two tries.
        retry_max_ms: u64 = 60_000,
        /// An event that could not be posted for this long has failed.
        give_up_ms: u64 = 86_400_000,
    }
}
