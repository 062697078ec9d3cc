//! What agents may say on their socket, and what they are answered.

use crate::gateway::native::overview::ChatFilter;
use crate::gateway::native::past::{PageShown, PastShown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A command of an agent.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum AgentCommand {
    /// Signs in, with the password or a token.
    ///
    /// Answered with `token`, `nickname`, `capacity` and `queues`. A token stands for the password for 12 hours, on
    /// every node; a new one comes before the last one ends. One that is over is refused with `token_expired`: the
    /// agent's chats and offers wait for the password as long as for one whose node was lost (`desk.grace_ms`, 15 s),
    /// counted from that refusal, once for each token. A password may come with the agent's last token, over or not:
    /// it shows every node that this is no stranger who guesses (docs/admission.md).
    SignIn {
        /// As the configuration has it (`agents.NAME`).
        name: String,
        /// Required unless there is a token.
        password: Option<String>,
        /// The one that was given last.
        token: Option<String>,
        /// The last desk's `version`, where there was one: the desk comes first when it is another.
        version: Option<u64>,
        /// Per chat the last `next`, until the chat's `ended`; 256 at most.
        #[serde(default)]
        positions: BTreeMap<String, u64>,
    },
    /// Signs out, in all windows; refused while there are chats.
    ///
    /// Answered with `version`.
    SignOut,
    /// Takes chats.
    ///
    /// Answered with `version`.
    Ready,
    /// Takes none.
    ///
    /// Answered with `version`.
    NotReady {
        /// Shown beside the status.
        #[serde(default)]
        #[schemars(length(max = 256))]
        reason: String,
    },
    /// Takes an offer.
    ///
    /// Answered with `version`. The agent is in the chat when the desk says `chatting`.
    Accept {
        /// The offered chat.
        chat: String,
    },
    /// Does not take an offer.
    ///
    /// Answered with `version`.
    Decline {
        /// The offered chat.
        chat: String,
    },
    /// Posts a message.
    ///
    /// Answered with `index`.
    Send {
        /// A chat that the agent is in.
        chat: String,
        /// Not blank.
        #[schemars(length(min = 1))]
        text: String,
        /// What the sender's and the reader's programs make of it.
        #[schemars(length(max = 64))]
        message_type: Option<String>,
        /// Whether agents alone see it: neither the customer nor bots.
        #[serde(default)]
        internal: bool,
    },
    /// Posts a rich message.
    ///
    /// Answered with `index`; what fits no schema with `bad_rich`.
    SendRich {
        /// A chat that the agent is in.
        chat: String,
        /// As in `/schemas/rich-message.json`.
        #[schemars(with = "BTreeMap<String, Value>")]
        content: Value,
    },
    /// Shows that the agent types, or no longer does.
    ///
    /// May be lost. Ends by itself with what is sent, with the socket (not with a poll), and after 15 s unless it is
    /// said again.
    Typing {
        /// A chat that the agent is in.
        chat: String,
        /// Whether they type.
        started: bool,
        /// What was typed so far.
        preview: Option<String>,
    },
    /// Leaves a chat.
    Leave {
        /// A chat that the agent is in.
        chat: String,
        /// What becomes of it.
        #[serde(default)]
        how: How,
    },
    /// Tells the others how far the agent has read. May be lost or come twice.
    Read {
        /// A chat that the agent is in.
        chat: String,
        /// One past the last index that was read.
        position: u64,
    },
    /// Attaches data, which replace what is there under their keys.
    Attach {
        /// A chat that the agent is in.
        chat: String,
        /// Texts by their key.
        data: BTreeMap<String, String>,
    },
    /// Shows a page to the others.
    PushUrl {
        /// A chat that the agent is in.
        chat: String,
        /// The page's address.
        #[schemars(regex(pattern = "^https?://"))]
        url: String,
    },
    /// A notice to the others' programs.
    Notice {
        /// A chat that the agent is in.
        chat: String,
        /// Whatever the programs understand.
        #[schemars(length(min = 1))]
        text: String,
        /// What kind of notice it is, to the programs.
        #[schemars(length(max = 64))]
        message_type: Option<String>,
    },
    /// Shows how many wait in the queues that the agent serves, in `queues` frames, or no longer.
    ///
    /// Answered when it is shown for the first time. Ends with the socket.
    WatchQueues {
        /// Whether it is shown.
        on: bool,
    },
    /// Supervisors alone: shows what is live in the cluster, in `overview` frames, or no longer.
    ///
    /// Answered when it is shown for the first time; refused with `not_allowed` to agents who are no supervisors. Ends
    /// with the socket; said again it counts anew.
    Oversee {
        /// Whether it is shown.
        on: bool,
        /// Which chats are shown; all of them where nothing is said.
        #[serde(default)]
        chats: ChatFilter,
    },
    /// Who the customer of an offer or chat is, and their earlier chats.
    ///
    /// Answered with `contact`, `records` and `hidden`.
    History {
        /// An offered chat, or one that the agent is in.
        chat: String,
    },
    /// A page of the record of an earlier chat of a customer with whom the agent is in a chat.
    ///
    /// Answered with `record` and `next`. A page has at most 64 events and about 48 KiB of them (one event at least),
    /// and goes out when what waits on the socket before it has gone, so frames of live chats come in between.
    Transcript {
        /// One of `records` in the answer to `history`.
        chat: String,
        /// The `next` of the page before; not given: the first page.
        #[serde(default)]
        from: u64,
    },
}

/// What becomes of a chat that an agent leaves.
#[derive(Deserialize, Serialize, Default, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum How {
    /// It goes on, and is routed to somebody else.
    KeepAlive,
    /// It goes on while another agent is in it.
    #[default]
    CloseIfNoAgents,
    /// It ends.
    ForceClose,
}

/// The answer to a command that was carried out.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum AgentAnswer {
    /// The answer to `sign_in`.
    #[schemars(title = "signed_in")]
    SignedIn {
        /// Good for 12 hours; null where the node can make none.
        token: Option<String>,
        /// How customers see the agent.
        nickname: String,
        /// How many chats they take at the same time.
        capacity: u32,
        /// From which they are offered chats.
        queues: Vec<String>,
        /// Whether they may see the overview.
        supervisor: bool,
        /// How long their chats stay theirs when nothing is heard of any of their windows, in milliseconds.
        grace_ms: u64,
    },
    /// The answer to what changes the desk.
    #[schemars(title = "desk_changed")]
    Desk {
        /// The desk's version with the change in it.
        version: u64,
    },
    /// The answer to `send` and `send_rich`.
    #[schemars(title = "posted")]
    Posted {
        /// The message's index.
        index: Option<u64>,
    },
    /// The answer to `history`.
    #[schemars(title = "past")]
    Past(PastShown),
    /// The answer to `transcript`.
    #[schemars(title = "page")]
    Page(PageShown),
    /// The answer to other commands.
    #[schemars(title = "done")]
    Done {},
}
