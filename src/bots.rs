//! The rule bots of this node: one TOML file each in `bots.dir`, all read and checked before the node starts.

use handoff_chat::BotName;
use handoff_chat::bot::{BotRules, Rules};
use handoff_config::Config;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads every bot, and checks that each bot that a service names is among them.
///
/// # Errors
/// All problems, a sentence each.
pub fn load(config: &Config) -> Result<BTreeMap<BotName, Rules>, Vec<String>> {
    let folder = &config.bots.dir;
    let mut bots = BTreeMap::new();
    let mut problems = Vec::new();
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            files.sort();
            for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "toml")) {
                let Some(name) = file.file_stem().and_then(|stem| stem.to_str()) else { continue };
                match read(file) {
                    Ok(rules) => drop(bots.insert(BotName(name.to_owned()), rules)),
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
        if !bots.contains_key(&BotName(bot.clone())) && !file.exists() {
            problems.push(format!("services.{service}.bot is {bot}, but there is no {}", file.display()));
        }
    }
    if problems.is_empty() { Ok(bots) } else { Err(problems) }
}

fn read(file: &Path) -> Result<Rules, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let raw: BotRules = toml::from_str(&text).map_err(|error| error.to_string())?;
    Rules::compile(raw).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(load(&config(folder.path())).unwrap().len(), 1);
        put("broken.toml", "nickname = \"B\"\n[[rules]]\npattern = \"(\"\nanswers = [\"x\"]\n");
        put("odd.toml", "nickname = \"O\"\nrulez = 1\n");
        let mut config = config(folder.path());
        config.services.entry("sales".to_owned()).or_default().bot = Some("seller".to_owned());
        let problems = load(&config).unwrap_err().join("\n");
        for expected in ["broken.toml: rule 1", "odd.toml", "rulez", "services.sales.bot is seller"] {
            assert!(problems.contains(expected), "missing {expected} in {problems}");
        }
    }

    #[test]
    fn no_folder_is_needed_without_bots() {
        let mut config = config(Path::new("/nonexistent"));
        assert!(load(&config).is_err());
        config.services.entry("default".to_owned()).or_default().bot = None;
        assert!(load(&config).unwrap().is_empty());
    }
}
