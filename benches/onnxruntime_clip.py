"""The image tower of ViT-B/16 over 297 tokens in ONNX Runtime, for comparison.

Builds class token, 196 patches and 100 prompts through 12 blocks as an ONNX
graph with random weights (the time does not depend on them) and times it on
the processor. Prompts are replaced before every block, as in GRMP-IQA. Run it
right before or after `cargo bench --bench clip_forward`, on an otherwise idle
machine:

    python3 -m pip install numpy onnx onnxruntime
    python3 benches/onnxruntime_clip.py [THREADS]
"""

import pathlib
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIDE, PATCH, WIDTH, LAYERS, HEADS, PROMPTS, EMBEDDING = 224, 16, 768, 12, 12, 100, 512
GRID = SIDE // PATCH
TOKENS = 1 + GRID * GRID


class Graph:
    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0
        self.random = np.random.default_rng(0)

    def constant(self, value):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, *shape):
        return self.constant((self.random.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32))

    def node(self, kind, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"n{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def ints(self, *values):
        return self.constant(np.array(values, dtype=np.int64))

    def linear(self, x, inputs, outputs):
        x = self.node("MatMul", x, self.weight(inputs, outputs))
        return self.node("Add", x, self.constant(np.zeros(outputs, dtype=np.float32)))

    def norm(self, x):
        ones, zeros = np.ones(WIDTH, dtype=np.float32), np.zeros(WIDTH, dtype=np.float32)
        return self.node("LayerNormalization", x, self.constant(ones), self.constant(zeros), axis=-1, epsilon=1e-5)

    def block(self, x):
        """The way that the network is usually written: all 297 tokens through everything."""
        qkv = self.linear(self.norm(x), WIDTH, 3 * WIDTH)
        qkv = self.node("Reshape", qkv, self.ints(0, 0, 3, HEADS, WIDTH // HEADS))
        qkv = self.node("Transpose", qkv, perm=[2, 0, 3, 1, 4])
        q, k, v = (self.node("Gather", qkv, self.constant(np.int64(i)), axis=0) for i in range(3))
        k = self.node("Transpose", k, perm=[0, 1, 3, 2])
        scores = self.node("MatMul", q, k)
        scores = self.node("Mul", scores, self.constant(np.float32((WIDTH // HEADS) ** -0.5)))
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), v)
        mixed = self.node("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = self.node("Reshape", mixed, self.ints(0, 0, WIDTH))
        x = self.node("Add", x, self.linear(mixed, WIDTH, WIDTH))
        inner = self.linear(self.norm(x), WIDTH, 4 * WIDTH)
        gate = self.node("Sigmoid", self.node("Mul", inner, self.constant(np.float32(1.702))))
        return self.node("Add", x, self.linear(self.node("Mul", inner, gate), 4 * WIDTH, WIDTH))


def build(batch):
    g = Graph()
    x = g.node("Conv", "pixels", g.weight(WIDTH, 3, PATCH, PATCH), strides=[PATCH] * 2, kernel_shape=[PATCH] * 2)
    x = g.node("Transpose", g.node("Reshape", x, g.ints(0, WIDTH, -1)), perm=[0, 2, 1])
    x = g.node("Concat", g.weight(batch, 1, WIDTH), x, axis=1)
    x = g.norm(g.node("Add", x, g.weight(TOKENS, WIDTH)))
    for layer in range(LAYERS):
        if layer:
            x = g.node("Slice", x, g.ints(0), g.ints(TOKENS), g.ints(1))
        x = g.block(g.node("Concat", x, g.weight(batch, PROMPTS, WIDTH), axis=1))
    x = g.norm(g.norm(g.node("Slice", x, g.ints(0), g.ints(1), g.ints(1))))
    g.nodes.append(helper.make_node("MatMul", [x, g.weight(WIDTH, EMBEDDING)], ["features"]))
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, [batch, 1, EMBEDDING])
    made = helper.make_graph(g.nodes, "clip", [pixels], [features], g.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    return model


def main():
    options = onnxruntime.SessionOptions()
    if len(sys.argv) > 1:
        options.intra_op_num_threads = int(sys.argv[1])
    for batch in (1, 4):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "clip.onnx"
            path.write_bytes(build(batch).SerializeToString())
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        pixels = np.random.default_rng(1).normal(size=(batch, 3, SIDE, SIDE)).astype(np.float32)
        session.run(None, {"pixels": pixels})
        times = []
        for _ in range(max(5, 12 // batch)):
            start = time.perf_counter()
            session.run(None, {"pixels": pixels})
            times.append((time.perf_counter() - start) / batch * 1e3)
        print(f"ONNX Runtime {onnxruntime.__version__}, batch {batch}: {np.median(times):.0f} ms per photo")


if __name__ == "__main__":
    main()
