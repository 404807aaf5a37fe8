"""The compact backbone's descriptor in ONNX Runtime, for comparison.

Builds the network from models/keepers-compact.safetensors as an ONNX graph and
times it on the processor. Run it right before or after
`cargo bench --bench descriptor`, on an otherwise idle machine:

    python3 -m pip install numpy safetensors onnx onnxruntime
    python3 benches/onnxruntime_descriptor.py [THREADS]
"""

import pathlib
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

SIDE = 480
STAGES = (0, 3, 6, 14, 20)
GROUPS = ((1, 3, 1, 16), (3, 3, 2, 24), (3, 5, 2, 48), (4, 3, 2, 88), (4, 5, 1, 120), (5, 5, 2, 208), (1, 3, 1, 352))


def graph(tensors):
    nodes, constants = [], []

    def constant(name, value):
        constants.append(numpy_helper.from_array(value, name))
        return name

    def convolve(x, name, stride=1, groups=1, relu6=True, side=None):
        weight = tensors[f"{name}.weight"].astype(np.float32)
        kernel = weight.shape[2]
        out = -(-side // stride)
        total = max((out - 1) * stride + kernel - side, 0)
        pads = [total // 2] * 2 + [total - total // 2] * 2
        w = constant(f"{name}.w", weight)
        b = constant(f"{name}.b", tensors[f"{name}.bias"].astype(np.float32))
        attributes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": pads, "group": groups}
        nodes.append(helper.make_node("Conv", [x, w, b], [name], **attributes))
        if not relu6:
            return name, out
        nodes.append(helper.make_node("Clip", [name, "zero", "six"], [f"{name}.relu6"]))
        return f"{name}.relu6", out

    constant("zero", np.float32(0))
    constant("six", np.float32(6))
    x, side = convolve("photo", "backbone.stem", stride=2, side=SIDE)
    inputs, index, stages = 32, 0, []
    for repeats, kernel, first_stride, outputs in GROUPS:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            name, skip, y = f"backbone.blocks.{index}", x, x
            inner = tensors[f"{name}.depthwise.weight"].shape[0]
            if inner != inputs:
                y, _ = convolve(y, f"{name}.expand", side=side)
            y, side = convolve(y, f"{name}.depthwise", stride=stride, groups=inner, side=side)
            y, _ = convolve(y, f"{name}.project", relu6=False, side=side)
            if stride == 1 and inputs == outputs:
                nodes.append(helper.make_node("Add", [y, skip], [f"{name}.sum"]))
                y = f"{name}.sum"
            if index in STAGES:
                mean, centred, square, variance = (f"{name}.{part}" for part in ("m", "c", "q", "v"))
                nodes.append(helper.make_node("GlobalAveragePool", [y], [mean]))
                nodes.append(helper.make_node("Sub", [y, mean], [centred]))
                nodes.append(helper.make_node("Mul", [centred, centred], [square]))
                nodes.append(helper.make_node("GlobalAveragePool", [square], [variance]))
                nodes.append(helper.make_node("Sqrt", [variance], [f"{name}.d"]))
                stages += [mean, f"{name}.d"]
            x, inputs, index = y, outputs, index + 1
    nodes.append(helper.make_node("Concat", stages, ["descriptor"], axis=1))
    photo = helper.make_tensor_value_info("photo", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])
    descriptor = helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, ["batch", 1120, 1, 1])
    made = helper.make_graph(nodes, "descriptor", [photo], [descriptor], constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    return model.SerializeToString()


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    options = onnxruntime.SessionOptions()
    if len(sys.argv) > 1:
        options.intra_op_num_threads = int(sys.argv[1])
    model = graph(load_file(root / "models" / "keepers-compact.safetensors"))
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    for batch in (1, 8):
        photos = np.random.default_rng(0).normal(size=(batch, 3, SIDE, SIDE)).astype(np.float32)
        session.run(None, {"photo": photos})
        times = []
        for _ in range(max(3, 24 // batch)):
            start = time.perf_counter()
            session.run(None, {"photo": photos})
            times.append((time.perf_counter() - start) / batch * 1e3)
        print(f"ONNX Runtime {onnxruntime.__version__}, batch {batch}: {np.median(times):.1f} ms per photo")


if __name__ == "__main__":
    main()
