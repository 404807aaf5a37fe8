//! The network on any graphics processor (Vulkan, Metal, DirectX 12), through wgpu. It
//! gives descriptors only, and is held to the processor's.

mod context;
mod layers;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wgpu::{
    BindGroup, Buffer, BufferDescriptor, BufferUsages, CommandEncoderDescriptor,
    ComputePassDescriptor, ComputePipeline, MapMode, PollType,
};

use super::config::{DESCRIPTOR, SIDE};
use super::fused::{Fused, check};
use super::weights::Weights;
use crate::guard::guarded;
use crate::model::ModelError;
use context::Context;
pub use context::GpuError;

/// Bytes of a photo and of its descriptor.
const PHOTO: u64 = (SIDE * SIDE * 3) as u64;
const ANSWER: u64 = (DESCRIPTOR * size_of::<f32>()) as u64;

/// Photos computed together, at most: more make no device faster.
const MOST: u64 = 8;

/// After this time a device that does not answer is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far a descriptor may be from the processor's.
pub const TOLERANCE: f32 = 1e-3;

/// Whether this machine has a graphics processor that is more than software.
pub fn is_there() -> bool {
    Context::open(false).is_ok()
}

/// The network on a graphics processor.
pub struct Gpu {
    context: Context,
    /// Photos computed together.
    capacity: u64,
    photos: Buffer,
    descriptors: Buffer,
    /// Where descriptors can be read from.
    readable: Buffer,
    steps: Vec<Step>,
    /// Held by who computes: there is one set of buffers.
    turn: Mutex<()>,
}

/// A layer, ready to be computed.
#[derive(Debug)]
struct Step {
    pipeline: ComputePipeline,
    buffers: BindGroup,
    /// Workgroups of a photo.
    groups: [u32; 2],
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu")
            .field("device", &self.context.info.name)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

impl Gpu {
    /// Puts the network on the best graphics processor, one that is only software where
    /// `software` allows it. Where its memory is small, fewer photos are computed
    /// together.
    ///
    /// # Errors
    /// [`GpuError`] where there is none, or it cannot take the network.
    pub fn new(weights: &Weights, software: bool) -> Result<Self, GpuError> {
        let mut most = MOST;
        loop {
            // A device whose memory ran out is not tried twice.
            let context = Context::open(software)?;
            let made = guarded(|| Self::with_capacity(context, weights, most))
                .unwrap_or_else(|panic| Err(GpuError::Failed(panic)));
            match made {
                Err(GpuError::Memory) if most > 1 => most /= 2,
                made => return made,
            }
        }
    }

    fn with_capacity(context: Context, weights: &Weights, most: u64) -> Result<Self, GpuError> {
        let limits = context.device.limits();
        let largest = limits
            .max_buffer_size
            .min(limits.max_storage_buffer_binding_size);
        let capacity = (largest / layers::largest_map()).min(most);
        if capacity == 0 {
            return Err(GpuError::Memory);
        }
        let made = context.checked(|| {
            let buffer = |label, size, usage| {
                context.device.create_buffer(&BufferDescriptor {
                    label: Some(label),
                    size: capacity * size,
                    usage,
                    mapped_at_creation: false,
                })
            };
            let photos = buffer(
                "photos",
                PHOTO,
                BufferUsages::STORAGE | BufferUsages::COPY_DST,
            );
            let descriptors = buffer(
                "descriptors",
                ANSWER,
                BufferUsages::STORAGE | BufferUsages::COPY_SRC,
            );
            let readable = buffer(
                "readable",
                ANSWER,
                BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            );
            let steps = layers::steps(&context, weights, capacity, &photos, &descriptors);
            (photos, descriptors, readable, steps)
        });
        let (photos, descriptors, readable, steps) = made?;
        Ok(Self {
            capacity,
            photos,
            descriptors,
            readable,
            steps: steps.map_err(|error| GpuError::Failed(error.to_string()))?,
            turn: Mutex::new(()),
            context,
        })
    }

    /// What the device is called.
    pub fn name(&self) -> &str {
        &self.context.info.name
    }

    /// Descriptors of photos, as [`Fused::describe`] takes and gives them, within
    /// [`TOLERANCE`].
    ///
    /// # Errors
    /// [`GpuError`] when the device fails. It is of no use any more then.
    fn describe(&self, batch: &[&[u8]]) -> Result<Vec<Vec<f32>>, GpuError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut descriptors = Vec::with_capacity(batch.len());
        for photos in batch.chunks(usize::try_from(self.capacity).unwrap_or(1)) {
            descriptors.extend(self.compute(photos)?);
        }
        Ok(descriptors)
    }

    /// As [`Gpu::describe`], for so many photos as buffers hold.
    fn compute(&self, photos: &[&[u8]]) -> Result<Vec<Vec<f32>>, GpuError> {
        self.context.sound()?;
        let size = photos.len() as u64 * ANSWER;
        let (device, queue) = (&self.context.device, &self.context.queue);
        let answered = self.context.checked(|| {
            queue.write_buffer(&self.photos, 0, &photos.concat());
            let mut encoder = device.create_command_encoder(&CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
                for step in &self.steps {
                    pass.set_pipeline(&step.pipeline);
                    pass.set_bind_group(0, &step.buffers, &[]);
                    let [across, down] = step.groups;
                    pass.dispatch_workgroups(across, down, photos.len() as u32);
                }
            }
            encoder.copy_buffer_to_buffer(&self.descriptors, 0, &self.readable, 0, size);
            queue.submit([encoder.finish()]);
            let (send, answer) = channel();
            self.readable
                .map_async(MapMode::Read, ..size, move |mapped| {
                    // Who waited may have given up.
                    let _ = send.send(mapped);
                });
            answer
        })?;
        let failed = |error: &dyn fmt::Display| GpuError::Failed(error.to_string());
        let wait = PollType::Wait {
            submission_index: None,
            timeout: Some(PATIENCE),
        };
        device.poll(wait).map_err(|error| failed(&error))?;
        let answer = answered.recv_timeout(PATIENCE);
        answer
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))?;
        let bytes = self.readable.get_mapped_range(..size);
        let bytes = bytes.map_err(|error| failed(&error))?;
        let numbers: Vec<f32> = bytes
            .chunks_exact(size_of::<f32>())
            .filter_map(|number| Some(f32::from_le_bytes(number.try_into().ok()?)))
            .collect();
        drop(bytes);
        self.readable.unmap();
        self.context.sound()?;
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(GpuError::Failed("it gave no numbers".to_owned()));
        }
        let descriptors = numbers.chunks_exact(DESCRIPTOR);
        Ok(descriptors.map(<[f32]>::to_vec).collect())
    }
}

/// A graphics processor that the processor stands in for once it fails.
#[derive(Debug)]
pub struct Backed {
    gpu: Gpu,
    failed: AtomicBool,
}

impl Backed {
    /// Puts the network on the best graphics processor, and compares it with the
    /// processor's on a fixed picture.
    ///
    /// # Errors
    /// [`GpuError`] as [`Gpu::new`], or where it gives something else.
    pub fn new(weights: &Weights, processor: &Fused, software: bool) -> Result<Self, GpuError> {
        let gpu = Gpu::new(weights, software)?;
        let picture: Vec<u8> = (0..PHOTO).map(|i| (i * 97 % 251) as u8).collect();
        let expected = processor.describe(&[&picture]);
        let expected = expected.map_err(|error| GpuError::Failed(error.to_string()))?;
        let actual = gpu.describe(&[&picture])?;
        let away = |(a, b): (&f32, &f32)| (a - b).abs();
        let numbers = actual.iter().flatten().zip(expected.iter().flatten());
        let worst = numbers.map(away).fold(0.0, f32::max);
        if worst > TOLERANCE {
            return Err(GpuError::Failed(format!(
                "{} gives other results than the processor, up to {worst} away",
                gpu.name()
            )));
        }
        Ok(Self {
            gpu,
            failed: AtomicBool::new(false),
        })
    }

    /// Descriptors of photos; see [`Fused::describe`]. After the first failure they come
    /// from `processor`, so that none is lost.
    ///
    /// # Errors
    /// As [`Fused::describe`].
    pub fn describe(
        &self,
        batch: &[&[u8]],
        processor: &Fused,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        check(batch)?;
        if self.failed.load(Ordering::Relaxed) {
            return processor.describe(batch);
        }
        let described = guarded(|| self.gpu.describe(batch))
            .unwrap_or_else(|panic| Err(GpuError::Failed(panic)));
        described.or_else(|error| {
            if !self.failed.swap(true, Ordering::Relaxed) {
                let name = self.gpu.name();
                tracing::warn!("{name} failed, so the processor goes on: {error}");
            }
            processor.describe(batch)
        })
    }
}

#[cfg(test)]
mod tests;
