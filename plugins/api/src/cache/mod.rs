//! Results that outlive a run: whole ones, ones made of pieces, and the parts of a run that shards make.

pub mod keep;
pub mod pieces;
pub mod shard;
