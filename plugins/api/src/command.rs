//! Commands a plugin adds to the `ichflow` program: `ichflow phantom`, and whatever else it offers
//! beside its stages.

use clap::ArgMatches;

use crate::error::Result;

/// A command, registered with [`register_command!`](crate::register_command).
pub struct PluginCommand {
    /// Its name, arguments and help.
    pub define: fn() -> clap::Command,
    /// Does the work. Results go to stdout, messages to stderr.
    pub run: fn(&ArgMatches) -> Result<()>,
}

inventory::collect!(PluginCommand);

/// Every command linked into this program, by name.
pub fn all() -> Vec<(clap::Command, &'static PluginCommand)> {
    let mut commands: Vec<_> = inventory::iter::<PluginCommand>
        .into_iter()
        .map(|command| ((command.define)(), command))
        .collect();
    commands.sort_by(|a, b| a.0.get_name().cmp(b.0.get_name()));
    commands
}

/// Registers a command: `ichflow_api::register_command!(define, run);`
#[macro_export]
macro_rules! register_command {
    ($define:path, $run:path) => {
        $crate::inventory::submit! {
            $crate::command::PluginCommand { define: $define, run: $run }
        }
    };
}
