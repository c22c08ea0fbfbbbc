//! The command: its arguments, and the order of its work.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgMatches, value_parser};
use ichflow_api::command::Application;
use ichflow_api::prelude::*;

use crate::engine::{Limits, Service};
use crate::http::{self, Access, Server};

/// Where a token is looked for without --token-file.
const TOKEN: &str = "ICHFLOW_TOKEN";

fn define() -> clap::Command {
    let bytes = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("MIB")
            .default_value(default)
            .value_parser(value_parser!(u64).range(1..=1 << 30))
            .help(help)
    };
    clap::Command::new("serve")
        .about("Serve model bundles and runs to browsers and programs")
        .after_help(
            "Examples:\n  \
             ichflow serve runs/b0_bsb/latest/model\n  \
             ichflow serve --runs runs\n  \
             ichflow serve model_a model_b --addr 0.0.0.0:8080 --token-file token --host ct.example.org\n\n\
             Open http://127.0.0.1:8080 and drop a study; docs/serve.md has the routes for programs. Answers are those of \
             `ichflow predict` on the same files, bit for bit.\n\n\
             Any other address than the loopback ones needs a token, in a file (--token-file) or in the environment \
             variable ICHFLOW_TOKEN: programs send it as `Authorization: Bearer TOKEN`, browsers ask for it as a password \
             (any name). Put a proxy with TLS before it.\n\n\
             Research only: no medical device.",
        )
        .arg(
            Arg::new("bundles")
                .value_name("BUNDLE")
                .num_args(0..)
                .value_parser(value_parser!(PathBuf))
                .help("Model bundles: directories `model` of runs; none serves the runs alone"),
        )
        .arg(
            Arg::new("runs")
                .long("runs")
                .value_name("DIR")
                .default_value("runs")
                .value_parser(value_parser!(PathBuf))
                .help("The runs to show"),
        )
        .arg(
            Arg::new("addr")
                .long("addr")
                .value_name("ADDRESS")
                .default_value("127.0.0.1:8080")
                .value_parser(value_parser!(SocketAddr))
                .help("Where to listen; port 0 takes a free one"),
        )
        .arg(
            Arg::new("host")
                .long("host")
                .value_name("NAME")
                .action(clap::ArgAction::Append)
                .help("A name or address by which browsers reach it, beside the loopback ones; may be given again"),
        )
        .arg(
            Arg::new("token-file")
                .long("token-file")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("A file with the token that every request must bring"),
        )
        .arg(
            Arg::new("keep")
                .long("keep")
                .value_name("MINUTES")
                .default_value("30")
                .value_parser(value_parser!(u64).range(0..=525_600))
                .help("For how long answers and their files are kept for the viewer; 0 keeps no files and answers for a minute"),
        )
        .arg(bytes("max-part", "512", "MiB of one file of an upload"))
        .arg(bytes("max-upload", "4096", "MiB of one upload"))
        .arg(bytes("max-kept", "16384", "MiB of all uploads that wait, are predicted or are kept"))
        .arg(
            Arg::new("max-files")
                .long("max-files")
                .value_name("N")
                .default_value("4096")
                .value_parser(value_parser!(u64).range(1..=1_000_000))
                .help("Files of one upload"),
        )
        .arg(
            Arg::new("max-queue")
                .long("max-queue")
                .value_name("N")
                .default_value("64")
                .value_parser(value_parser!(u64).range(1..=100_000))
                .help("Uploads that may wait; beyond, the answer is 503 with Retry-After"),
        )
        .arg(
            Arg::new("device")
                .long("device")
                .value_name("DEVICE")
                .default_value("auto")
                .help("Where to compute: auto (a GPU if there is one), cpu, cuda or cuda:N"),
        )
}

fn run(matches: &ArgMatches, application: &dyn Application) -> Result<()> {
    let address = *matches
        .get_one::<SocketAddr>("addr")
        .ok_or_else(|| Error::new("name an address with --addr"))?;
    let names = matches.get_many::<String>("host").into_iter().flatten().cloned();
    let access = Access::new(address, names, token(matches)?)?;
    let bundles: Vec<PathBuf> = matches
        .get_many("bundles")
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let runs = matches.get_one::<PathBuf>("runs").cloned().unwrap_or_default();
    let number = |name: &str| matches.get_one::<u64>(name).copied().unwrap_or(1);
    let limits = Limits {
        part_bytes: number("max-part") << 20,
        upload_bytes: number("max-upload") << 20,
        kept_bytes: number("max-kept") << 20,
        upload_files: number("max-files") as usize,
        queue: number("max-queue") as usize,
        keep: Duration::from_secs(number("keep") * 60),
    };
    let scratch = tempfile::tempdir().doing("cannot make a directory for what is kept meanwhile")?;
    let device = matches.get_one::<String>("device").map_or("auto", String::as_str);
    // Says where to compute and when to stop; workers have contexts of their own, which say nothing of slices.
    let context = application.run_context(scratch.path(), device)?;
    let service = Service::open(&bundles, limits, context.device, scratch.path())?;
    http::serve(Server::new(service, runs, access), address, context.stop)
}

ichflow_api::register_command!(define, with run);

/// The token of the file or the environment.
fn token(matches: &ArgMatches) -> Result<Option<String>> {
    let token = match matches.get_one::<PathBuf>("token-file") {
        Some(path) => Some(std::fs::read_to_string(path).at("read", path)?),
        None => std::env::var(TOKEN).ok(),
    };
    match token.map(|token| token.trim().to_owned()) {
        Some(token) if token.len() < 16 => Err(Error::new("the token is shorter than 16 characters")
            .help("make one with `openssl rand -hex 32 > token`")),
        token => Ok(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        define().debug_assert();
    }
}
