//! Metrics of one label beside those that every report shows; one file each.

mod matthews;
