//! What a client says of itself when it starts a chat.

use std::collections::BTreeMap;

/// What a client gave. Blank is the same as not given.
#[derive(Clone, Default)]
pub struct Given {
    /// The name shown in the chat; without it first and last name are.
    pub nickname: Option<String>,
    /// Needed where there is no nickname, which it then makes with the last name.
    pub first_name: Option<String>,
    /// Needed where there is no nickname, as the first name is.
    pub last_name: Option<String>,
    /// The customer's contact is found by it.
    pub email: Option<String>,
    /// What the customer says that the chat is about.
    pub subject: Option<String>,
    /// The customer's first message, with the start; blank is none.
    pub text: Option<String>,
    /// Attached to the chat, by key; agents and workflows read it.
    pub user_data: BTreeMap<String, String>,
    /// Makes a retry give the same chat.
    pub client_id: Option<String>,
    /// Whether the site signed who the customer is; decided here, whatever was given.
    pub verified: bool,
}
