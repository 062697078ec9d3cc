//! The transcript of a session, as XML and as JSON.
