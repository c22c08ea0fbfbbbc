//! `ichflow window RECIPE|SCHEME FILE… --out PNG`: what schemes make of real slices, without training.

mod npy;
mod picture;
mod schemes;
mod slices;

use std::fs;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};
use ichflow_api::command::{Application, Outcome};
use ichflow_api::prelude::*;

use picture::{Row, Sheet};
use schemes::Scheme;
use slices::Slices;

fn define() -> clap::Command {
    clap::Command::new("window")
        .about("Show what windowing schemes make of slices: a picture, and the channels as numbers")
        .after_help(
            "Examples:\n  \
             ichflow window bsb slice.dcm --out bsb.png\n  \
             ichflow window recipes/b0_bsb.toml slice.dcm --scheme gradient-bsb --scheme my.toml --out both.png\n  \
             ichflow window my.toml study/ --set window.center=50 --npy channels --out study.png\n\n\
             A recipe shows the window its network is trained on, a sweep those of all its trials. Its data need \
             not be there: what a scheme finds in a cohort is found in the files given here. Learned windows are \
             shown as they start. What is no axial slice of CT is left out unless --force is given.\n\n\
             Exit codes: 0 if what was asked for is shown, 3 if a part of it is, 1 if nothing is. What looks like a \
             slice and cannot be used is named, and is a part that is not shown; other files of directories are counted.",
        )
        .arg(
            Arg::new("scheme")
                .value_name("RECIPE|SCHEME")
                .required(true)
                .help("A recipe, or the name of a windowing scheme (with its defaults)"),
        )
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .required(true)
                .num_args(1..)
                .value_parser(value_parser!(PathBuf))
                .help("DICOM files, or directories of them; neighbours are looked for among them"),
        )
        .arg(
            Arg::new("more")
                .long("scheme")
                .value_name("RECIPE|SCHEME")
                .action(ArgAction::Append)
                .help("Another scheme to show beside; may be given several times"),
        )
        .arg(
            Arg::new("set")
                .long("set")
                .value_name("KEY=VALUE")
                .action(ArgAction::Append)
                .help("Set one value over the recipes': --set window.center=50; may be given several times"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("PNG")
                .value_parser(value_parser!(PathBuf))
                .help("The picture: a row for each slice and scheme; three channels in colour, then each in grey"),
        )
        .arg(
            Arg::new("npy")
                .long("npy")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Directory for the channels of each slice, NumPy float32 [channels, height, width]"),
        )
        .arg(
            Arg::new("tile")
                .long("tile")
                .value_name("PIXELS")
                .default_value("256")
                .value_parser(value_parser!(u32).range(32..=2048))
                .help("Longer side of each image in the picture"),
        )
        .arg(
            Arg::new("slice")
                .long("slice")
                .value_name("NAME")
                .action(ArgAction::Append)
                .help("Only the slice of this name, as the picture has it; may be given several times"),
        )
        .arg(
            Arg::new("force")
                .long("force")
                .action(ArgAction::SetTrue)
                .help("Show what is no axial slice of CT too"),
        )
        .arg(
            Arg::new("most")
                .long("most")
                .value_name("N")
                .default_value("16")
                .value_parser(value_parser!(u32).range(1..=1000))
                .help("Most slices to show and write, spread evenly over those found"),
        )
}

fn run(matches: &ArgMatches, application: &dyn Application) -> Result<Outcome> {
    let path = |name: &str| matches.get_one::<PathBuf>(name);
    let (out, npy) = (path("out"), path("npy"));
    if out.is_none() && npy.is_none() {
        return Err(Error::new("there is nothing to write")
            .help("name a picture with --out window.png, a directory for numbers with --npy, or both"));
    }
    let number = |name: &str| matches.get_one::<u32>(name).map_or(1, |number| *number as usize);
    let texts = |name: &str| matches.get_many::<String>(name).into_iter().flatten();
    let sets: Vec<String> = texts("set").cloned().collect();
    let files: Vec<PathBuf> = matches.get_many("files").into_iter().flatten().cloned().collect();

    // Schemes that do not need the files are checked before any is read.
    let asked: Vec<&String> = texts("scheme").chain(texts("more")).collect();
    let mut drafts = Vec::new();
    for name in asked {
        drafts.extend(schemes::drafts(name, &sets, application)?);
    }
    let slices = Slices::find(&files, matches.get_flag("force"))?;
    let schemes = drafts
        .into_iter()
        .map(|draft| draft.finish(&slices))
        .collect::<Result<Vec<_>>>()?;

    let mut sheet = Sheet::new(number("tile"));
    let names: Vec<&String> = texts("slice").collect();
    let shown = if names.is_empty() {
        slices.spread(number("most"))
    } else {
        slices.named(&names)?
    };
    let mut unread = Vec::new();
    for index in shown {
        let read = schemes.iter().map(|scheme| slices.read(index, &scheme.window));
        let batches = match read.collect::<Result<Vec<_>>>() {
            Ok(batches) => batches,
            Err(error) => {
                eprintln!("{}: excluded: {}", slices.file(index), error.chain());
                unread.push(error);
                continue;
            }
        };
        for (scheme, batch) in schemes.iter().zip(batches) {
            let images = scheme.channels(&batch)?;
            if let Some(directory) = npy {
                fs::create_dir_all(directory).at("create the directory", directory)?;
                let name = if schemes.len() == 1 {
                    format!("{}.npy", slices.name(index))
                } else {
                    format!("{}.{}.npy", slices.name(index), scheme.file_name())
                };
                npy::write(&directory.join(name), &images)?;
            }
            sheet.rows.push(Row {
                title: format!("{} · {}", scheme.title, slices.name(index)),
                images,
            });
        }
    }
    if sheet.rows.is_empty()
        && let Some(error) = unread.pop()
    {
        return Err(error.help("`ichflow inspect` says what a file is"));
    }
    if let Some(out) = out {
        sheet.write(out)?;
        eprintln!("{}", out.display());
    }
    if let Some(directory) = npy {
        eprintln!("{}", directory.display());
    }
    Ok(Outcome::of_missing(slices.missing + unread.len()))
}

ichflow_api::register_command!(define, with run);

/// The channels of one slice on the host.
pub(crate) struct Channels {
    /// `count × rows × columns` values, channel after channel.
    pub values: Vec<f32>,
    /// Number of channels.
    pub count: usize,
    /// Rows of a channel.
    pub rows: usize,
    /// Columns of a channel.
    pub columns: usize,
}

impl Channels {
    /// One channel.
    fn channel(&self, index: usize) -> &[f32] {
        let size = self.rows * self.columns;
        self.values.get(index * size..(index + 1) * size).unwrap_or(&[])
    }
}

impl Scheme {
    /// What the scheme makes of one slice.
    fn channels(&self, batch: &HuBatch) -> Result<Channels> {
        let images = self.window.apply(batch);
        let [_, count, rows, columns] = images.dims();
        let values = images
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .map_err(|error| Error::new(format!("the channels cannot be read: {error:?}")))?;
        Ok(Channels {
            values,
            count,
            rows,
            columns,
        })
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
