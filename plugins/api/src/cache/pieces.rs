//! Results that are made of pieces, kept one by one: what a killed run made of one is not made again, and shards can
//! make them at the same time.
//!
//! Pieces are lines of text, `number<tab>text`, in `pieces.txt` of the result's directory, and in
//! `pieces-2-of-3.txt` where a shard made them. A line counts once its end was written.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::cache::keep::lock;
use crate::cache::shard::{Shard, absent};
use crate::context::Context;
use crate::error::{Error, Result, ResultExt};

/// Takes a piece that was made: its number and its text, which is one line.
pub type Sink<'a> = dyn FnMut(usize, &str) -> Result<()> + 'a;

impl Context<'_> {
    /// Finds pieces `0..count` of a result that earlier runs or shards made, and makes those that are missing.
    ///
    /// `read` turns the text of a piece back into it, and gives none for what it cannot read: such a piece is made
    /// again. `make` gets the numbers that are missing, in order, and hands each piece over when it is made. The
    /// result of a piece must depend on its number and on what makes the whole result (see [`Context::keep`]), not
    /// on which other pieces are made beside it.
    ///
    /// A shard makes its own pieces alone and gets none back as long as others are missing.
    ///
    /// # Errors
    /// Those of `make`, and where pieces cannot be locked, read or written.
    pub fn keep_pieces<T>(
        &self,
        count: usize,
        read: impl Fn(usize, &str) -> Option<T>,
        make: impl FnOnce(&[usize], &mut Sink) -> Result<()>,
    ) -> Result<Option<Vec<T>>> {
        let directory = self.result_directory();
        fs::create_dir_all(&directory).at("create the directory", &directory)?;
        let waiting = "another run is making the same; waiting for it";
        let (_lock, name) = match self.shard() {
            None => (
                lock(&directory.with_extension("lock"), waiting, self)?,
                "pieces.txt".to_owned(),
            ),
            Some(shard) => (
                lock(
                    &directory.join(format!("{}.lock", shard.file_name())),
                    waiting,
                    self,
                )?,
                format!("pieces-{}.txt", shard.file_name()),
            ),
        };
        let mut left = Vec::new();
        if self.shard().is_none() {
            left = shards_of(&directory)?;
            for shard in &left {
                let waiting = format!("shard {shard} is at work; waiting for it");
                drop(lock(
                    &directory.join(format!("{}.lock", shard.file_name())),
                    &waiting,
                    self,
                )?);
            }
        }
        let mut found = gather(&directory, count, &read)?;
        let missing: Vec<usize> = (0..count).filter(|piece| found[*piece].is_none()).collect();
        self.mark_used(&directory);
        if missing.is_empty() {
            self.cached("");
            return Ok(found.into_iter().collect());
        }
        let remarks = absent(&left, "pieces", |shards| {
            missing
                .iter()
                .map(|piece| Shard::of_piece(*piece, shards))
                .collect()
        });
        if !remarks.is_empty() {
            self.warn(format!("{remarks}: what is missing is made now"));
        }
        let own: Vec<usize> = missing
            .into_iter()
            .filter(|piece| self.shard().is_none_or(|shard| shard.has_piece(*piece)))
            .collect();
        let path = directory.join(name);
        let mut file = open_whole_lines(&path)?;
        make(&own, &mut |piece, text| {
            file.write_all(format!("{piece}\t{text}\n").as_bytes())
                .at("write", &path)
        })?;
        file.sync_data().at("write", &path)?;
        found = gather(&directory, count, &read)?;
        if let Some(piece) = own.iter().find(|piece| found[**piece].is_none()) {
            return Err(Error::new(format!(
                "piece {piece} of the result of `{}` was made and cannot be read back from {}",
                self.stage(),
                path.display()
            )));
        }
        Ok(found.into_iter().collect())
    }
}

/// The shards that left pieces.
fn shards_of(directory: &Path) -> Result<Vec<Shard>> {
    let mut shards = Vec::new();
    for entry in fs::read_dir(directory).at("read the directory", directory)? {
        let name = entry.at("read the directory", directory)?.file_name();
        let name = name.to_string_lossy();
        let shard = name
            .strip_prefix("pieces-")
            .and_then(|name| name.strip_suffix(".txt"));
        shards.extend(shard.and_then(Shard::of_file_name));
    }
    shards.sort();
    Ok(shards)
}

/// All pieces that lie in the directory, by their numbers.
fn gather<T>(
    directory: &Path,
    count: usize,
    read: impl Fn(usize, &str) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let mut found: Vec<Option<T>> = (0..count).map(|_| None).collect();
    for entry in fs::read_dir(directory).at("read the directory", directory)? {
        let path = entry.at("read the directory", directory)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("pieces") || !name.ends_with(".txt") {
            continue;
        }
        let text = fs::read(&path).at("read", &path)?;
        for line in whole_lines(&text).split(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(line)
                .ok()
                .and_then(|line| line.split_once('\t'));
            if let Some((number, text)) = line
                && let Ok(number) = number.parse::<usize>()
                && let Some(place) = found.get_mut(number)
                && let Some(piece) = read(number, text)
            {
                *place = Some(piece);
            }
        }
    }
    Ok(found)
}

/// The text up to its last line end: what stands behind it was being written when a run was killed.
fn whole_lines(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    &text[..end]
}

/// Opens a file for more lines; half a line at its end is removed.
fn open_whole_lines(path: &Path) -> Result<File> {
    let length = match fs::read(path) {
        Ok(text) => whole_lines(&text).len() as u64,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error).at("read", path),
    };
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .at("open", path)?;
    file.set_len(length).at("repair", path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit;

    /// Asks for seven squares; returns them and the numbers that were made.
    fn squares(
        home: &Path,
        shard: Option<&str>,
        stop_at: Option<usize>,
    ) -> (Result<Option<Vec<u64>>>, Vec<usize>) {
        let mut run = testkit::run_context(home);
        run.shard = shard.map(|shard| shard.parse().unwrap());
        let context = Context::new(&run, "stage", "made-up", "key").made_of("a");
        let mut made = Vec::new();
        let squares = context.keep_pieces(
            7,
            |_, text| text.parse().ok(),
            |missing, sink| {
                for piece in missing {
                    if Some(*piece) == stop_at {
                        return Err(Error::Interrupted);
                    }
                    made.push(*piece);
                    sink(*piece, &(piece * piece).to_string())?;
                }
                Ok(())
            },
        );
        (squares, made)
    }

    const ALL: [u64; 7] = [0, 1, 4, 9, 16, 25, 36];

    #[test]
    fn pieces_are_made_once_and_an_interrupted_run_carries_on() {
        let home = tempfile::tempdir().unwrap();
        let (stopped, made) = squares(home.path(), None, Some(3));
        assert!(matches!(stopped, Err(Error::Interrupted)));
        assert_eq!(made, [0, 1, 2]);
        // What a kill leaves: half a line.
        let path = home.path().join("cache/made-up/a/pieces.txt");
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}3\t1")).unwrap();
        let (all, made) = squares(home.path(), None, None);
        assert_eq!((all.unwrap().unwrap(), made), (ALL.to_vec(), vec![3, 4, 5, 6]));
        let (all, made) = squares(home.path(), None, None);
        assert_eq!((all.unwrap().unwrap(), made), (ALL.to_vec(), vec![]));
    }

    #[test]
    fn shards_make_their_own_and_the_run_without_finds_them() {
        let home = tempfile::tempdir().unwrap();
        let (none, made) = squares(home.path(), Some("1/3"), None);
        assert_eq!((none.unwrap(), made), (None, vec![0, 3, 6]));
        let (_, made) = squares(home.path(), Some("3/3"), Some(5));
        assert_eq!(made, [2]);
        let (all, made) = squares(home.path(), None, None);
        assert_eq!((all.unwrap().unwrap(), made), (ALL.to_vec(), vec![1, 4, 5]));
        let (all, made) = squares(home.path(), Some("2/3"), None);
        assert_eq!((all.unwrap().unwrap(), made), (ALL.to_vec(), vec![]));
    }

    #[test]
    fn a_damaged_piece_is_made_again() {
        let home = tempfile::tempdir().unwrap();
        squares(home.path(), None, None).0.unwrap();
        let path = home.path().join("cache/made-up/a/pieces.txt");
        let text = fs::read_to_string(&path).unwrap().replace("4\t16", "4\t\0\0");
        fs::write(&path, text).unwrap();
        let (all, made) = squares(home.path(), None, None);
        assert_eq!((all.unwrap().unwrap(), made), (ALL.to_vec(), vec![4]));
    }
}
