//! `formula`: a scheme written in the recipe.
//!
//! [`lexer`] and [`parser`] make a tree ([`ast`]) that knows where each part stands, [`compile`] makes of it
//! the steps ([`step`]) that [`program`] does on tensors; constants are folded by [`scalar`].

pub mod ast;
pub mod compile;
pub mod fault;
pub mod functions;
pub mod lexer;
pub mod parser;
pub mod program;
pub mod scalar;
pub mod step;

use ichflow_api::prelude::*;

use crate::header::check_fallback;
use crate::presets::unlikely;
use compile::Compiler;
use fault::Fault;
use program::Program;

fn default_center() -> f64 {
    40.0
}

fn default_width() -> f64 {
    80.0
}

/// Channels written as formulas of HU, one string each. They are read once, before anything runs, and then
/// calculated on the device like any other scheme.
///
/// Values: `hu` (Hounsfield units of the pixel), `center` and `width` (the window of the slice's own header, in
/// HU), numbers, and `${name}` of `[vars]`.
///
/// Operators, weakest first: `or`, `and`, `not`, comparisons (`<`, `<=`, `>`, `>=`, `==`, `!=`; 1 if true, else 0),
/// `+` and `-`, `*` and `/`, the sign, `^`. What is not 0 is true.
///
/// Functions: `linear(center, width)` (the window, 0 to 1), `sigmoid(center, width)` (with soft edges, 1/255 and
/// 254/255 at the edges), `minmax(x)` (stretched to 0…1 per slice), `gradient_r(x)`, `gradient_g(x)`,
/// `gradient_b(x)` (the rainbow), `clip(x, low, high)`, `if(condition, then, else)`, `min(a, b, …)`, `max(a, b, …)`,
/// `abs`, `exp`, `log`, `sqrt`, `pow(x, exponent)`.
///
/// Every pixel gets a number: what is divided by 0 is 0, the root of what is below 0 is 0, `log` takes what is
/// below 1e-30 for 1e-30 and `exp` what is above 80 for 80, what is below 0 counts as 0 when raised to
/// a power that is not whole, and a result beyond f32 becomes 0.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Formula {
    /// One formula for each channel, for example `"clip((hu - 20) / 60, 0, 1)"`.
    #[schemars(length(min = 1, max = 16))]
    pub channels: Vec<String>,
    /// `center` of slices whose header has no window, in HU.
    #[serde(default = "default_center")]
    pub fallback_center: f64,
    /// `width` of slices whose header has no window, in HU.
    #[serde(default = "default_width")]
    #[schemars(range(min = 1.0))]
    pub fallback_width: f64,
}

impl Formula {
    /// A scheme of the given formulas.
    pub fn new(channels: &[&str]) -> Self {
        Self {
            channels: channels.iter().map(|&channel| channel.to_owned()).collect(),
            fallback_center: default_center(),
            fallback_width: default_width(),
        }
    }

    /// The program, or everything that is wrong with the formulas: the channel, and the mistake in it.
    ///
    /// # Errors
    /// The mistakes, each with the channel it is in.
    pub fn compile(&self) -> std::result::Result<Program, Vec<(usize, Fault)>> {
        let (mut compiler, mut widening) = (Compiler::default(), Compiler::widening());
        let mut faults = Vec::new();
        for (index, channel) in self.channels.iter().enumerate() {
            let added = parser::parse(channel)
                .and_then(|tree| compiler.channel(&tree).and_then(|()| widening.channel(&tree)));
            faults.extend(added.err().map(|fault| (index, fault)));
        }
        if faults.is_empty() {
            let finish = |compiler: Compiler| compiler.finish(self.fallback_center, self.fallback_width);
            Ok(finish(compiler).with_widening(finish(widening)))
        } else {
            Err(faults)
        }
    }

    fn shown(&self, index: usize, fault: &Fault) -> String {
        fault.shown_in(self.channels.get(index).map_or("", String::as_str))
    }
}

impl Stage for Formula {
    const NAME: &'static str = "formula";
    const FAMILY: Family = Family::Window;
    const SUMMARY: &'static str = "channels written as formulas of HU in the recipe";
    const EXAMPLE: &'static str = "[window]\nuse = \"formula\"\nchannels = [\n  \"linear(40, 80)\",\n  \"0.3 * linear(40, 80) + 0.5 * linear(80, 200) + 0.2 * linear(600, 2000)\",\n  \"if(hu > 300, 0, clip((hu - 20) / 60, 0, 1))\",\n]\n";

    fn ports() -> Ports {
        Ports::new().offers(output::WINDOW)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        let window = match self.compile() {
            Ok(program) => Description::of(Window::new(program)),
            Err(_) => Description::new().channels(self.channels.len()),
        };
        Descriptions::new().with(output::WINDOW, window)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = check_fallback(self.fallback_center, self.fallback_width);
        if self.channels.is_empty() {
            problems.push(Problem::new(
                "channels",
                "no formula is given, so there would be no channel",
            ));
        }
        for (index, fault) in self.compile().err().into_iter().flatten() {
            let message = self.shown(index, &fault);
            let mut problem = Problem::new(format!("channels[{index}]"), message);
            problem.help = fault.help;
            problems.push(problem);
        }
        for (index, channel) in self.channels.iter().enumerate() {
            let windows = parser::parse(channel)
                .map(|tree| tree.windows())
                .unwrap_or_default();
            let advice = windows
                .into_iter()
                .filter_map(|(center, width)| unlikely(center, width));
            problems.extend(advice.map(|found| Problem {
                key: format!("channels[{index}]"),
                ..found
            }));
        }
        problems
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        let program = self.compile().map_err(|faults| {
            let shown: Vec<_> = faults
                .iter()
                .map(|(index, fault)| self.shown(*index, fault))
                .collect();
            Error::new(shown.join("\n"))
        })?;
        Ok(Outputs::new().with(output::WINDOW, Window::new(program)))
    }
}

ichflow_api::register!(Formula);

#[cfg(test)]
mod tests;
