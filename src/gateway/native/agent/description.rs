//! The agents' socket as it is published.

use super::Agent;
use super::command::{AgentAnswer, AgentCommand};
use crate::gateway::native::description::{Described, inline};
use crate::gateway::native::desk::DeskFrame;
use crate::gateway::native::frames::ChatFrame;
use crate::gateway::native::overview::OverviewFrame;
use crate::gateway::native::queues::QueuesFrame;
use crate::gateway::native::socket::Client;

const ABOUT: &str = "\
For agents' desktops: sign in, be ready, take offers, talk in several chats. All windows of an agent see the same.
A command's id makes it safe to repeat at any node: it must be unique per agent, such as a UUID.
";

#[test]
fn the_socket_is_described_as_it_is() {
    let names = ("Handoff agent socket", ABOUT, "/v1/agent");
    let events = [
        inline::<ChatFrame<'_>>,
        inline::<DeskFrame<'_>>,
        inline::<QueuesFrame<'_>>,
        inline::<OverviewFrame<'_>>,
    ];
    let described = Described::of::<AgentCommand, AgentAnswer>(names, &events);
    assert_eq!(described.commands(), Agent::COMMANDS);
    described.is_committed_as("agent");
}
