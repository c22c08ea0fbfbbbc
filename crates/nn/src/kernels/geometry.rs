//! The shape of a convolution.

/// A convolution between two maps, `[batch, height, width, channels]` each. Beyond a map's borders are zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Images.
    pub(crate) batch: usize,
    /// Height and width of what goes in.
    pub(crate) input: [usize; 2],
    /// Height and width of what comes out.
    pub(crate) output: [usize; 2],
    /// Channels that go in.
    pub(crate) inputs: usize,
    /// Channels that come out.
    pub(crate) outputs: usize,
    /// Groups of channels that do not see one another.
    pub(crate) groups: usize,
    /// Height and width of the kernel.
    pub(crate) kernel: [usize; 2],
    /// Steps down and to the right, in pixels.
    pub(crate) stride: [usize; 2],
    /// Rows of zeros above and columns of zeros to the left.
    pub(crate) padding: [usize; 2],
}

impl Geometry {
    /// Whether every channel is by itself.
    pub(crate) fn is_depthwise(&self) -> bool {
        self.groups == self.inputs && self.inputs == self.outputs && self.groups > 1
    }

    /// Whether an output pixel is made of the input pixel at its own place alone.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1]
            && self.stride == [1, 1]
            && self.padding == [0, 0]
            && self.input == self.output
            && self.groups == 1
    }

    /// Input channels a group sees.
    pub(crate) fn group_inputs(&self) -> usize {
        self.inputs / self.groups
    }

    /// Output channels a group makes.
    pub(crate) fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// Values that an output value is made of.
    pub(crate) fn fan_in(&self) -> usize {
        self.group_inputs() * self.kernel[0] * self.kernel[1]
    }

    /// Pixels of all images that come out.
    pub(crate) fn output_pixels(&self) -> usize {
        self.batch * self.output[0] * self.output[1]
    }

    /// Number of values that go in.
    pub(crate) fn input_len(&self) -> usize {
        self.batch * self.input[0] * self.input[1] * self.inputs
    }

    /// Number of values that come out.
    pub(crate) fn output_len(&self) -> usize {
        self.output_pixels() * self.outputs
    }

    /// Number of weights, `[outputs, inputs / groups, height, width]`.
    pub(crate) fn weight_len(&self) -> usize {
        self.outputs * self.fan_in()
    }

    /// The input row (or column, `axis` 1) that kernel row `tap` meets at output row `at`, if there is one.
    #[inline(always)]
    pub(crate) fn source(&self, axis: usize, at: usize, tap: usize) -> Option<usize> {
        let place = (at * self.stride[axis] + tap).checked_sub(self.padding[axis])?;
        (place < self.input[axis]).then_some(place)
    }

    /// The output row (or column) at which kernel row `tap` meets input row `at`, if there is one.
    #[inline(always)]
    pub(crate) fn target(&self, axis: usize, at: usize, tap: usize) -> Option<usize> {
        let place = (at + self.padding[axis]).checked_sub(tap)?;
        let target = place / self.stride[axis];
        (place.is_multiple_of(self.stride[axis]) && target < self.output[axis]).then_some(target)
    }
}
