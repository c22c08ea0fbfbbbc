//! The error every stage returns: what happened, and what to do about it.

use std::fmt::Display;
use std::path::Path;

/// Result of a stage or of a helper that stages call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a stage did not finish.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The person (or the system) asked the run to stop; nothing is wrong.
    #[error("interrupted")]
    Interrupted,
    /// The work cannot be split, and this run is one of several shards: it is left to the run of the same recipe
    /// without a shard. Nothing is wrong.
    #[error("not split over shards, and not made yet")]
    LeftToWholeRun,
    /// Something is wrong; `help` says what to do next.
    #[error("{message}")]
    Failed {
        /// What happened, and where.
        message: String,
        /// What to do next.
        help: Option<String>,
        /// The error underneath, if there is one.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// A failure described in words.
    pub fn new(message: impl Display) -> Self {
        Self::Failed {
            message: message.to_string(),
            help: None,
            source: None,
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, advice: impl Display) -> Self {
        if let Self::Failed { help, .. } = &mut self {
            *help = Some(advice.to_string());
        }
        self
    }

    /// A failure with the error that caused it.
    pub fn caused_by(
        message: impl Display,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Failed {
            message: message.to_string(),
            help: None,
            source: Some(source.into()),
        }
    }

    /// The message followed by the messages of its causes, on one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let next = error.to_string();
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        text
    }
}

/// Turns foreign errors into [`Error`] with the place they happened at.
pub trait ResultExt<T> {
    /// Says what was being done: "cannot read", "cannot write".
    ///
    /// # Errors
    /// The one it is called on, with what was being done before it.
    fn doing(self, action: impl Display) -> Result<T>;
    /// Says what was being done to which file.
    ///
    /// # Errors
    /// The one it is called on, with what was being done to which file before it.
    fn at(self, action: &str, path: &Path) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> ResultExt<T> for std::result::Result<T, E> {
    fn doing(self, action: impl Display) -> Result<T> {
        self.map_err(|source| Error::caused_by(action, source))
    }

    fn at(self, action: &str, path: &Path) -> Result<T> {
        self.map_err(|source| {
            let source = source.into();
            let advice = source
                .downcast_ref::<std::io::Error>()
                .and_then(|error| advice(error.kind()));
            let error = Error::caused_by(format!("cannot {action} {}", path.display()), source);
            match advice {
                Some(advice) => error.help(advice),
                None => error,
            }
        })
    }
}

/// What to do about errors that lie outside the program.
fn advice(kind: std::io::ErrorKind) -> Option<&'static str> {
    use std::io::ErrorKind;
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(
            "free some space (`ichflow gc` removes what nobody used), then run the same again: it goes on from here",
        ),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Some(
            "this user may not do that here: change the permissions, or give another directory (`--out`)",
        ),
        _ => None,
    }
}
