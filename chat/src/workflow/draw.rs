//! A workflow as a picture: a Mermaid flowchart.

use super::{Does, Program, Step};
use std::fmt::Write;

/// The longest text in a box, in characters.
const CHARS_MAX: usize = 60;

/// The flowchart of a workflow: a box for each step, an arrow for each way out of it.
pub fn draw(program: &Program) -> String {
    let mut out = String::from("flowchart TD\n");
    let start = format!("{} {}", program.name, program.version);
    line(&mut out, format_args!("begin([{}]) --> s{}", quoted(&start), program.start));
    if let Some(post) = program.post {
        line(&mut out, format_args!("ended([{}]) --> s{post}", quoted("the session has ended")));
    }
    for (number, step) in program.steps.iter().enumerate() {
        let text = quoted(&format!("{}\n{}", step.name, described(step)));
        let (open, close) = match step.does {
            Does::Branch { .. } | Does::Ask { .. } => ("{{", "}}"),
            Does::Route { .. } | Does::Bot { .. } => ("[[", "]]"),
            Does::End => ("([", "])"),
            _ => ("[", "]"),
        };
        line(&mut out, format_args!("s{number}{open}{text}{close}"));
        for (label, next) in step.ways() {
            if label.is_empty() {
                line(&mut out, format_args!("s{number} --> s{next}"));
            } else {
                line(&mut out, format_args!("s{number} -->|{}| s{next}", quoted(&label)));
            }
        }
    }
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    let _ = writeln!(out, "  {text}");
}

fn described(step: &Step) -> String {
    match &step.does {
        Does::Say { text } => format!("says: {text}"),
        Does::Ask { text, .. } => format!("asks: {text}"),
        Does::Branch { on, .. } => format!("by {on}"),
        Does::Attach { key, value } => format!("{key} = {value}"),
        Does::Bot { bot, .. } => format!("bot {}", bot.name.0),
        Does::Route { queue, .. } => format!("to queue {}", queue.0),
        Does::Wait { wait_ms } => format!("waits {wait_ms} ms"),
        Does::End => "ends".to_owned(),
    }
}

/// A Mermaid string: quotes and brackets can't end it early.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for (place, letter) in text.chars().enumerate() {
        if place >= CHARS_MAX {
            out.push('…');
            break;
        }
        match letter {
            '\n' => out.push_str("<br/>"),
            '"' | '#' | '<' | '>' | '&' | '|' | '`' => {
                // Writing to a String can't fail.
                let _ = write!(out, "#{};", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out + "\""
}
