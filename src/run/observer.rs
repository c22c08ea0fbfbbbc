//! Progress and messages on stderr, events as JSON lines in the run directory.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ichflow_api::context::{Observer, Progress};
use ichflow_api::error::{Result, ResultExt};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

/// Work shorter than this shows no progress.
const QUIET_FOR: Duration = Duration::from_secs(2);
/// Where there is no terminal, a line appears this often.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// The observer of a run from the command line.
pub struct TerminalObserver {
    bars: MultiProgress,
    terminal: bool,
    events: Mutex<File>,
    begun: Instant,
}

impl TerminalObserver {
    /// Shows progress on stderr and writes events to `events`.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn new(events: &Path) -> Result<Self> {
        let terminal = std::io::stderr().is_terminal();
        Ok(Self {
            bars: MultiProgress::with_draw_target(if terminal {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            }),
            terminal,
            events: Mutex::new(File::create(events).at("create", events)?),
            begun: Instant::now(),
        })
    }

    fn line(&self, text: &str) {
        if self.terminal {
            // Printing through the bars keeps them below what is printed.
            let _ = self.bars.println(text);
        } else {
            eprintln!("{text}");
        }
    }
}

impl Observer for TerminalObserver {
    fn progress(&self, stage: &str, work: &str, total: u64, unit: &str) -> Box<dyn Progress> {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        Box::new(TerminalProgress {
            bar,
            bars: self.terminal.then(|| self.bars.clone()),
            title: format!("{stage}: {work}"),
            unit: unit.to_owned(),
            state: Mutex::new(State {
                begun: Instant::now(),
                last_line: Instant::now(),
                shown: false,
            }),
        })
    }

    fn say(&self, stage: &str, text: &str) {
        self.line(&format!("{stage:>12}  {text}"));
    }

    fn warn(&self, stage: &str, text: &str) {
        self.line(&format!("{stage:>12}  warning: {text}"));
    }

    fn event(&self, stage: &str, kind: &str, details: Value) {
        let record = json!({
            "seconds": (self.begun.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            "time": jiff::Timestamp::now().to_string(),
            "stage": stage,
            "kind": kind,
            "details": details,
        });
        if let Ok(mut file) = self.events.lock()
            && let Err(error) = writeln!(file, "{record}")
        {
            self.line(&format!(
                "{stage:>12}  warning: events.jsonl cannot be written: {error}"
            ));
        }
    }
}

struct State {
    begun: Instant,
    last_line: Instant,
    shown: bool,
}

struct TerminalProgress {
    bar: ProgressBar,
    /// Where the bar appears; absent when there is no terminal.
    bars: Option<MultiProgress>,
    title: String,
    unit: String,
    state: Mutex<State>,
}

impl TerminalProgress {
    fn refresh(&self) {
        let Ok(mut state) = self.state.lock() else { return };
        if state.begun.elapsed() < QUIET_FOR {
            return;
        }
        match &self.bars {
            Some(bars) if !state.shown => {
                state.shown = true;
                let style = ProgressStyle::with_template(
                    "{prefix:>28} {bar:24} {pos}/{len} {per_sec}, {eta} left  {wide_msg}",
                );
                if let Ok(style) = style {
                    self.bar.set_style(style);
                }
                self.bar.set_prefix(self.title.clone());
                bars.add(self.bar.clone());
            }
            Some(_) => {}
            None if state.last_line.elapsed() >= LINE_EVERY => {
                state.last_line = Instant::now();
                let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
                let rate = done as f64 / state.begun.elapsed().as_secs_f64();
                let left = Duration::from_secs_f64((total.saturating_sub(done)) as f64 / rate.max(1e-9));
                eprintln!(
                    "{:>12}  {done}/{total} {}, {rate:.1}/s, {} left  {}",
                    self.title,
                    self.unit,
                    crate::duration::duration(left),
                    self.bar.message()
                );
            }
            None => {}
        }
    }
}

impl Progress for TerminalProgress {
    fn advance(&self, amount: u64) {
        self.bar.inc(amount);
        self.refresh();
    }

    fn note(&self, text: &str) {
        self.bar.set_message(text.to_owned());
        self.refresh();
    }
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        if let Some(bars) = &self.bars {
            bars.remove(&self.bar);
        }
    }
}
