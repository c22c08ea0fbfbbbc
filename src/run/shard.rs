//! `--shard`: which part of a run's work this process does, as asked for or as a cluster says.

use std::fmt;
use std::str::FromStr;

use ichflow_api::cache::shard::Shard;

/// What a person may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardChoice {
    /// What the variables of Slurm or Kubernetes say.
    Auto,
    /// This one.
    Given(Shard),
}

impl FromStr for ShardChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => text.parse().map(Self::Given),
        }
    }
}

impl fmt::Display for ShardChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Given(shard) => shard.fmt(f),
        }
    }
}

impl ShardChoice {
    /// The shard, and where it was taken from, in words.
    ///
    /// # Errors
    /// What is wrong with the shard that was named, or that nothing names one.
    pub fn resolve(self) -> Result<(Shard, String), String> {
        match self {
            Self::Given(shard) => Ok((shard, "as asked for".into())),
            Self::Auto => from_variables(|name| std::env::var(name).ok()),
        }
    }
}

/// Reads the shard from the environment: a Slurm job array, the tasks of a Slurm step (or both: tasks within each
/// member of the array), or a Kubernetes indexed job.
fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<(Shard, String), String> {
    let number = |name: &str| -> Result<Option<usize>, String> {
        let Some(text) = variable(name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("{name} is `{text}`, which is no number")),
        }
    };
    let shard = |from_zero: usize, count: usize, from: &str| {
        Shard::new(from_zero.saturating_add(1), count)
            .map(|shard| (shard, format!("from {from}")))
            .ok_or_else(|| {
                format!(
                    "{from} name part {} of {count}, which is not there",
                    from_zero + 1
                )
            })
    };
    let array = match (number("SLURM_ARRAY_TASK_ID")?, number("SLURM_ARRAY_TASK_COUNT")?) {
        (Some(id), Some(count)) => {
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let from_zero = id
                .checked_sub(first)
                .filter(|distance| distance % step == 0)
                .map(|distance| distance / step)
                .filter(|index| *index < count)
                .ok_or("the members of the Slurm array are not numbered in even steps; use --array=0-N")?;
            Some((from_zero, count))
        }
        _ => None,
    };
    let tasks = match (number("SLURM_PROCID")?, number("SLURM_NTASKS")?) {
        (Some(id), Some(count)) if count > 1 => Some((id, count)),
        _ => None,
    };
    match (array, tasks) {
        (Some((id, count)), None) => shard(id, count, "SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT"),
        (None, Some((id, count))) => shard(id, count, "SLURM_PROCID and SLURM_NTASKS"),
        (Some((member, members)), Some((task, tasks))) => shard(
            member * tasks + task,
            members * tasks,
            "SLURM_ARRAY_TASK_ID, SLURM_ARRAY_TASK_COUNT, SLURM_PROCID and SLURM_NTASKS",
        ),
        (None, None) => match (number("JOB_COMPLETION_INDEX")?, number("JOB_COMPLETIONS")?) {
            (Some(index), Some(count)) => shard(index, count, "JOB_COMPLETION_INDEX and JOB_COMPLETIONS"),
            (Some(_), None) => Err(
                "JOB_COMPLETION_INDEX is set, but not JOB_COMPLETIONS: give the container a variable \
                 of that name with the job's number of completions"
                    .into(),
            ),
            (None, _) => Err(
                "--shard auto found no variables of a Slurm array, a Slurm step of several tasks or a \
                 Kubernetes indexed job; write --shard 2/3 for the second of three"
                    .into(),
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        from_variables(variable).map(|(shard, from)| format!("{shard} {from}"))
    }

    #[test]
    fn clusters_say_which_part_it_is() {
        let array = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
        ];
        let by_array = "SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT";
        assert_eq!(of(&array).unwrap(), format!("3/4 from {by_array}"));
        let tasks = [("SLURM_PROCID", "1"), ("SLURM_NTASKS", "2")];
        assert_eq!(of(&tasks).unwrap(), "2/2 from SLURM_PROCID and SLURM_NTASKS");
        let both: Vec<_> = array.iter().chain(&tasks).copied().collect();
        assert!(of(&both).unwrap().starts_with("6/8 from"));
        // A job of an array runs in a batch step of one task.
        let one: Vec<_> = array
            .iter()
            .chain(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "1")])
            .copied()
            .collect();
        assert_eq!(of(&one).unwrap(), format!("3/4 from {by_array}"));
        let pod = [("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "5")];
        assert_eq!(
            of(&pod).unwrap(),
            "1/5 from JOB_COMPLETION_INDEX and JOB_COMPLETIONS"
        );
    }

    #[test]
    fn what_does_not_fit_is_said() {
        for (variables, expected) in [
            (vec![], "no variables"),
            (vec![("JOB_COMPLETION_INDEX", "0")], "not JOB_COMPLETIONS"),
            (
                vec![("JOB_COMPLETION_INDEX", "5"), ("JOB_COMPLETIONS", "5")],
                "not there",
            ),
            (vec![("SLURM_PROCID", "one"), ("SLURM_NTASKS", "2")], "no number"),
            (
                vec![
                    ("SLURM_ARRAY_TASK_ID", "9"),
                    ("SLURM_ARRAY_TASK_COUNT", "3"),
                    ("SLURM_ARRAY_TASK_MIN", "1"),
                ],
                "even steps",
            ),
        ] {
            let error = of(&variables).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
