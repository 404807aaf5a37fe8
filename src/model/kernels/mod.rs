//! The compute kernels of the networks on a processor: pointwise convolution
//! (which is a linear layer over tokens), depthwise convolution, and what a
//! transformer does to a row by itself.
//!
//! Data lie pixel by pixel with the channels innermost (NHWC), channels padded
//! with zeros to whole vectors ([`super::simd::padded`]). Every output value is
//! summed in one fixed order, so it does not depend on how the work was cut
//! into tiles, strips or batches.
#![allow(unsafe_code)]

mod depthwise;
mod pointwise;
mod rows;

pub(super) use depthwise::Depthwise;
pub(super) use pointwise::{Epilogue, Pointwise};
pub(super) use rows::{layer_norm, softmax};

/// Calls `$body` with `$S` standing for the vector type of `$level`, inside a
/// function that has the level's instructions enabled.
macro_rules! at_level {
    ($level:expr, fn $name:ident<$S:ident, $MR:ident, $NV:ident>($($arg:ident: $ty:ty),* $(,)?) $body:block) => {{
        use crate::model::simd::{Level, Plain, Simd};

        #[inline(always)]
        unsafe fn $name<$S: Simd, const $MR: usize, const $NV: usize>($($arg: $ty),*) $body

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f")]
        unsafe fn avx512($($arg: $ty),*) {
            unsafe { $name::<crate::model::simd::Avx512, 8, 3>($($arg),*) }
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        unsafe fn avx2($($arg: $ty),*) {
            unsafe { $name::<crate::model::simd::Avx2, 6, 2>($($arg),*) }
        }

        match $level {
            // SAFETY: a level is only constructed where the processor has it
            // ([`Level::available`]); slices were checked by the caller.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512($($arg),*) },
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2($($arg),*) },
            #[cfg(target_arch = "aarch64")]
            Level::Neon => unsafe { $name::<crate::model::simd::Neon, 6, 4>($($arg),*) },
            Level::Plain => unsafe { $name::<Plain, 4, 2>($($arg),*) },
        }
    }};
}
use at_level;

/// Vectors per panel of weights and values per vector at a level; the numbers
/// of [`at_level`].
fn panel_shape(level: crate::model::simd::Level) -> (usize, usize) {
    use crate::model::simd::Level;
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => (3, 16),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => (2, 8),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => (4, 4),
        Level::Plain => (2, 8),
    }
}
