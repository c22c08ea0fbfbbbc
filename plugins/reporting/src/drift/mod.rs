//! The page of `ichflow drift`: periods beside the data a model was made with. What it shows was computed by the command.

mod page;
mod pictures;
