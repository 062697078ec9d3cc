//! The customers' socket as it is published.

use super::command::{CustomerAnswer, CustomerCommand};
use super::customer::Customer;
use super::waiting::WaitingFrame;
use crate::gateway::native::description::{Described, inline};
use crate::gateway::native::frames::ChatFrame;
use crate::gateway::native::socket::Client;
use schemars::SchemaGenerator;
use serde_json::Value;

const ABOUT: &str = "\
For customers' pages and apps: start a chat, or resume it by position; every message acknowledged, commands numbered
so that a refusal can't reorder.
";

#[test]
fn the_socket_is_described_as_it_is() {
    let names = ("Handoff customer socket", ABOUT, "/v1/customer");
    let frames: [fn(&mut SchemaGenerator) -> Value; 2] =
        [inline::<ChatFrame<'_>>, inline::<WaitingFrame<'_>>];
    let described = Described::of::<CustomerCommand, CustomerAnswer>(names, &frames);
    assert_eq!(described.commands(), Customer::COMMANDS);
    described.is_committed_as("customer");
}
