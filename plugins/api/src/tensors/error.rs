//! What went wrong in a library, as an error of a stage.

use std::convert::Infallible;

use crate::error::{Error, Result, ResultExt};

impl From<ichflow_nn::Error> for Error {
    fn from(error: ichflow_nn::Error) -> Self {
        use ichflow_nn::Error::{Open, Read, Write};

        let help = error.help();
        let message = error.to_string();
        let failed: Result<Infallible> = match error {
            Read { path, source } => Err(source).at("read", &path),
            Write { path, source } => Err(source).at("write", &path),
            Open { source, .. } => Err(source).doing(message),
            _ => Err(Self::new(message)),
        };
        let Err(error) = failed;
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}
