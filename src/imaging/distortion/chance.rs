//! Chance that a seed decides, of its own for every type of distortion.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Random numbers, the same everywhere for the same seed and stream.
#[derive(Debug)]
pub(super) struct Chance {
    numbers: ChaCha8Rng,
    /// Normal numbers come in pairs.
    kept: Option<f32>,
}

impl Chance {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut numbers = ChaCha8Rng::seed_from_u64(seed);
        numbers.set_stream(stream);
        Self {
            numbers,
            kept: None,
        }
    }

    /// Uniform in [0, 1).
    pub(super) fn uniform(&mut self) -> f32 {
        (self.numbers.next_u32() >> 8) as f32 / (1u32 << 24) as f32
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller).
    pub(super) fn normal(&mut self) -> f32 {
        if let Some(kept) = self.kept.take() {
            return kept;
        }
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sin, cos) = (2.0 * std::f32::consts::PI * self.uniform()).sin_cos();
        self.kept = Some(radius * sin);
        radius * cos
    }

    /// -1 or 1.
    pub(super) fn sign(&mut self) -> f32 {
        if self.uniform() < 0.5 { -1.0 } else { 1.0 }
    }

    /// A direction: (x, y) of length 1.
    pub(super) fn direction(&mut self) -> (f32, f32) {
        let (sin, cos) = (2.0 * std::f32::consts::PI * self.uniform()).sin_cos();
        (cos, sin)
    }

    /// A smooth field [height][width] of values in [0, 1] with a few hills.
    pub(super) fn hills(&mut self, width: usize, height: usize) -> Vec<f32> {
        const GRID: usize = 5;
        let heights: Vec<f32> = (0..GRID * GRID).map(|_| self.uniform()).collect();
        let place = |i: usize, n: usize| {
            let at = (i as f32 + 0.5) / n as f32 * (GRID - 1) as f32;
            let first = (at as usize).min(GRID - 2);
            let t = at - first as f32;
            (first, t * t * (3.0 - 2.0 * t))
        };
        let mut field = Vec::with_capacity(width * height);
        for y in 0..height {
            let (row, v) = place(y, height);
            for x in 0..width {
                let (column, u) = place(x, width);
                let corner = |r: usize, c: usize| {
                    let at = (row + r) * GRID + column + c;
                    heights.get(at).copied().unwrap_or_default()
                };
                let above = corner(0, 0) * (1.0 - u) + corner(0, 1) * u;
                let below = corner(1, 0) * (1.0 - u) + corner(1, 1) * u;
                field.push(above * (1.0 - v) + below * v);
            }
        }
        field
    }
}
