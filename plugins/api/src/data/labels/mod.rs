//! Labels: which there are ([`LabelSet`]), the truth of one unit ([`Labels`]), and what a unit is ([`Level`]).

mod level;
pub mod rsna;
mod set;
pub mod truth;

pub use level::Level;
pub use set::LabelSet;
pub use truth::Labels;
