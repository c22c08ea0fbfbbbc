//! Nothing. Its dependencies ask for features, so that every way of building asks for the same; `Cargo.toml` says why.
