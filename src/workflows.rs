//! The workflows of this node: one TOML file each in `workflows.dir`, all read and checked before the node starts.

use crate::bots::Bots;
use handoff_chat::QueueName;
use handoff_chat::workflow::{Does, Fault, Known, Program, read};
use handoff_config::Config;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// Workflows by name.
#[derive(Debug, Default, Clone)]
pub struct Workflows(BTreeMap<String, Arc<Program>>);

impl Workflows {
    /// `None`: no such workflow is configured.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Program>> {
        self.0.get(name).cloned()
    }

    /// Which workflow routes to which queue, each pair once.
    #[must_use]
    pub fn routes(&self) -> BTreeSet<(&str, &QueueName)> {
        let steps =
            self.0.iter().flat_map(|(name, program)| program.steps.iter().map(move |step| (name, step)));
        let routes = steps.filter_map(|(name, step)| match &step.does {
            Does::Route { queue, .. } => Some((name.as_str(), queue)),
            _ => None,
        });
        routes.collect()
    }
}

/// Why workflows can't be used: all problems, a line each with file, line and reason.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", .0.join("\n"))]
pub struct WorkflowsError(pub Vec<String>);

/// The demo workflow: part of the binary, so that the defaults run anywhere. A file of its name takes its place.
const SHIPPED: &str = include_str!("../config/workflows/demo.toml");

/// Reads every workflow, and checks that each that a service names is among them.
///
/// # Errors
/// [`WorkflowsError`].
pub fn load_workflows(config: &Config, bots: &Bots) -> Result<Workflows, WorkflowsError> {
    let folder = &config.workflows.dir;
    let known = known(config, bots);
    let mut workflows = Workflows::default();
    let mut problems = Vec::new();
    let files = match files_of(folder) {
        Ok(files) => files,
        Err(error) => {
            problems.push(format!("workflows.dir {} can't be read: {error}", folder.display()));
            Vec::new()
        }
    };
    for file in &files {
        match read_file(file, &known) {
            Ok(program) => drop(workflows.0.insert(program.name.clone(), Arc::new(program))),
            Err(mut faults) => problems.append(&mut faults),
        }
    }
    let is_there = |name: &str| files.iter().any(|file| file.file_stem().is_some_and(|stem| stem == name));
    for (service, options) in &config.services {
        let Some(name) = &options.workflow else { continue };
        if is_there(name) {
            continue;
        }
        let file = folder.join(format!("{name}.toml"));
        if name != "demo" {
            let file = file.display();
            problems.push(format!("services.{service}.workflow is {name}, but there is no {file}"));
        } else if workflows.get(name).is_none() {
            match read(name, SHIPPED, &known) {
                Ok(program) => drop(workflows.0.insert(name.clone(), Arc::new(program))),
                Err(faults) => problems.extend(in_file("demo.toml (built in)", &faults)),
            }
        }
    }
    if problems.is_empty() { Ok(workflows) } else { Err(WorkflowsError(problems)) }
}

/// Reads one workflow by its name, or by its file.
///
/// # Errors
/// All problems, a line each.
pub fn load_workflow(config: &Config, bots: &Bots, which: &str) -> Result<Program, WorkflowsError> {
    let known = known(config, bots);
    let named = config.workflows.dir.join(format!("{which}.toml"));
    let file = if named.exists() { named.as_path() } else { Path::new(which) };
    if which == "demo" && !file.exists() {
        let shipped = read(which, SHIPPED, &known);
        return shipped.map_err(|faults| WorkflowsError(in_file("demo.toml (built in)", &faults)));
    }
    read_file(file, &known).map_err(WorkflowsError)
}

fn files_of(folder: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        // A node without workflows of its own needs no folder.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    Ok(files)
}

fn read_file(file: &Path, known: &Known) -> Result<Program, Vec<String>> {
    let text = std::fs::read_to_string(file).map_err(|error| vec![format!("{}: {error}", file.display())])?;
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    read(name, &text, known).map_err(|faults| in_file(&file.display().to_string(), &faults))
}

/// What is wrong in a file, a line each.
fn in_file(file: &str, faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| format!("{file}:{fault}")).collect()
}

fn known(config: &Config, bots: &Bots) -> Known {
    let queues = config.queues.iter().map(|(name, queue)| {
        let own = Some(queue.offer_timeout_ms).filter(|ms| *ms > 0);
        let offer_timeout_ms = own.unwrap_or(config.routing.offer_timeout_ms);
        (QueueName(name.clone()), i64::try_from(offer_timeout_ms).unwrap_or(i64::MAX))
    });
    Known { bots: bots.nicknames().collect(), queues: queues.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bots::load_bots;

    fn config(folder: &Path) -> Config {
        let mut config = Config::default();
        config.workflows.dir = folder.to_owned();
        config.bots.dir = Path::new("/nonexistent").to_owned();
        config
    }

    fn load(config: &Config) -> Result<Workflows, WorkflowsError> {
        load_workflows(config, &load_bots(config).unwrap())
    }

    #[test]
    fn every_workflow_is_read_and_every_problem_told_with_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("notes.txt", "not a workflow");
        let good = "version = 1\nnickname = \"N\"\nstart = \"a\"\n[steps.a]\nroute = \"support\"\n";
        put("good.toml", good);
        let mut config = config(folder.path());
        let workflows = load(&config).unwrap();
        assert!(workflows.get("good").is_some() && workflows.get("demo").is_some());
        put("broken.toml", "version = 1\nnickname = \"N\"\nstart = \"a\"\n[steps.a]\nbot = \"x\"\nodd = 1\n");
        put("lost.toml", &good.replace("support", "sales"));
        config.services.entry("sales".to_owned()).or_default().workflow = Some("seller".to_owned());
        let problems = load(&config).unwrap_err().to_string();
        for expected in [
            "broken.toml:5: there is no bot x",
            "broken.toml:6: odd is not",
            "lost.toml:5: there is no queue sales",
            "services.sales.workflow is seller, but there is no",
        ] {
            assert!(problems.contains(expected), "missing {expected} in {problems}");
        }
        config.queues.insert("sales".to_owned(), handoff_config::Queue::default());
        assert!(!load(&config).unwrap_err().to_string().contains("lost.toml"));
    }

    #[test]
    fn the_workflows_that_ship_can_be_used_with_and_without_their_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/workflows");
        for folder in [folder.as_path(), Path::new("/nonexistent")] {
            assert!(load(&config(folder)).unwrap().get("demo").is_some());
        }
    }

    #[test]
    fn a_queue_may_give_its_agents_another_time() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        let hash = |config: &Config| load(config).unwrap().get("demo").unwrap().hash;
        let before = hash(&config);
        config.queues.entry("support".to_owned()).or_default().offer_timeout_ms = 5_000;
        assert_ne!(hash(&config), before);
    }
}
