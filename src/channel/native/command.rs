//! What customers may say on their socket, and what they are answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A command of a customer.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum CustomerCommand {
    /// Starts a chat; the socket then follows it from its first event.
    ///
    /// Answered with `chat`, `key` and `next_command`.
    Start(Box<StartCommand>),
    /// Goes on with a chat; what was missed from the position on is sent.
    ///
    /// Answered with `next_command`.
    Resume {
        /// Its id, as the start was answered.
        chat: String,
        /// The key that its start was answered with.
        key: String,
        /// The last `next` of this chat.
        #[serde(default)]
        position: u64,
    },
    /// Posts a message.
    ///
    /// Answered with `index` and `number`.
    Send {
        #[serde(flatten)]
        at: Numbered,
        /// Not blank.
        #[schemars(length(min = 1))]
        text: String,
        /// What the sender's and the reader's programs make of it.
        #[schemars(length(max = 64))]
        message_type: Option<String>,
    },
    /// Answers a rich message, once.
    ///
    /// Answered with `index` and `number`; `misfit`: the answer does not fit; `no_question`: there is none, or it was
    /// answered.
    Reply {
        #[serde(flatten)]
        at: Numbered,
        /// The index of the message.
        #[schemars(range(min = 1))]
        to: u64,
        /// As in `/schemas/rich-reply.json`.
        #[schemars(with = "BTreeMap<String, Value>")]
        content: Value,
    },
    /// Leaves the chat.
    Leave {
        #[serde(flatten)]
        at: Numbered,
    },
    /// Rates the chat, once, when it has ended; as long as it can be resumed.
    ///
    /// Answered with `number`; the same again is harmless. `not_ended`: it goes on; `rated`: it was rated otherwise;
    /// `no_ratings`: the service takes none.
    Rate {
        #[serde(flatten)]
        at: Numbered,
        /// 5 is the best.
        #[schemars(range(min = 1, max = 5))]
        score: u8,
        /// What the customer says beside it.
        #[schemars(length(max = 1000))]
        text: Option<String>,
    },
    /// Shows that the customer types, or no longer does.
    ///
    /// Not numbered; may be lost. Ends by itself with what is sent, with the socket (not with a poll), and after 15 s
    /// unless it is said again.
    Typing {
        /// Whether they type.
        started: bool,
        /// What was typed so far.
        preview: Option<String>,
    },
    /// Tells the agents how far the customer has read.
    ///
    /// Not numbered; may be lost or come twice.
    Read {
        /// One past the last index that was read.
        position: u64,
    },
    /// Attaches data, which replace what is there under their keys.
    ///
    /// Answered with `number`.
    Attach {
        #[serde(flatten)]
        at: Numbered,
        /// Texts by their key.
        data: BTreeMap<String, String>,
    },
    /// Shows a page to the others.
    ///
    /// Answered with `number`.
    PushUrl {
        #[serde(flatten)]
        at: Numbered,
        /// The page's address.
        #[schemars(regex(pattern = "^https?://"))]
        url: String,
    },
    /// Takes another nickname.
    ///
    /// Answered with `number`.
    Rename {
        #[serde(flatten)]
        at: Numbered,
        /// At most 256 bytes of UTF-8.
        #[schemars(length(min = 1, max = 256))]
        nickname: String,
    },
    /// A notice to the others' programs.
    ///
    /// Answered with `number`.
    Notice {
        #[serde(flatten)]
        at: Numbered,
        /// Whatever the programs understand.
        #[schemars(length(min = 1))]
        text: String,
        /// What kind of notice it is, to the programs.
        #[schemars(length(max = 64))]
        message_type: Option<String>,
    },
}

/// Which of a sender's commands it is.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Numbered {
    /// 1, 2, 3 and so on in a chat.
    #[schemars(range(min = 1))]
    pub(super) number: u64,
    /// Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the
    /// number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
    #[schemars(regex(pattern = "^[0-9A-Za-z]{1,32}$"))]
    pub(super) run: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct StartCommand {
    /// As the configuration has it (`services.NAME`).
    #[schemars(extend("default" = "default"))]
    pub(super) service: Option<String>,
    /// Required unless `first_name` and `last_name` are given.
    pub(super) nickname: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) email: Option<String>,
    /// What it is about.
    pub(super) subject: Option<String>,
    /// A first message.
    pub(super) text: Option<String>,
    /// Whether the customer agreed to what the service asks them to (docs/services.md).
    #[serde(default)]
    pub(super) consent: bool,
    /// Attached data, by key.
    #[serde(default)]
    pub(super) user_data: BTreeMap<String, String>,
    /// Makes a repeat on any node the same chat with the same key; must be unguessable.
    #[schemars(length(min = 16, max = 64))]
    pub(super) client_id: Option<String>,
}

/// The answer to a command that was carried out.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum CustomerAnswer {
    /// The answer to `start`.
    #[schemars(title = "started")]
    Started {
        /// Its id.
        chat: String,
        /// What it is resumed with; nobody else's.
        key: String,
        /// The number of the first command.
        next_command: u64,
    },
    /// The answer to `resume`.
    #[schemars(title = "resumed")]
    Resumed {
        /// The number of the next command.
        next_command: u64,
    },
    /// The answer to `send` and `reply`.
    #[schemars(title = "posted")]
    Posted {
        /// The message's index.
        index: Option<u64>,
        /// The command's number.
        number: u64,
    },
    /// The answer to other commands that are numbered.
    #[schemars(title = "numbered")]
    Numbered {
        /// The command's number.
        number: u64,
    },
    /// The answer to commands that are not numbered, and to `leave`.
    #[schemars(title = "done")]
    Done {},
}
