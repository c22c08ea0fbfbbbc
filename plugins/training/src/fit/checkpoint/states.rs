//! What training needs to carry on where it was stopped, on disk.
//!
//! Each state is a directory of its own, `state-000012`: it is written under another name, its files reach
//! the disk, then it gets its name in one step, and only then the state before it goes. Whatever kills the
//! process, one whole state is there. Its files carry digests, so that one which a crash of the machine left
//! half-written is not taken for whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use ichflow_api::digest::sha256;
use ichflow_api::prelude::*;

use super::files::{remove, write};
use super::state::{Position, State};

/// Changes whenever states of before cannot be used any more.
const FORMAT: u32 = 2;
const STATE: &str = "state.json";

/// The states of one training.
pub(crate) struct States {
    directory: PathBuf,
    next: u64,
}

/// A state read back: what is said of it, and its records by name.
pub(crate) struct Saved {
    /// What is said of it.
    pub state: State,
    records: BTreeMap<String, ModuleRecord>,
}

impl Saved {
    /// Takes out a record.
    pub(crate) fn take(&mut self, name: &str) -> Result<ModuleRecord> {
        let record = self.records.remove(name);
        record.ok_or_else(|| Error::new(format!("the state of training has no {name}")))
    }

    /// Whether there is a record of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.records.contains_key(name)
    }
}

impl States {
    /// Looks for states in `directory`; the newest whole one is given back. A damaged one is warned of.
    pub(crate) fn open(directory: &Path, context: &Context) -> Result<(Self, Option<Saved>)> {
        let mut states: Vec<(u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(directory).at("read", directory)? {
            let path = entry.at("read", directory)?.path();
            let name = path.file_name().map_or("".into(), |name| name.to_string_lossy());
            match name.strip_prefix("state-").map(str::parse) {
                Some(Ok(number)) => states.push((number, path)),
                Some(Err(_)) => remove(&path)?,
                None => {}
            }
        }
        states.sort();
        let next = states.last().map_or(1, |(number, _)| number + 1);
        let mut found = None;
        for (_, path) in states.into_iter().rev() {
            if found.is_some() {
                remove(&path)?;
                continue;
            }
            match read(&path) {
                Ok(saved) => found = Some(saved),
                Err(error) => context.warn(format!("a state of training cannot be used: {}", error.chain())),
            }
        }
        let states = Self {
            directory: directory.to_owned(),
            next,
        };
        Ok((states, found))
    }

    /// Writes a state, then removes the one before.
    pub(crate) fn save(&mut self, mut state: State, records: Vec<(String, ModuleRecord)>) -> Result<()> {
        let part = self.path(self.next).with_extension("part");
        remove(&part)?;
        fs::create_dir_all(&part).at("create the directory", &part)?;
        state.format = FORMAT;
        state.files.clear();
        for (name, record) in records {
            let bytes = record.into_bytes().at("write", &part)?;
            write(&part.join(&name), &bytes)?;
            state.files.insert(name, sha256(&bytes));
        }
        let text = serde_json::to_vec(&state).at("write", &part)?;
        write(&part.join(STATE), &text)?;
        let path = self.path(self.next);
        fs::rename(&part, &path).at("name", &path)?;
        if self.next > 1 {
            remove(&self.path(self.next - 1))?;
        }
        self.next += 1;
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("state-{number:06}"))
    }
}

/// Where training would go on from the newest state in `directory`. Nothing is changed, and its tensors are not read.
pub(crate) fn position_in(directory: &Path) -> Option<Position> {
    let entries = fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path());
    let is_state = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        let number = name.as_deref().and_then(|name| name.strip_prefix("state-"));
        number.is_some_and(|number| number.parse::<u64>().is_ok())
    };
    let newest = entries.filter(is_state).max()?;
    let state: State = serde_json::from_slice(&fs::read(newest.join(STATE)).ok()?).ok()?;
    (state.format == FORMAT).then_some(state.position)
}

/// Removes all states: training has ended.
pub(super) fn clear(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory).at("read", directory)? {
        let path = entry.at("read", directory)?.path();
        let name = path.file_name().map_or("".into(), |name| name.to_string_lossy());
        if name.starts_with("state-") {
            remove(&path)?;
        }
    }
    Ok(())
}

fn read(directory: &Path) -> Result<Saved> {
    let path = directory.join(STATE);
    let text = fs::read(&path).at("read", &path)?;
    let state: State = serde_json::from_slice(&text).at("understand", &path)?;
    if state.format != FORMAT {
        return Err(Error::new(format!("{} is of another version", path.display())));
    }
    let mut records = BTreeMap::new();
    for (name, digest) in &state.files {
        let path = directory.join(name);
        let bytes = fs::read(&path).at("read", &path)?;
        if sha256(&bytes) != *digest {
            return Err(Error::new(format!("{} is damaged", path.display())));
        }
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes)).at("understand", &path)?;
        records.insert(name.clone(), record);
    }
    Ok(Saved { state, records })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;
    use burn::nn::{Linear, LinearConfig};
    use ichflow_api::testkit;

    fn linear() -> Linear {
        LinearConfig::new(3, 2).init(&Device::flex())
    }

    fn state(batches: u64) -> State {
        State {
            position: super::super::state::Position {
                batches,
                ..Default::default()
            },
            ..State::default()
        }
    }

    #[test]
    fn the_newest_whole_state_comes_back() {
        let home = tempfile::tempdir().unwrap();
        let run = testkit::run_context(home.path());
        let context = Context::new(&run, "train", "fit", "key");
        let open = || States::open(home.path(), &context).unwrap();
        let (mut states, saved) = open();
        assert!(saved.is_none());
        let weights = linear();
        for batches in [1, 2] {
            let records = vec![("network".to_owned(), weights.clone().into_record())];
            states.save(state(batches), records).unwrap();
        }
        // What was being written when the process was killed.
        fs::create_dir(home.path().join("state-000003.part")).unwrap();
        let (mut states, saved) = open();
        let mut saved = saved.unwrap();
        assert_eq!(saved.state.position.batches, 2);
        let back = linear().try_load_record(saved.take("network").unwrap()).unwrap();
        assert_eq!(back.weight.to_data(), weights.weight.to_data());
        assert!(saved.take("other").is_err());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);

        // A power cut may leave the newest state without its content: the one before counts.
        let before = home.path().join("before");
        fs::rename(home.path().join("state-000002"), &before).unwrap();
        states
            .save(state(3), vec![("network".to_owned(), weights.into_record())])
            .unwrap();
        fs::rename(&before, home.path().join("state-000002")).unwrap();
        fs::write(home.path().join("state-000003/network"), "").unwrap();
        let (mut states, saved) = open();
        assert_eq!(saved.unwrap().state.position.batches, 2);
        states.save(state(4), Vec::new()).unwrap();
        clear(home.path()).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
