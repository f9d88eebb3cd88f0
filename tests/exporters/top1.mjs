// The first choice of an ONNX file for every image, by onnxruntime-node: node top1.mjs NODE_MODULES NET.onnx IMAGES N C H W
// IMAGES holds N * C * H * W float32 numbers; the choices are printed as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, net, file, ...numbers] = process.argv.slice(2);
const [count, channels, height, width] = numbers.map(Number);
const ort = createRequire(join(modules, "x.js"))("onnxruntime-node");

const bytes = readFileSync(file);
const pixels = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
const session = await ort.InferenceSession.create(net);
const one = channels * height * width;
const batch = 30; // the last one is smaller, so the file's batch must be free
const found = [];
for (let start = 0; start < count; start += batch) {
  const size = Math.min(batch, count - start);
  const images = new ort.Tensor("float32", pixels.slice(start * one, (start + size) * one), [size, channels, height, width]);
  const { logits } = await session.run({ images });
  const classes = logits.dims[1];
  for (let image = 0; image < size; image++) {
    const row = logits.data.slice(image * classes, (image + 1) * classes);
    found.push(row.indexOf(Math.max(...row)));
  }
}
console.log(JSON.stringify(found));
