//! The parts of training, each alone, on eight small slices.

mod epoch;
mod learner;
mod made;
mod rules;
mod store;
mod train_loop;
mod validator;
