import { spawn } from 'node:child_process'

/** Runs one of the project's own tools, output passed through; rejects when it fails. */
export function runTool(name, args = []) {
  return run('npx', ['--no-install', name, ...args])
}

/** Runs a script with this Node. */
export function runNode(script, args = []) {
  return run(process.execPath, [script, ...args])
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${args.join(' ')} ended with code ${code}`)),
    )
  })
}
