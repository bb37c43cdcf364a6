/** Lets `await using` end objects of a class, where the engine has it: WebKit has no `Symbol.asyncDispose` yet. */
export function disposeAsyncBy<Class extends { prototype: object }>(
  { prototype }: Class,
  end: (object: Class['prototype']) => Promise<unknown>,
): void {
  if (!Symbol.asyncDispose) return
  Object.defineProperty(prototype, Symbol.asyncDispose, {
    async value(this: Class['prototype']) {
      await end(this)
    },
  })
}
