//! Which runs of a directory are listed, and in which order.

use ichflow_api::data::comparison::{ListedRun, Run, RunList, RunState};

use super::{Sort, State};

/// Keeps those whose name or title contains `text`, and whose state is one of `states`, where there are some.
pub(super) fn filter(list: &mut RunList, text: Option<&str>, states: &[State]) {
    let text = text.map(str::to_lowercase);
    list.runs.retain(|listed| {
        let named = |text: &String| {
            listed.name.to_lowercase().contains(text) || listed.run.title.to_lowercase().contains(text)
        };
        let state = states.is_empty() || states.iter().any(|state| state.is(&listed.run.state));
        text.as_ref().is_none_or(named) && state
    });
}

/// Sorts; runs without what is sorted by come last.
pub(super) fn sort(list: &mut RunList, by: Sort) {
    // Smallest first.
    let number = |value: Option<f64>| value.filter(|value| value.is_finite()).unwrap_or(f64::INFINITY);
    let auroc = |run: &Run| run.measured.as_ref()?.valid.auc_any();
    list.runs.sort_by(|a: &ListedRun, b: &ListedRun| {
        let of = |of: &dyn Fn(&Run) -> f64| of(&a.run).total_cmp(&of(&b.run));
        match by {
            Sort::Started => b.begun().cmp(&a.begun()),
            Sort::Score => of(&|run| number(run.score())),
            Sort::Auroc => of(&|run| number(auroc(run).map(|auroc| -auroc))),
            Sort::Time => of(&|run| number(run.seconds.map(|seconds| -seconds))),
            Sort::Name => a.name.cmp(&b.name),
        }
    });
}

impl State {
    fn is(self, state: &RunState) -> bool {
        matches!(
            (self, state),
            (Self::AtWork, RunState::AtWork { .. })
                | (Self::Done, RunState::Done)
                | (Self::Failed, RunState::Failed { .. })
                | (Self::Interrupted, RunState::Interrupted)
                | (Self::Killed, RunState::Killed { .. })
                | (Self::Damaged, RunState::Damaged { .. })
        )
    }
}
