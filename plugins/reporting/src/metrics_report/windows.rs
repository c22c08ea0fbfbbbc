//! Windows that were learned: where they started, where they are now, and the way between.

use ichflow_api::prelude::*;

use crate::render::plots::{self, Figure, Ink, Line};

/// One channel of a learned window.
pub(crate) struct WindowRow {
    /// Counted from 1.
    pub channel: usize,
    /// Center and width before training.
    pub first: String,
    /// Center and width of the model.
    pub now: String,
}

/// The windows of a model that has learned some; else none.
pub(crate) fn rows(history: &History, model: &Model) -> Result<Vec<WindowRow>> {
    let Some(learned) = &model.network.window else {
        return Ok(Vec::new());
    };
    let text = |window: &CenterWidth| format!("{:.1} / {:.1}", window.center, window.width);
    let windows = learned.windows()?;
    let rows = windows.iter().enumerate().map(|(index, window)| WindowRow {
        channel: index + 1,
        first: history.first_windows.get(index).map_or("–".into(), text),
        now: text(window),
    });
    Ok(rows.collect())
}

/// Centers and widths after each epoch, epoch 0 being the start.
pub(crate) fn figures(history: &History) -> Result<Vec<Figure>> {
    if history.first_windows.is_empty() {
        return Ok(Vec::new());
    }
    let way = |name: &str, value: fn(&CenterWidth) -> f64| {
        let lines: Vec<Line> = (0..history.first_windows.len())
            .map(|channel| Line {
                name: format!("channel {}", channel + 1),
                points: std::iter::once((0, &history.first_windows))
                    .chain(history.epochs.iter().map(|epoch| (epoch.epoch, &epoch.windows)))
                    .filter_map(|(epoch, windows)| Some((epoch as f64, value(windows.get(channel)?))))
                    .collect(),
                ink: Ink::series(channel),
            })
            .collect();
        let said: Vec<String> = lines
            .iter()
            .filter_map(|line| {
                let (from, to) = (line.points.first()?.1, line.points.last()?.1);
                Some(format!("{} from {from:.1} to {to:.1}", line.name))
            })
            .collect();
        let title = format!("Learned window {name}s by epoch");
        let description = format!("{} HU.", said.join(", "));
        plots::lines(
            &title,
            description,
            ("epoch", &format!("{name}, HU")),
            &lines,
            None,
            (440, 300),
        )
    };
    Ok(vec![
        way("center", |window| window.center)?,
        way("width", |window| window.width)?,
    ])
}
