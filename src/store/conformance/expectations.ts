/** @throws Error that shows both sides when they differ; dates, undefined fields and order of keys are no difference. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [canonical(actual), canonical(expected)]
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`)
}

/** @throws Error unless the promise is rejected with an error of this `code`. */
export async function expectRejection(what: string, promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    () => 'no rejection',
    (error: { code?: unknown }) => String(error?.code ?? error),
  )
  expectEqual(what, outcome, code)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Uint8Array) return [...item]
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    const given = Object.entries(item).filter(([, field]) => field !== undefined)
    return given.sort(([a], [b]) => (a < b ? -1 : 1))
  })
}
