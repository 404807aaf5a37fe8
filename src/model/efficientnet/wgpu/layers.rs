//! The network as a list of steps: what is computed by which shader, from which buffer
//! to which.

use candle_core::Tensor;
use wgpu::util::{BufferInitDescriptor, DeviceExt};
use wgpu::{
    BindGroupDescriptor, BindGroupEntry, BindGroupLayout, BindGroupLayoutDescriptor,
    BindGroupLayoutEntry, BindingType, Buffer, BufferBindingType, BufferDescriptor, BufferUsages,
    ComputePipeline, ComputePipelineDescriptor, PipelineLayoutDescriptor, ShaderModuleDescriptor,
    ShaderSource, ShaderStages,
};

use super::Step;
use super::context::Context;
use crate::model::ModelError;
use crate::model::efficientnet::config::{BLOCKS, Block, DESCRIPTOR, SIDE, STAGES, STEM, same};
use crate::model::efficientnet::weights::{Conv, Weights};

/// Side of the stem's kernel, and its stride.
const STEM_KERNEL: usize = 3;
const STEM_STRIDE: usize = 2;

/// What a step's shader is told; its fields are those of `Shape` there.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    in_side: usize,
    out_side: usize,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    before: usize,
    place: usize,
    follows: u32,
}

impl Shape {
    fn bytes(&self) -> Vec<u8> {
        let numbers = [
            self.in_side,
            self.out_side,
            self.inputs / 4,
            self.outputs / 4,
            self.kernel,
            self.stride,
            self.before,
            self.place,
            DESCRIPTOR,
            self.follows as usize,
            0,
            0,
        ];
        numbers
            .iter()
            .flat_map(|&number| (number as u32).to_le_bytes())
            .collect()
    }
}

/// What follows a 1x1 convolution, as the shader numbers it.
const NOTHING: u32 = 0;
const RELU6: u32 = 1;
const RESIDUAL: u32 = 2;

/// Bytes of a photo's map.
fn map_size(side: usize, channels: usize) -> u64 {
    (side * side * channels * size_of::<f32>()) as u64
}

/// A block with the sides of its maps.
fn sided() -> impl Iterator<Item = (&'static Block, usize, usize)> {
    let mut side = SIDE.div_ceil(STEM_STRIDE);
    BLOCKS.iter().map(move |block| {
        let (_, _, out_side) = same(side, block.kernel, block.stride);
        let in_side = std::mem::replace(&mut side, out_side);
        (block, in_side, out_side)
    })
}

/// Bytes of a photo's maps, the largest of each kind: between blocks, expanded, and
/// convolved.
fn map_sizes() -> [u64; 3] {
    let mut sizes = [map_size(SIDE.div_ceil(STEM_STRIDE), STEM), 0, 0];
    for (block, side, out_side) in sided() {
        let inner = block.inner();
        let of_block = [
            map_size(out_side, block.outputs),
            map_size(side, inner),
            map_size(out_side, inner),
        ];
        for (size, of_block) in sizes.iter_mut().zip(of_block) {
            *size = of_block.max(*size);
        }
    }
    sizes
}

/// Bytes of a photo's largest map.
pub(super) fn largest_map() -> u64 {
    map_sizes().into_iter().max().unwrap_or(0)
}

/// Makes steps.
struct Maker<'a> {
    context: &'a Context,
    layout: BindGroupLayout,
    stem: ComputePipeline,
    depthwise: ComputePipeline,
    pointwise: ComputePipeline,
    statistics: ComputePipeline,
}

impl<'a> Maker<'a> {
    fn new(context: &'a Context) -> Self {
        let device = &context.device;
        let shader = device.create_shader_module(ShaderModuleDescriptor {
            label: Some("network"),
            source: ShaderSource::Wgsl(include_str!("network.wgsl").into()),
        });
        let entry = |binding, ty| BindGroupLayoutEntry {
            binding,
            visibility: ShaderStages::COMPUTE,
            ty: BindingType::Buffer {
                ty,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        let read = BufferBindingType::Storage { read_only: true };
        let write = BufferBindingType::Storage { read_only: false };
        let layout = device.create_bind_group_layout(&BindGroupLayoutDescriptor {
            label: Some("layer"),
            entries: &[
                entry(0, BufferBindingType::Uniform),
                entry(1, read),
                entry(2, read),
                entry(3, read),
                entry(4, read),
                entry(5, write),
            ],
        });
        let pipelines = device.create_pipeline_layout(&PipelineLayoutDescriptor {
            label: Some("layer"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = |name| {
            device.create_compute_pipeline(&ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&pipelines),
                module: &shader,
                entry_point: Some(name),
                compilation_options: Default::default(),
                cache: None,
            })
        };
        Self {
            context,
            stem: pipeline("stem"),
            depthwise: pipeline("depthwise"),
            pointwise: pipeline("pointwise"),
            statistics: pipeline("statistics"),
            layout,
        }
    }

    fn constant(&self, content: &[u8], usage: BufferUsages) -> Buffer {
        let device = &self.context.device;
        device.create_buffer_init(&BufferInitDescriptor {
            label: Some("weights"),
            contents: content,
            usage,
        })
    }

    fn numbers(&self, tensor: &Tensor) -> Result<Buffer, ModelError> {
        let numbers = tensor.flatten_all()?.to_vec1::<f32>()?;
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        Ok(self.constant(&bytes, BufferUsages::STORAGE))
    }

    /// A step of `pipeline` from one buffer to another. `weights` are in the order that
    /// its shader reads them.
    fn step(
        &self,
        pipeline: &ComputePipeline,
        shape: &Shape,
        [from, weights, bias, residual, to]: [&Buffer; 5],
        groups: [usize; 2],
    ) -> Step {
        let shape = self.constant(&shape.bytes(), BufferUsages::UNIFORM);
        let buffers = [&shape, from, weights, bias, residual, to];
        let entries: Vec<BindGroupEntry<'_>> = (0..)
            .zip(buffers)
            .map(|(binding, buffer)| BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let buffers = self.context.device.create_bind_group(&BindGroupDescriptor {
            label: None,
            layout: &self.layout,
            entries: &entries,
        });
        Step {
            pipeline: pipeline.clone(),
            buffers,
            groups: groups.map(|count| count as u32),
        }
    }

    /// A convolution in which an invocation computes four channels of a pixel.
    fn by_pixel(
        &self,
        pipeline: &ComputePipeline,
        shape: &Shape,
        weights: &Tensor,
        bias: &Tensor,
        [from, to]: [&Buffer; 2],
    ) -> Result<Step, ModelError> {
        let (weights, bias) = (self.numbers(weights)?, self.numbers(bias)?);
        let across = (shape.out_side * shape.outputs / 4).div_ceil(64);
        let buffers = [from, &weights, &bias, &bias, to];
        Ok(self.step(pipeline, shape, buffers, [across, shape.out_side]))
    }

    fn pointwise(
        &self,
        side: usize,
        conv: &Conv,
        follows: u32,
        [from, residual, to]: [&Buffer; 3],
    ) -> Result<Step, ModelError> {
        let (outputs, inputs, _, _) = conv.weight.dims4()?;
        let shape = Shape {
            in_side: side,
            out_side: side,
            inputs,
            outputs,
            follows,
            ..Shape::default()
        };
        let weights = self.numbers(&conv.weight.reshape((outputs, inputs))?.t()?)?;
        let bias = self.numbers(&conv.bias)?;
        let groups = [
            (outputs / 4).div_ceil(8),
            (side * side).div_ceil(4).div_ceil(8),
        ];
        let buffers = [from, &weights, &bias, residual, to];
        Ok(self.step(&self.pointwise, &shape, buffers, groups))
    }
}

/// All steps from photos to descriptors, with buffers for `capacity` photos.
pub(super) fn steps(
    context: &Context,
    weights: &Weights,
    capacity: u64,
    photos: &Buffer,
    descriptors: &Buffer,
) -> Result<Vec<Step>, ModelError> {
    let maker = Maker::new(context);
    let [map, expanded, convolved] = map_sizes();
    let buffer = |label, size| {
        context.device.create_buffer(&BufferDescriptor {
            label: Some(label),
            size: capacity * size,
            usage: BufferUsages::STORAGE,
            mapped_at_creation: false,
        })
    };
    let (mut input, mut output) = (buffer("map", map), buffer("map", map));
    let (expanded, convolved) = (buffer("expanded", expanded), buffer("convolved", convolved));
    let (before, _, out_side) = same(SIDE, STEM_KERNEL, STEM_STRIDE);
    let shape = Shape {
        in_side: SIDE,
        out_side,
        outputs: STEM,
        kernel: STEM_KERNEL,
        stride: STEM_STRIDE,
        before,
        ..Shape::default()
    };
    // [output][colour][ky][kx] to [ky][kx][colour][output].
    let taps = weights.stem.weight.permute((2, 3, 1, 0))?;
    let ends = [photos, &input];
    let mut steps = vec![maker.by_pixel(&maker.stem, &shape, &taps, &weights.stem.bias, ends)?];
    let mut place = 0;
    for (i, ((block, side, out_side), weights)) in sided().zip(&weights.blocks).enumerate() {
        let mut wide = &input;
        if let Some(expand) = &weights.expand {
            steps.push(maker.pointwise(side, expand, RELU6, [&input, &input, &expanded])?);
            wide = &expanded;
        }
        let (before, _, _) = same(side, block.kernel, block.stride);
        let shape = Shape {
            in_side: side,
            out_side,
            outputs: block.inner(),
            kernel: block.kernel,
            stride: block.stride,
            before,
            ..Shape::default()
        };
        let conv = &weights.depthwise;
        let taps = conv.weight.permute((2, 3, 1, 0))?;
        let ends = [wide, &convolved];
        steps.push(maker.by_pixel(&maker.depthwise, &shape, &taps, &conv.bias, ends)?);
        let follows = if block.residual() { RESIDUAL } else { NOTHING };
        let buffers = [&convolved, &input, &output];
        steps.push(maker.pointwise(out_side, &weights.project, follows, buffers)?);
        if STAGES.contains(&i) {
            let shape = Shape {
                out_side,
                outputs: block.outputs,
                place,
                ..Shape::default()
            };
            // No weights: whatever is at hand.
            let buffers = [&output, &input, &input, &input, descriptors];
            let groups = [block.outputs / 4, 1];
            steps.push(maker.step(&maker.statistics, &shape, buffers, groups));
            place += 2 * block.outputs;
        }
        std::mem::swap(&mut input, &mut output);
    }
    Ok(steps)
}
