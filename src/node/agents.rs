//! Who may sign in as an agent, from the configuration; the demo agent where it names nobody.

use crate::gateway::native::accounts::{Account, Accounts};
use crate::password;
use crate::secret_file::{self, ensure_secret, read_secret};
use crate::workflows::Workflows;
use handoff_chat::QueueName;
use handoff_chat::desk::Profile;
use handoff_config::{Agent, Config};
use handoff_shard::queues::Queues;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use thiserror::Error;

/// The demo agent's name.
pub const DEMO_AGENT: &str = "demo";
const DEMO_NICKNAME: &str = "Demo Agent";

/// Why an agent of the configuration can't sign in.
#[derive(Debug, Error)]
pub enum AgentsError {
    /// The password's file can't be read or made.
    #[error(transparent)]
    File(#[from] secret_file::Error),
    /// The hash is none of argon2id.
    #[error("agents.{0}.password_hash is no argon2id hash; 'handoff agent hash' makes one")]
    Hash(String),
    /// The password can't be hashed.
    #[error(transparent)]
    Password(#[from] password::HashError),
}

/// The agents of the configuration by name; the demo agent where it names nobody.
fn named(config: &Config) -> Vec<(&str, Cow<'_, Agent>)> {
    if config.agents.is_empty() {
        let nickname = Some(DEMO_NICKNAME.to_owned());
        let agent = Agent { nickname, supervisor: true, ..Agent::default() };
        return vec![(DEMO_AGENT, Cow::Owned(agent))];
    }
    config.agents.iter().map(|(name, agent)| (name.as_str(), Cow::Borrowed(agent))).collect()
}

/// What the configuration says of queues.
pub(super) fn queues(config: &Config) -> Queues {
    let served = named(config).into_iter().flat_map(|(_, agent)| agent.queues.clone());
    Queues {
        configured: config
            .queues
            .iter()
            .map(|(name, queue)| (QueueName(name.clone()), queue.waiting_max))
            .collect(),
        served: served.map(QueueName).collect(),
    }
}

/// What is allowed and leaves customers waiting or agents idle, a sentence each: a queue that a workflow routes to and
/// nobody serves, and a queue that an agent is to serve and that is not there.
#[must_use]
pub fn queue_warnings(config: &Config, workflows: &Workflows) -> Vec<String> {
    let queues = queues(config);
    let unserved = workflows.routes().into_iter().filter(|(_, queue)| !queues.served.contains(queue));
    let unserved = unserved.map(|(workflow, queue)| {
        let queue = &queue.0;
        format!(
            "workflow {workflow} routes to queue {queue}, which no agent serves: who waits there is answered by \
             nobody. Name it in agents.NAME.queues"
        )
    });
    let agents = named(config);
    let unknown = agents.iter().flat_map(|(name, agent)| {
        let unknown = agent.queues.iter().filter(|queue| !config.queues.contains_key(*queue));
        unknown.map(move |queue| {
            format!(
                "agents.{name}.queues names {queue}, but there is no [queues.{queue}]: nothing comes from it"
            )
        })
    });
    unserved.chain(unknown).collect()
}

/// The accounts. `secret` is the cluster's.
pub(super) fn accounts(config: &Config, secret: &str) -> Result<Accounts, AgentsError> {
    let is_demo = config.agents.is_empty();
    let demo_password = is_demo.then(|| ensure_secret(&config.demo_password_file())).transpose()?;
    let mut accounts = BTreeMap::new();
    for (name, agent) in named(config) {
        let account = match &demo_password {
            Some(password) => with_password(name, &agent, password.expose())?,
            None => account(name, &agent)?,
        };
        accounts.insert(name.to_owned(), account);
    }
    Ok(Accounts::new(accounts, secret))
}

fn account(name: &str, agent: &Agent) -> Result<Account, AgentsError> {
    if let Some(file) = &agent.password_file {
        return with_password(name, agent, read_secret(file)?.expose());
    }
    let given = agent.password_hash.as_ref().map(|hash| hash.expose().to_owned()).unwrap_or_default();
    if !password::is_hash(&given) {
        return Err(AgentsError::Hash(name.to_owned()));
    }
    let password_mark = Sha256::digest(given.as_bytes()).into();
    let profile = profile(name, agent);
    Ok(Account { profile, supervisor: agent.supervisor, password_hash: given, password_mark })
}

fn with_password(name: &str, agent: &Agent, password: &str) -> Result<Account, AgentsError> {
    let password_mark = Sha256::new().chain_update(b"in clear\0").chain_update(password).finalize().into();
    let (profile, password_hash) = (profile(name, agent), password::hash(password)?);
    Ok(Account { profile, supervisor: agent.supervisor, password_hash, password_mark })
}

fn profile(name: &str, agent: &Agent) -> Profile {
    Profile {
        nickname: agent.nickname.clone().unwrap_or_else(|| name.to_owned()),
        capacity: agent.capacity,
        queues: agent.queues.iter().cloned().map(QueueName).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::native::accounts::Attempt;

    fn config(dir: &std::path::Path, extra: &str) -> Config {
        let text = format!("[node]\ndata_dir = {dir:?}\n{extra}");
        Config::from_toml(&text).unwrap().config
    }

    fn who(name: &str) -> Attempt<'_> {
        Attempt { name, source: None, nodes: 1, token: None }
    }

    #[actix_web::test]
    async fn where_nobody_is_named_the_demo_agent_has_a_password_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path(), "");
        let (here, there) = (accounts(&config, "s").unwrap(), accounts(&config, "s").unwrap());
        let password = std::fs::read_to_string(config.demo_password_file()).unwrap().trim().to_owned();
        assert!(password.len() >= 40);
        let profile = here.by_password(who(DEMO_AGENT), password.clone()).await.unwrap();
        assert_eq!((profile.nickname.as_str(), profile.capacity), (DEMO_NICKNAME, 3));
        assert_eq!(profile.queues, [QueueName("support".to_owned())]);
        let token = here.token(DEMO_AGENT, 0).unwrap();
        assert!(there.by_token(DEMO_AGENT, &token, 1).is_ok(), "good on every node");
        assert!(here.by_password(who(DEMO_AGENT), format!("{password}x")).await.is_err());
    }

    #[actix_web::test]
    async fn agents_of_the_configuration_sign_in_by_hash_or_file_and_there_is_no_demo_agent_then() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        std::fs::write(&file, "a password in a file\n").unwrap();
        let hash = password::hash("hashed").unwrap();
        let text = format!(
            "[agents.ann]\npassword_hash = {hash:?}\ncapacity = 1\n[agents.bob]\nnickname = \"Bob\"\n\
             password_file = {file:?}\nqueues = [\"sales\"]\n"
        );
        let accounts = accounts(&config(dir.path(), &text), "s").unwrap();
        assert_eq!(accounts.by_password(who("ann"), "hashed".to_owned()).await.unwrap().capacity, 1);
        let bob = accounts.by_password(who("bob"), "a password in a file".to_owned()).await.unwrap();
        assert_eq!((bob.nickname.as_str(), &bob.queues), ("Bob", &vec![QueueName("sales".to_owned())]));
        assert!(accounts.token(DEMO_AGENT, 0).is_none());
        let broken = config(dir.path(), "[agents.eve]\npassword_hash = \"$argon2id$nonsense\"\n");
        assert!(matches!(super::accounts(&broken, "s"), Err(AgentsError::Hash(name)) if name == "eve"));
    }

    #[test]
    fn a_queue_that_nobody_serves_and_one_that_is_not_there_are_warned_of() {
        let warned = |extra: &str| {
            let dir = tempfile::tempdir().unwrap();
            let config = config(dir.path(), extra);
            let bots = crate::bots::load_bots(&config).unwrap();
            queue_warnings(&config, &crate::workflows::load_workflows(&config, &bots).unwrap())
        };
        assert_eq!(
            warned(""),
            Vec::<String>::new(),
            "the demo agent serves what the demo workflow routes to"
        );
        let bob = "[agents.bob]\npassword_file = \"x\"\n";
        assert_eq!(warned(bob), Vec::<String>::new());
        let warnings = warned(&format!("{bob}queues = [\"sales\"]\n"));
        assert!(
            warnings[0].starts_with("workflow demo routes to queue support, which no agent serves"),
            "{warnings:?}"
        );
        assert!(
            warnings[1].starts_with("agents.bob.queues names sales, but there is no [queues.sales]"),
            "{warnings:?}"
        );
        assert_eq!(warnings.len(), 2);
        assert_eq!(warned(&format!("{bob}queues = [\"sales\", \"support\"]\n[queues.sales]\n")), [""; 0]);
    }
}
