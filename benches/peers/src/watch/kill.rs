//! What a kill in the middle of the job leaves of each engine's state.

use std::time::Duration;

use anyhow::{Context, ensure};

use super::engine::{Engine, Installed};
use super::process::{Finished, Moment, run, run_killed};
use super::rule;
use crate::data::mixed;
use crate::report::table;

/// How often Townbell's job is killed, each time at another moment.
const TIMES: u64 = 5;

/// Kills each of the engines that are asked for, starts it again, and says what was seen.
pub(crate) fn section(only: &[Engine], share: f64, installed: &Installed) -> anyhow::Result<String> {
    let wanted = |engine: Engine| only.contains(&engine) && engine.version(installed).is_some();
    let mut rows = Vec::new();
    for engine in [Engine::Townbell, Engine::Flink, Engine::FlinkCheckpoints].into_iter().filter(|e| wanted(*e)) {
        let job = Job { engine, events: engine.events(share), installed };
        rows.extend(job.kills().with_context(|| engine.name())?);
    }
    if rows.is_empty() {
        return Ok(String::new());
    }
    let head = [
        "engine",
        "kill -9",
        "started again, it began at event",
        "alerts at its end",
        "alerts of a run without a kill",
    ];
    let not_the_job = if rule::IS_THE_JOB { "" } else { " Townbell's rule is NOT the job here." };
    Ok(format!(
        "\n### kill -9 in the middle\nKilled, then started again with the same words on the same folder. What begins at event 0 has \
         lost its state: here the source can begin again too, in a city what came before the kill would be gone.{not_the_job}\n\n{}",
        table(&head, &rows)
    ))
}

struct Job<'a> {
    engine: Engine,
    events: u64,
    installed: &'a Installed,
}

impl Job<'_> {
    fn kills(&self) -> anyhow::Result<Vec<Vec<String>>> {
        let whole = self.after(None)?;
        let mut moments = vec![("at half of the events".to_owned(), Moment::Half)];
        if self.engine == Engine::Townbell {
            for time in 0..TIMES {
                // Between a tenth and nine tenths of the time that it takes; another moment each time, the same each run.
                let part = 0.1 + 0.8 * (mixed(time) % 1_000) as f64 / 1_000.0;
                let wait = Duration::from_secs_f64(whole.wall_s * part);
                moments.push((format!("after {:.0} % of its time", part * 100.0), Moment::After(wait)));
            }
        }
        let mut rows = Vec::new();
        for (words, moment) in moments {
            let again = self.after(Some(moment))?;
            eprintln!("{} killed {words}: {again:.2?}", self.engine.name());
            // What is kept must be right; what is not kept is counted from the beginning, and is too.
            ensure!(again.alerts == whole.alerts, "killed {words}: {} alerts, not {}", again.alerts, whole.alerts);
            let began = if again.first == 0 { "0: nothing was left".into() } else { again.first.to_string() };
            rows.push(vec![
                self.engine.title().into(),
                words,
                began,
                again.alerts.to_string(),
                whole.alerts.to_string(),
            ]);
        }
        Ok(rows)
    }

    /// Killed at a moment, and then run to its end.
    fn after(&self, moment: Option<Moment>) -> anyhow::Result<Finished> {
        let scratch = self.engine.scratch(self.installed)?;
        let log = scratch.join("log");
        if let Some(moment) = moment {
            let killed = run_killed(&mut self.engine.command(self.events, self.installed, &scratch)?, &log, moment)?;
            ensure!(killed, "it came to its end before it could be killed");
        }
        run(&mut self.engine.command(self.events, self.installed, &scratch)?, &log)
    }
}
