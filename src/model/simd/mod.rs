//! Vectors of `f32` as the processor at hand has them.
//!
//! Kernels are written once, generic over [`Simd`]; [`Level`] says at run time
//! which instruction set the processor has. A kernel's generic code is
//! `inline(always)` and is entered through a function that enables the level's
//! instructions, so the compiler emits them in the kernel itself.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod buffer;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Avx512;
pub(super) use buffer::Buffer;
#[cfg(target_arch = "aarch64")]
pub(super) use neon::Neon;
pub(super) use plain::Plain;

/// Channels are padded to a multiple of this many values, the widest vector.
pub(super) const CHANNEL_STEP: usize = 16;

/// Rounds a channel count up to whole vectors of every level.
pub(super) fn padded(channels: usize) -> usize {
    channels.next_multiple_of(CHANNEL_STEP)
}

/// The vector operations that the kernels are made of.
///
/// # Safety
/// Every operation requires that the processor has the implementor's
/// instructions; loads and stores require `LANES` values behind the pointer.
pub(super) trait Simd: Copy {
    /// Values in a vector.
    const LANES: usize;
    /// A vector.
    type V: Copy;

    /// A vector of one value.
    unsafe fn splat(value: f32) -> Self::V;
    /// Reads a vector, aligned or not.
    unsafe fn load(from: *const f32) -> Self::V;
    /// Writes a vector, aligned or not.
    unsafe fn store(to: *mut f32, v: Self::V);
    /// `a * b + c`.
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a + b`.
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `v` limited to 0 ..= 6.
    unsafe fn relu6(v: Self::V) -> Self::V;
    /// `a - b`.
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`.
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// The larger of each pair; where `b` is no number, that.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of each pair; where `b` is no number, that.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// 2 to the power of `v`, whole numbers from -126 to 127.
    unsafe fn exp2_whole(v: Self::V) -> Self::V;
}

/// An instruction set that kernels exist for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// x86-64 with 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// x86-64 with 256-bit vectors and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 64-bit Arm.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// Any processor: what the compiler makes of plain loops.
    Plain,
}

impl Level {
    /// Every level that this processor can run, best first.
    pub fn available() -> Vec<Level> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                levels.push(Level::Avx512);
            }
            if std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
            {
                levels.push(Level::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        levels.push(Level::Neon);
        levels.push(Level::Plain);
        levels
    }

    /// The best level of this processor.
    pub fn best() -> Level {
        Self::available().first().copied().unwrap_or(Level::Plain)
    }

    /// The level's name for people.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "AVX2",
            #[cfg(target_arch = "aarch64")]
            Level::Neon => "NEON",
            Level::Plain => "plain",
        }
    }
}
