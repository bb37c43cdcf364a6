/** A call of the application, and what came of it. */
export interface Call<T = unknown> {
  name: string
  result: { ok: true; value: T } | { ok: false; error: Error } | undefined
}

/** All calls the application has made. */
export class Calls {
  readonly all: Call[] = []

  track<T>(name: string, promise: Promise<T>): Call<T> {
    const call: Call<T> = { name, result: undefined }
    this.all.push(call)
    promise.then(
      (value) => {
        call.result = { ok: true, value }
      },
      (error: Error) => {
        call.result = { ok: false, error }
      },
    )
    return call
  }

  get pending(): Call[] {
    return this.all.filter(({ result }) => result === undefined)
  }
}
