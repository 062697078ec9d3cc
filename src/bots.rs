//! The rule bots of this node: one TOML file each in `bots.dir`, all read and checked before the node starts.

use async_trait::async_trait;
use handoff_chat::BotName;
use handoff_chat::bot::{BotAnswer, BotRules, Rules};
use handoff_chat::event::Event;
use handoff_config::Config;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// What answers for a bot. It may take its time, fail or never answer: the session goes on without it.
#[async_trait]
pub trait Mind: Send + Sync + 'static {
    /// The nickname it shows.
    fn nickname(&self) -> &str;
    /// Its turn on an event.
    async fn turn(&self, event: &Event) -> BotAnswer;
}

#[async_trait]
impl Mind for Rules {
    fn nickname(&self) -> &str {
        Self::nickname(self)
    }

    async fn turn(&self, event: &Event) -> BotAnswer {
        Self::turn(self, event)
    }
}

/// Bots by name.
#[derive(Default, Clone)]
pub struct Bots(BTreeMap<BotName, Arc<dyn Mind>>);

impl Bots {
    /// Adds a bot, or replaces it.
    pub fn insert(&mut self, name: BotName, mind: impl Mind) {
        self.0.insert(name, Arc::new(mind));
    }

    /// `None`: no such bot is configured.
    #[must_use]
    pub fn get(&self, name: &BotName) -> Option<Arc<dyn Mind>> {
        self.0.get(name).cloned()
    }

    /// All bots with the nicknames that they show.
    pub fn nicknames(&self) -> impl Iterator<Item = (BotName, String)> + '_ {
        self.0.iter().map(|(name, rules)| (name.clone(), rules.nickname().to_owned()))
    }
}

/// Why bots can't be used: all problems, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", .0.join("\n"))]
pub struct BotsError(pub Vec<String>);

/// Reads every bot, and checks that each bot that a service names is among them.
///
/// # Errors
/// [`BotsError`].
pub fn load_bots(config: &Config) -> Result<Bots, BotsError> {
    let folder = &config.bots.dir;
    let mut bots = Bots::default();
    let mut problems = Vec::new();
    match parse(SHIPPED) {
        Ok(rules) => bots.insert(BotName("demo".to_owned()), rules),
        Err(text) => problems.push(format!("the demo bot of this build: {text}")),
    }
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            files.sort();
            for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "toml")) {
                let Some(name) = file.file_stem().and_then(|stem| stem.to_str()) else { continue };
                match read(file) {
                    Ok(rules) => bots.insert(BotName(name.to_owned()), rules),
                    Err(text) => problems.push(format!("{}: {text}", file.display())),
                }
            }
        }
        // A node without bots needs no folder.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => problems.push(format!("bots.dir {} can't be read: {error}", folder.display())),
    }
    for (service, options) in &config.services {
        let Some(bot) = &options.bot else { continue };
        let file = folder.join(format!("{bot}.toml"));
        if bots.get(&BotName(bot.clone())).is_none() && !file.exists() {
            problems.push(format!("services.{service}.bot is {bot}, but there is no {}", file.display()));
        }
    }
    if problems.is_empty() { Ok(bots) } else { Err(BotsError(problems)) }
}

/// The demo bot: part of the binary, so that the defaults run anywhere. A file of its name takes its place.
const SHIPPED: &str = include_str!("../config/bots/demo.toml");

fn read(file: &Path) -> Result<Rules, String> {
    parse(&std::fs::read_to_string(file).map_err(|error| error.to_string())?)
}

fn parse(text: &str) -> Result<Rules, String> {
    let raw: BotRules = toml::from_str(text).map_err(|error| error.to_string())?;
    for (number, rule) in (1..).zip(&raw.rules) {
        let Some(content) = &rule.rich else { continue };
        let content =
            serde_json::from_str(content).map_err(|error| format!("rule {number}: rich: {error}"))?;
        crate::rich::check_message(&content).map_err(|error| format!("rule {number}: {error}"))?;
    }
    Rules::compile(raw).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::spoilt;
    use proptest::strategy::{Just, Strategy};

    fn config(folder: &Path) -> Config {
        let mut config = Config::default();
        config.bots.dir = folder.to_owned();
        config
    }

    #[test]
    fn every_bot_is_read_and_every_problem_told() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("demo.toml", "nickname = \"Demo\"\ngreetings = [\"hello\"]\n");
        put("notes.txt", "not a bot");
        assert!(load_bots(&config(folder.path())).unwrap().get(&BotName("demo".to_owned())).is_some());
        put("broken.toml", "nickname = \"B\"\n[[rules]]\npattern = \"(\"\nanswers = [\"x\"]\n");
        put("odd.toml", "nickname = \"O\"\nrulez = 1\n");
        let mut config = config(folder.path());
        config.services.entry("sales".to_owned()).or_default().bot = Some("seller".to_owned());
        let problems = load_bots(&config).err().unwrap().to_string();
        for expected in ["broken.toml: rule 1", "odd.toml", "rulez", "services.sales.bot is seller"] {
            assert!(problems.contains(expected), "missing {expected} in {problems}");
        }
    }

    #[test]
    fn the_bots_that_ship_can_be_used() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/bots");
        assert!(load_bots(&config(&folder)).is_ok());
    }

    #[test]
    fn the_defaults_run_without_a_folder_of_bots() {
        let mut config = config(Path::new("/nonexistent"));
        assert!(load_bots(&config).unwrap().get(&BotName("demo".to_owned())).is_some());
        config.services.entry("default".to_owned()).or_default().bot = Some("other".to_owned());
        assert!(load_bots(&config).is_err());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_is_a_bots_rules_or_a_sentence(
            text in spoilt(
                Just(SHIPPED.to_owned()),
                0..40,
                proptest::prop_oneof![
                    proptest::prelude::any::<String>(),
                    proptest::sample::select(vec!["[[rules]]\n", "rich = '{}'\n", "\"", "(", "[", "= 1e400", "\n"])
                        .prop_map(str::to_owned),
                ],
            ),
        ) {
            proptest::prop_assert!(parse(&text).err().is_none_or(|why| !why.is_empty()));
        }
    }
}
