//! The rule bots of this node, as their files say.

use handoff_chat::BotName;
use handoff_chat::bot::Rules;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bots by name.
#[derive(Debug, Default, Clone)]
pub struct Bots(BTreeMap<BotName, Arc<Rules>>);

impl Bots {
    /// Adds a bot, or replaces it.
    pub fn insert(&mut self, name: BotName, rules: Rules) {
        self.0.insert(name, Arc::new(rules));
    }

    /// A bot's rules.
    #[must_use]
    pub fn get(&self, name: &BotName) -> Option<Arc<Rules>> {
        self.0.get(name).cloned()
    }
}
