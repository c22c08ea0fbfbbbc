//! Code in pickles.
//!
//! A pickle may name any function of Python with arguments, and unpickling calls it: that is how objects are
//! made, and how a file can run a program. The reader here calls nothing. What it did not understand it leaves
//! behind under its Python name, which is where code is told from an optimiser's settings.

use std::path::Path;

use burn_store::pytorch_reader::{PickleValue, PytorchReader};

/// Modules of Python whose functions have no business in a weights file.
const MODULES: [&str; 24] = [
    "__builtin__",
    "asyncio",
    "builtins",
    "code",
    "commands",
    "ctypes",
    "http",
    "importlib",
    "marshal",
    "multiprocessing",
    "nt",
    "operator",
    "os",
    "pickle",
    "pip",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "urllib",
    "webbrowser",
];

/// What `builtins` may be asked for: values, not code.
const VALUES: [&str; 11] = [
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "range",
    "set",
];

/// The first function of a PyTorch file that has no business there, by its Python name: `posix.system`.
pub(crate) fn in_file(path: &Path) -> Option<String> {
    match PytorchReader::read_pickle_data(path, None) {
        Ok(value) => in_value(&value),
        // It stopped at something; the message names it.
        Err(error) => error
            .to_string()
            .split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_'))
            .find(|word| is_code(word))
            .map(str::to_owned),
    }
}

fn in_value(value: &PickleValue) -> Option<String> {
    match value {
        PickleValue::Unsupported(name) => is_code(name).then(|| name.clone()),
        PickleValue::List(values) => values.iter().find_map(in_value),
        PickleValue::Dict(values) => {
            let mut keys: Vec<_> = values.keys().collect();
            keys.sort();
            keys.into_iter().find_map(|key| in_value(&values[key]))
        }
        _ => None,
    }
}

fn is_code(name: &str) -> bool {
    let Some((module, function)) = name.split_once('.') else {
        return false;
    };
    let builtin = module == "builtins" || module == "__builtin__";
    MODULES.contains(&module) && !(builtin && VALUES.contains(&function))
}

#[cfg(test)]
mod tests {
    use super::is_code;

    #[test]
    fn programs_are_told_from_values() {
        for name in [
            "posix.system",
            "os.system",
            "builtins.eval",
            "subprocess.Popen",
            "os.path.join",
        ] {
            assert!(is_code(name), "{name}");
        }
        for name in [
            "torch.float32",
            "argparse.Namespace",
            "builtins.set",
            "numpy.dtype",
            "system",
        ] {
            assert!(!is_code(name), "{name}");
        }
    }
}
