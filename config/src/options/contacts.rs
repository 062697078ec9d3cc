//! The section of contacts.

use crate::slot::{names, options};

names! {
    /// Whose earlier chats agents are shown.
    ContactHistory ("all or verified") {
        /// Everybody's, found by what they say of themselves.
        All = "all",
        /// Only of customers whom a site signed.
        Verified = "verified",
    }
}

options! {
    /// Contacts: customers who are found again.
    Contacts {
        /// Whose earlier chats agents are shown.
        history: ContactHistory = ContactHistory::All,
    }
}
