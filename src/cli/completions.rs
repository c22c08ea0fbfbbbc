//! `ichflow completions` and `ichflow man`: made from the same definitions as --help.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;
use ichflow_api::error::ResultExt;

use super::fail;

/// Arguments of `ichflow completions`.
#[derive(Args, Debug)]
pub(super) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

/// Arguments of `ichflow man`.
#[derive(Args, Debug)]
pub(super) struct ManArguments {
    /// Directory to write to
    directory: PathBuf,
}

pub(super) fn main(arguments: &CompletionsArguments, mut program: Command) -> ExitCode {
    clap_complete::generate(arguments.shell, &mut program, "ichflow", &mut std::io::stdout());
    ExitCode::SUCCESS
}

pub(super) fn man(arguments: &ManArguments, program: Command) -> ExitCode {
    let directory = &arguments.directory;
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(program, directory))
        .at("write manual pages into", directory);
    match written {
        Ok(()) => {
            println!("{}", directory.join("ichflow.1").display());
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}
