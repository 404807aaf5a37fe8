// The compact network's layers. Maps are [photo][y][x][channel], channels in vectors of
// four; a layer's third dimension of work is the photo.

struct Shape {
    // Side of the map that goes in and comes out, in pixels.
    in_side: u32,
    out_side: u32,
    // Channels that go in and come out, in fours.
    in_groups: u32,
    out_groups: u32,
    // Side of the kernel, its stride, and padding pixels before the map.
    kernel: u32,
    stride: u32,
    before: u32,
    // Where a stage's statistics go in the descriptor, and its length.
    place: u32,
    length: u32,
    // What follows a 1x1 convolution: 0 nothing, 1 ReLU6, 2 adding the residual.
    follows: u32,
    unused_0: u32,
    unused_1: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> source: array<vec4<f32>>;
// The photos as bytes, red, green and blue, four of them in a word.
@group(0) @binding(1) var<storage, read> bytes: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> residual: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> result: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> descriptor: array<f32>;

fn relu6(value: vec4<f32>) -> vec4<f32> {
    return clamp(value, vec4<f32>(0.0), vec4<f32>(6.0));
}

fn colour(index: u32) -> f32 {
    let byte = (bytes[index / 4u] >> (8u * (index % 4u))) & 255u;
    return (f32(byte) - 127.0) / 128.0;
}

// One invocation: four channels of one pixel. Weights are [ky][kx][colour][channel].
@compute @workgroup_size(64)
fn stem(@builtin(global_invocation_id) id: vec3<u32>) {
    let group = id.x % shape.out_groups;
    let x = id.x / shape.out_groups;
    if (x >= shape.out_side) {
        return;
    }
    var sum = bias[group];
    for (var ky = 0u; ky < shape.kernel; ky++) {
        let row = id.y * shape.stride + ky;
        for (var kx = 0u; kx < shape.kernel; kx++) {
            let column = x * shape.stride + kx;
            // `before` is 0 for this side and stride.
            if (row < shape.in_side && column < shape.in_side) {
                let pixel = 3u * ((id.z * shape.in_side + row) * shape.in_side + column);
                let tap = 3u * (ky * shape.kernel + kx);
                for (var c = 0u; c < 3u; c++) {
                    sum += colour(pixel + c) * weights[(tap + c) * shape.out_groups + group];
                }
            }
        }
    }
    let at = ((id.z * shape.out_side + id.y) * shape.out_side + x) * shape.out_groups + group;
    result[at] = relu6(sum);
}

// One invocation: four channels of one pixel. Weights are [ky][kx][channel].
@compute @workgroup_size(64)
fn depthwise(@builtin(global_invocation_id) id: vec3<u32>) {
    let group = id.x % shape.out_groups;
    let x = id.x / shape.out_groups;
    if (x >= shape.out_side) {
        return;
    }
    let side = i32(shape.in_side);
    let top = i32(id.y * shape.stride) - i32(shape.before);
    let left = i32(x * shape.stride) - i32(shape.before);
    var sum = bias[group];
    for (var ky = 0u; ky < shape.kernel; ky++) {
        let row = top + i32(ky);
        if (row < 0 || row >= side) {
            continue;
        }
        for (var kx = 0u; kx < shape.kernel; kx++) {
            let column = left + i32(kx);
            if (column < 0 || column >= side) {
                continue;
            }
            let pixel = (id.z * shape.in_side + u32(row)) * shape.in_side + u32(column);
            let tap = ky * shape.kernel + kx;
            let value = source[pixel * shape.out_groups + group];
            sum = fma(value, weights[tap * shape.out_groups + group], sum);
        }
    }
    let at = ((id.z * shape.out_side + id.y) * shape.out_side + x) * shape.out_groups + group;
    result[at] = relu6(sum);
}

fn follow(value: vec4<f32>, at: u32) {
    switch shape.follows {
        case 1u: {
            result[at] = relu6(value);
        }
        case 2u: {
            result[at] = value + residual[at];
        }
        default: {
            result[at] = value;
        }
    }
}

// One invocation: four channels of four pixels, so that what is read serves four times.
// Weights are [input][output].
@compute @workgroup_size(8, 8)
fn pointwise(@builtin(global_invocation_id) id: vec3<u32>) {
    let pixels = shape.out_side * shape.out_side;
    let first = 4u * id.y;
    if (id.x >= shape.out_groups || first >= pixels) {
        return;
    }
    let last = pixels - 1u;
    let base = id.z * pixels;
    let from_0 = (base + first) * shape.in_groups;
    let from_1 = (base + min(first + 1u, last)) * shape.in_groups;
    let from_2 = (base + min(first + 2u, last)) * shape.in_groups;
    let from_3 = (base + min(first + 3u, last)) * shape.in_groups;
    var sum_0 = bias[id.x];
    var sum_1 = sum_0;
    var sum_2 = sum_0;
    var sum_3 = sum_0;
    for (var group = 0u; group < shape.in_groups; group++) {
        let at = 4u * group * shape.out_groups + id.x;
        // Four inputs' weights for four outputs.
        let matrix = mat4x4<f32>(
            weights[at],
            weights[at + shape.out_groups],
            weights[at + 2u * shape.out_groups],
            weights[at + 3u * shape.out_groups],
        );
        sum_0 += matrix * source[from_0 + group];
        sum_1 += matrix * source[from_1 + group];
        sum_2 += matrix * source[from_2 + group];
        sum_3 += matrix * source[from_3 + group];
    }
    let to = (base + first) * shape.out_groups + id.x;
    follow(sum_0, to);
    if (first + 1u < pixels) {
        follow(sum_1, to + shape.out_groups);
    }
    if (first + 2u < pixels) {
        follow(sum_2, to + 2u * shape.out_groups);
    }
    if (first + 3u < pixels) {
        follow(sum_3, to + 3u * shape.out_groups);
    }
}

const THREADS: u32 = 256u;
var<workgroup> parts: array<vec4<f32>, THREADS>;

// The sum of what all invocations of a workgroup have.
fn total(at: u32, value: vec4<f32>) -> vec4<f32> {
    workgroupBarrier();
    parts[at] = value;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if (at < half) {
            parts[at] += parts[at + half];
        }
        workgroupBarrier();
    }
    return parts[0];
}

// One workgroup: means and standard deviations of four channels of one photo. The
// deviations are taken from the mean, as squares alone would cancel.
@compute @workgroup_size(THREADS)
fn statistics(
    @builtin(workgroup_id) which: vec3<u32>,
    @builtin(local_invocation_index) at: u32,
) {
    let pixels = shape.out_side * shape.out_side;
    let base = which.z * pixels * shape.out_groups + which.x;
    var sum = vec4<f32>(0.0);
    for (var pixel = at; pixel < pixels; pixel += THREADS) {
        sum += source[base + pixel * shape.out_groups];
    }
    let mean = total(at, sum) / f32(pixels);
    var squares = vec4<f32>(0.0);
    for (var pixel = at; pixel < pixels; pixel += THREADS) {
        let away = source[base + pixel * shape.out_groups] - mean;
        squares += away * away;
    }
    let deviation = sqrt(total(at, squares) / f32(pixels));
    if (at < 4u) {
        let to = which.z * shape.length + shape.place + 4u * which.x + at;
        descriptor[to] = mean[at];
        descriptor[to + 4u * shape.out_groups] = deviation[at];
    }
}
