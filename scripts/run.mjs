import { spawn } from 'node:child_process'

/** Runs a command of the project's own node_modules, output passed through; rejects on a non-zero exit. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn('npx', ['--no-install', command, ...args], { stdio: 'inherit', ...options })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with code ${code}`))))
  })
}
