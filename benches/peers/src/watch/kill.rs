//! What a kill in the middle of the job leaves of each engine's state.

use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::engine::{Engine, Installed};
use super::process::{Finished, Moment, run, run_killed};
use super::rule;
use crate::data::mixed;
use crate::report::table;

/// How often Townbell's job is killed, each time at another moment.
const TIMES: u64 = 5;
/// How often a job that came to its end before its moment is tried again, each time with half of the wait.
const TRIES: u32 = 5;

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
        let whole = self.whole()?;
        let mut moments = vec![Moment::Half];
        if self.engine == Engine::Townbell {
            // Between a tenth and nine tenths of the time that it takes; another moment each time.
            let part = |time: u64| 0.1 + 0.8 * (mixed(time) % 1_000) as f64 / 1_000.0;
            moments.extend((0..TIMES).map(|time| Moment::After(Duration::from_secs_f64(whole.wall_s * part(time)))));
        }
        let mut rows = Vec::new();
        for moment in moments {
            let (moment, again) = self.killed(moment)?;
            let words = match moment {
                Moment::Half => "at half of the events".to_owned(),
                Moment::After(wait) => format!("after {:.2} s", wait.as_secs_f64()),
            };
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

    /// Killed, sooner where it came to its end before the moment, and then run to its end.
    fn killed(&self, mut moment: Moment) -> anyhow::Result<(Moment, Finished)> {
        for _ in 0..TRIES {
            let scratch = self.engine.scratch(self.installed)?;
            let log = scratch.join("log");
            if run_killed(&mut self.engine.command(self.events, self.installed, &scratch)?, &log, moment)? {
                let again = run(&mut self.engine.command(self.events, self.installed, &scratch)?, &log)?;
                return Ok((moment, again));
            }
            if let Moment::After(wait) = &mut moment {
                *wait /= 2;
            }
        }
        bail!("it came to its end {TRIES} times before it could be killed")
    }

    fn whole(&self) -> anyhow::Result<Finished> {
        let scratch = self.engine.scratch(self.installed)?;
        run(&mut self.engine.command(self.events, self.installed, &scratch)?, &scratch.join("log"))
    }
}
