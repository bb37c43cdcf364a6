// Long runs in several processes: a module of test/ as one file, parts of the work forked, their progress summed up.
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'

/** A part that says nothing for so long is caught in a loop. */
const SILENCE_MAX_MS = 20_000
const TOLD_EVERY_MS = 2000

/** Bundles a module for Node, calls `run` with the file, and takes it away again. */
export async function withBundle(input, plugins, run) {
  const folder = await mkdtemp(join(tmpdir(), 'kymograph-parts-'))
  try {
    await build({
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      plugins,
      ssr: { noExternal: true },
      build: {
        ssr: true,
        outDir: folder,
        emptyOutDir: false,
        minify: false,
        target: 'node20',
        rollupOptions: {
          input: { part: input },
          output: { format: 'es', entryFileNames: '[name].mjs', codeSplitting: false },
        },
      },
    })
    return await run(join(folder, 'part.mjs'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Forks the file once for each list of arguments; each part sends its progress. Returns the last progress of each, and
 * whether all ended with code 0. `tell` is called now and then, `silent` for a part that has to be ended.
 */
export async function runParts(file, argumentLists, tell, silent) {
  const progress = argumentLists.map(() => undefined)
  let toldMs = 0
  const codes = await Promise.all(
    argumentLists.map((args, part) =>
      runPart(
        file,
        args,
        (now) => {
          progress[part] = now
          if (Date.now() - toldMs < TOLD_EVERY_MS) return
          toldMs = Date.now()
          tell(progress)
        },
        () => silent(progress[part], args),
      ),
    ),
  )
  return { progress, isFine: codes.every((code) => code === 0) }
}

function runPart(file, args, report, silent) {
  return new Promise((settle) => {
    const child = fork(file, args.map(String), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let timer
    const watch = () => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        silent()
        child.kill('SIGKILL')
      }, SILENCE_MAX_MS)
    }
    watch()
    child.on('message', (progress) => {
      watch()
      report(progress)
    })
    child.on('exit', (code) => {
      clearTimeout(timer)
      settle(code)
    })
  })
}
