/**
 * By tag, not by class: a page may have no `WebAssembly`.
 *
 * @throws TypeError when it is neither undefined, bytes nor a module.
 */
export function checkWasm(wasm: unknown): void {
  if (wasm === undefined) return
  const tag = Object.prototype.toString.call(wasm)
  if (ArrayBuffer.isView(wasm) || tag === '[object ArrayBuffer]' || tag === '[object WebAssembly.Module]') return
  throw new TypeError(
    `"wasm" expected bytes or a WebAssembly.Module, got ${typeof wasm === 'object' ? tag : String(wasm)}`,
  )
}
