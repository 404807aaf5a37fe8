//! The shape of the network.

/// Side, in pixels, of the square input.
pub const SIDE: usize = 480;

/// Channels of the stem, the first convolution.
pub const STEM: usize = 32;

/// Width of the pooled features before the classifier.
pub const FEATURES: usize = 1280;

/// ImageNet classes.
pub const CLASSES: usize = 1000;

/// Blocks whose outputs make the descriptor: each the last before a stride, or
/// of the network.
pub const STAGES: [usize; 5] = [0, 3, 6, 14, 20];

/// Numbers in a descriptor: mean and standard deviation of every channel of
/// every stage.
pub const DESCRIPTOR: usize = 2 * (16 + 24 + 48 + 120 + 352);

/// One inverted-residual block: pointwise expansion, depthwise convolution,
/// pointwise projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Side of the depthwise kernel.
    pub kernel: usize,
    /// Stride of the depthwise convolution.
    pub stride: usize,
    /// How many times wider the inside is than the input; 1 has no expansion.
    pub expansion: usize,
}

impl Block {
    /// Channels between expansion and projection.
    pub const fn inner(&self) -> usize {
        self.inputs * self.expansion
    }

    /// Whether the input is added to the output.
    pub const fn residual(&self) -> bool {
        self.stride == 1 && self.inputs == self.outputs
    }
}

/// (repeats, kernel, stride, expansion, output channels) of each group; the
/// repeats are the paper's times 1.2, rounded up, except the first and last.
const GROUPS: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 1, 16),
    (3, 3, 2, 6, 24),
    (3, 5, 2, 6, 48),
    (4, 3, 2, 6, 88),
    (4, 5, 1, 6, 120),
    (5, 5, 2, 6, 208),
    (1, 3, 1, 6, 352),
];

/// The blocks, first to last.
pub const BLOCKS: [Block; 21] = blocks();

const fn blocks() -> [Block; 21] {
    let mut blocks = [Block {
        inputs: 0,
        outputs: 0,
        kernel: 0,
        stride: 0,
        expansion: 0,
    }; 21];
    let mut inputs = STEM;
    let (mut at, mut group) = (0, 0);
    while group < GROUPS.len() {
        let (repeats, kernel, stride, expansion, outputs) = GROUPS[group];
        let mut repeat = 0;
        while repeat < repeats {
            let stride = if repeat == 0 { stride } else { 1 };
            blocks[at] = Block {
                inputs,
                outputs,
                kernel,
                stride,
                expansion,
            };
            inputs = outputs;
            at += 1;
            repeat += 1;
        }
        group += 1;
    }
    blocks
}

/// TensorFlow's SAME padding of `n` values: (before, after), and the output
/// length. Where the padding is odd the extra value comes after.
pub const fn same(n: usize, kernel: usize, stride: usize) -> (usize, usize, usize) {
    let out = n.div_ceil(stride);
    let total = ((out - 1) * stride + kernel).saturating_sub(n);
    (total / 2, total - total / 2, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptor_counts_the_stages() {
        let channels: usize = STAGES.iter().map(|&b| BLOCKS[b].outputs).sum();
        assert_eq!(2 * channels, DESCRIPTOR);
        assert_eq!(BLOCKS[20].outputs, 352);
    }

    #[test]
    fn odd_padding_goes_after() {
        assert_eq!(same(480, 3, 2), (0, 1, 240));
        assert_eq!(same(15, 5, 1), (2, 2, 15));
        assert_eq!(same(120, 5, 2), (1, 2, 60));
    }
}
