//! What a native socket is to those who build on it, made from the types that its frames are written and read with: a
//! JSON schema of all frames, and AsyncAPI 3 on top of it.

use super::wire::{Done, IdOnly, Refused, SocketEvent};
use crate::descriptions::{is_committed, yaml};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What holds of each of our sockets.
const ALL_SOCKETS: &str = "\
JSON text frames, one object each. Every command has an `id` (1 to 64 characters) and gets exactly one answer:
`{\"answer\": id, \"ok\": true, ...}`, or `{\"answer\": id, \"ok\": false, \"error\": {code, message, retry}}`. A frame
that is no command, or whose id can't be read, is answered with `\"answer\": null`. Unknown fields are ignored, by
clients too. Kinds of events and codes of errors may be added: clients take those that they do not know for others.

The socket may break at any moment (a node is killed, a network drops): the client opens another one, to any node,
and resumes by position. The server pings every 2 s and closes a socket that it heard nothing from for 8 s. It
sends `beat` when it had nothing else to say for 2 s: a client that hears nothing for 6 s opens another socket.

Close codes: 1000 closed by the client; 1002 not the WebSocket protocol; 1003 a binary frame; 1007 text that is not
UTF-8; 1008 no sign of life for 8 s; 1009 a frame over `http.body_bytes_max`; 1012 the node drains (after `moved`);
1013 more than 256 frames or 1 MB waited to be read, or nothing was read for 5 s. An upgrade is refused with 403
from a page of an origin that is not listed in `http.origins`. A node that drains opens it and leads it away.

Where no WebSocket gets through, the same frames go over HTTP, by long polling: `POST` to the socket's address and
`/poll`, `Content-Type: application/json`, with `{\"frames\": [...], \"wait_ms\": N}`, is answered 200 with
`{\"frames\": [...]}`. Each request stands alone, as a socket that lives for one request, so any node serves it. It
begins with the command that says whose it is (customers: `start`, or `resume` with the position; agents: `sign_in`
with the token, the positions and the desk's `version`), and the commands after it are carried out in order; where it
is refused, they are answered `again`. At most 64 frames. The answer has `hello`, all commands' answers and what
happened. It comes when all commands are answered and something happened that the client does not have yet, or after
`wait_ms` (0 to 25000; 0 where it is not given), or at once, with `moved`, when the node drains. There is no `beat`.
So one request waits, while commands go in others with `wait_ms` 0, whose answers don't wait for news. A request whose
answer did not come is repeated, at any node, with the same ids, runs and numbers. Who polls without a pause is there
as with a socket. Whatever is wrong with a request itself is a problem document (RFC 9457): 400 no such body, 413 over
`http.body_bytes_max`, 415 another type, 429 over a limit, with `Retry-After`.
";

/// A socket.
pub(crate) struct Described {
    /// Its title.
    pub(crate) title: &'static str,
    /// What is said of it as a whole.
    pub(crate) about: &'static str,
    /// Where it is opened.
    pub(crate) path: &'static str,
    frames: Frames,
}

/// Schemas of frames by their names.
type Schemas = Map<String, Value>;

/// The frames of a socket.
#[derive(Default)]
struct Frames {
    commands: Vec<Frame>,
    answers: Vec<Frame>,
    events: Vec<Frame>,
    /// What frames have in them.
    shapes: Schemas,
}

struct Frame {
    /// As it is called among messages.
    name: String,
    /// As its schema is called.
    shape: String,
    summary: String,
    description: Option<String>,
    schema: Value,
}

/// An answer that has nothing of its own.
#[derive(Serialize, JsonSchema)]
struct Nothing {}

impl Described {
    /// A socket whose clients say `C` and are answered `A`. What happens on it is an enum of frames or one frame each.
    pub(crate) fn of<C: JsonSchema, A: JsonSchema>(
        (title, about, path): (&'static str, &'static str, &'static str),
        events: &[fn(&mut SchemaGenerator) -> Value],
    ) -> Self {
        let mut frames = Frames::default();
        let mut read = SchemaSettings::draft07().into_generator();
        let id = variants(inline::<IdOnly>(&mut read)).remove(0);
        for variant in variants(inline::<C>(&mut read)) {
            let word = constant(&variant, "do");
            frames.commands.push(Frame::new(&word, "Command", joined(&id, variant)));
        }
        let mut written = SchemaSettings::draft07().for_serialize().into_generator();
        let done = inline::<Done<'_, Nothing>>(&mut written);
        for variant in variants(inline::<A>(&mut written)) {
            let title = variant["title"].as_str().expect("an answer has a title").to_owned();
            frames.answers.push(Frame::new(&title, "Answer", joined(&done, variant)));
        }
        let refused = inline::<Refused<'_>>(&mut written);
        frames.answers.push(Frame::new("refused", "Answer", refused));
        let own: fn(&mut SchemaGenerator) -> Value = inline::<SocketEvent<'_>>;
        for event in [own].iter().chain(events) {
            for variant in variants(event(&mut written)) {
                let word = constant(&variant, "event");
                frames.events.push(Frame::new(&word, "Frame", variant));
            }
        }
        for mut generator in [read, written] {
            frames.shapes.extend(generator.take_definitions(true));
        }
        frames.shapes.values_mut().for_each(flowing);
        Self { title, about, path, frames }
    }

    /// The names of its commands.
    pub(crate) fn commands(&self) -> Vec<&str> {
        self.frames.commands.iter().map(|frame| frame.name.as_str()).collect()
    }

    /// The JSON schema: whatever may go over the socket, by side.
    pub(crate) fn schema(&self) -> String {
        let Frames { commands, answers, events, .. } = &self.frames;
        let any = |frames: &mut dyn Iterator<Item = &Frame>| {
            let refs: Vec<Value> =
                frames.map(|frame| json!({"$ref": format!("#/definitions/{}", frame.shape)})).collect();
            json!({"anyOf": refs})
        };
        let mut definitions = self.definitions();
        definitions.insert("FromClient".to_owned(), any(&mut commands.iter()));
        definitions.insert("FromServer".to_owned(), any(&mut answers.iter().chain(events)));
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$comment": "Made from the code by HANDOFF_WRITE_DESCRIPTIONS=1 cargo test -p handoff --lib descri",
            "title": self.title,
            "anyOf": [{"$ref": "#/definitions/FromClient"}, {"$ref": "#/definitions/FromServer"}],
            "definitions": definitions,
        });
        format!("{schema:#}\n")
    }

    fn definitions(&self) -> Schemas {
        let Frames { commands, answers, events, shapes } = &self.frames;
        let frames = commands.iter().chain(answers).chain(events);
        let named = frames.map(|frame| (frame.shape.clone(), frame.schema.clone()));
        shapes.clone().into_iter().chain(named).collect()
    }

    /// The AsyncAPI document.
    pub(crate) fn asyncapi(&self) -> String {
        let Frames { commands, answers, events, .. } = &self.frames;
        let all = || commands.iter().chain(answers).chain(events);
        let by_name = |entry: fn(&Frame) -> Value| -> Schemas {
            all().map(|frame| (frame.name.clone(), entry(frame))).collect()
        };
        assert_eq!(by_name(Frame::message).len(), all().count(), "two frames have the same name");
        let document = json!({
            "asyncapi": "3.0.0",
            "info": {
                "title": self.title,
                "version": "1.0.0",
                "description": format!("{}\n{ALL_SOCKETS}", self.about),
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "servers": {"node": {
                "host": "127.0.0.1:8080",
                "protocol": "ws",
                "description": "Any node, directly or behind a load balancer. Use wss where TLS ends in front of it.",
            }},
            "channels": {"socket": {"address": self.path, "messages": by_name(|frame| {
                json!({"$ref": format!("#/components/messages/{}", frame.name)})
            })}},
            "operations": {
                "command": {
                    "action": "receive",
                    "summary": "A client gives a command.",
                    "channel": {"$ref": "#/channels/socket"},
                    "messages": of_channel(commands),
                    "reply": {"channel": {"$ref": "#/channels/socket"}, "messages": of_channel(answers)},
                },
                "event": {
                    "action": "send",
                    "summary": "What happens.",
                    "channel": {"$ref": "#/channels/socket"},
                    "messages": of_channel(events),
                },
            },
            "components": {"messages": by_name(Frame::message), "schemas": self.definitions()},
        });
        let document: Value = serde_json::from_str(
            &document.to_string().replace("\"#/definitions/", "\"#/components/schemas/"),
        )
        .expect("JSON");
        yaml(&document)
    }

    /// Compares with what is committed, in `docs/schema` and `docs/asyncapi`.
    pub(crate) fn is_committed_as(&self, name: &str) {
        is_committed(&format!("schema/{name}-socket.json"), &self.schema());
        is_committed(&format!("asyncapi/{name}.yaml"), &self.asyncapi());
    }
}

impl Frame {
    fn new(name: &str, kind: &str, mut schema: Value) -> Self {
        let pascal: String = name.split('_').map(capital).collect();
        let shape = format!("{pascal}{kind}");
        let fields = schema.as_object_mut().expect("a frame is an object");
        fields.remove("title");
        let text = fields.remove("description").expect("a frame is described");
        let text = text.as_str().expect("a text").to_owned();
        let (summary, description) = match text.split_once("\n\n") {
            Some((summary, description)) => (summary.to_owned(), Some(description.to_owned())),
            None => (text, None),
        };
        Self { name: name.to_owned(), shape, summary, description, schema }
    }

    fn message(&self) -> Value {
        let payload = json!({"$ref": format!("#/components/schemas/{}", self.shape)});
        let mut message = json!({"summary": self.summary, "payload": payload});
        if let Some(description) = &self.description {
            message["description"] = description.as_str().into();
        }
        message
    }
}

/// The schema of a type in place.
pub(crate) fn inline<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = T::json_schema(generator);
    for transform in generator.transforms_mut() {
        transform.transform(&mut schema);
    }
    let mut schema = schema.to_value();
    flowing(&mut schema);
    schema
}

/// Takes the line breaks of the code out of descriptions.
fn flowing(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get_mut("description") {
                let paragraphs: Vec<String> = text.split("\n\n").map(|one| one.replace('\n', " ")).collect();
                *text = paragraphs.join("\n\n");
            }
            fields.values_mut().for_each(flowing);
        }
        Value::Array(items) => items.iter_mut().for_each(flowing),
        _ => {}
    }
}

/// The variants of an enum; of a struct itself.
fn variants(schema: Value) -> Vec<Value> {
    match schema.get("oneOf").or_else(|| schema.get("anyOf")) {
        Some(Value::Array(variants)) => variants.clone(),
        _ => vec![schema],
    }
}

/// What a field of a frame is in every such frame.
fn constant(schema: &Value, field: &str) -> String {
    let constant = schema["properties"][field]["const"].as_str();
    constant.unwrap_or_else(|| panic!("no {field} in {schema}")).to_owned()
}

/// A frame with the fields that all frames of its kind have.
fn joined(common: &Value, mut schema: Value) -> Value {
    for (name, field) in common["properties"].as_object().expect("fields") {
        schema["properties"][name] = field.clone();
    }
    let required = [common, &schema].map(|schema| schema["required"].as_array().cloned().unwrap_or_default());
    schema["required"] = required.concat().into();
    schema
}

fn of_channel(frames: &[Frame]) -> Vec<Value> {
    let of_channel = |frame: &Frame| json!({"$ref": format!("#/channels/socket/messages/{}", frame.name)});
    frames.iter().map(of_channel).collect()
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}
