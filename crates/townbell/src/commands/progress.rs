//! Progress bars for long work: what is being done, how far it is.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that shows one piece of work after the other. On a pipe it prints a line for each piece instead.
pub struct Progress {
    bar: ProgressBar,
    terminal: bool,
    last: std::sync::Mutex<String>,
}

impl Progress {
    /// A bar on the error stream.
    pub fn new() -> Self {
        let bar = ProgressBar::new(1);
        // invariant: the template is a constant that parses.
        let style = ProgressStyle::with_template("  {msg:32} {wide_bar} {percent:>3} %")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        let terminal = !bar.is_hidden();
        Self { bar, terminal, last: std::sync::Mutex::new(String::new()) }
    }

    /// Shows that `done` of `all` of `what` is done.
    pub fn at(&self, what: &str, done: u64, all: u64) {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *last != what {
            what.clone_into(&mut last);
            if !self.terminal {
                eprintln!("  {what} ...");
            }
            self.bar.set_message(what.to_owned());
        }
        self.bar.set_length(all.max(1));
        self.bar.set_position(done.min(all.max(1)));
    }

    /// Takes the bar away.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
