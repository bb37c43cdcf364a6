// The nodes of a segment: frames in the order of time that values in between are found from.

import { RESAMPLER_NODES } from './layout'

//  at ──► ┌──────────────────────────────┐
//         │ Nodes                        │
//         │ timestamps i64               │ × RESAMPLER_NODES
//         │ values f64 × stride          │ × RESAMPLER_NODES
//         └──────────────────────────────┘
@unmanaged
export class Nodes {
  count: i32
  /** Channels, rounded up to a whole vector. */
  stride: i32
  timesPtr: usize
  valuesPtr: usize
}

function strideOf(channels: i32): i32 {
  return (channels + 1) & ~1
}

export function nodesBytes(channels: i32): usize {
  return offsetof<Nodes>() + (RESAMPLER_NODES as usize) * (((strideOf(channels) as usize) + 1) << 3)
}

export function nodesAt(ptr: usize): Nodes {
  return changetype<Nodes>(ptr)
}

export function nodesInit(nodes: Nodes, channels: i32): void {
  nodes.count = 0
  nodes.stride = strideOf(channels)
  nodes.timesPtr = changetype<usize>(nodes) + offsetof<Nodes>()
  nodes.valuesPtr = nodes.timesPtr + (RESAMPLER_NODES << 3)
}

export function nodeTime(nodes: Nodes, node: i32): i64 {
  return load<i64>(nodes.timesPtr + ((node as usize) << 3))
}

export function nodeValues(nodes: Nodes, node: i32): usize {
  return nodes.valuesPtr + (((node * nodes.stride) as usize) << 3)
}

/** Nanoseconds from one node to another. */
export function spanNs(nodes: Nodes, from: i32, to: i32): f64 {
  return (nodeTime(nodes, to) - nodeTime(nodes, from)) as f64
}

/** Lets go of the nodes before `first`. */
export function dropNodes(nodes: Nodes, first: i32): void {
  const count = nodes.count - first
  memory.copy(nodes.timesPtr, nodes.timesPtr + ((first as usize) << 3), count << 3)
  memory.copy(nodes.valuesPtr, nodeValues(nodes, first), (count * nodes.stride) << 3)
  nodes.count = count
}
