// A display of its own with a mouse that moves as a real one does: through the X server, so that browsers merge the moves
// of each picture by themselves.
import { spawn, spawnSync } from 'node:child_process'
import { findBrowser } from '../scripts/browsers.mjs'
import { installPackages } from '../scripts/packages.mjs'

const SIZE = { width: 1024, height: 768 }

/** Opens one; `move` is given a point of the screen. Undefined where the programs for it cannot be had. */
export async function openDisplay() {
  const hasMouse = () => spawnSync('xdotool', { stdio: 'ignore' }).error === undefined
  if (!hasMouse()) installPackages(['xdotool'])
  const xvfb = findBrowser('xvfb')
  if (!xvfb || !hasMouse()) return undefined
  // the server chooses a free display and tells it on descriptor 3
  const screen = `${SIZE.width}x${SIZE.height}x24`
  const server = spawn(xvfb, ['-displayfd', '3', '-screen', '0', screen, '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const name = await new Promise((resolve, reject) => {
    server.stdio[3].once('data', (number) => resolve(`:${String(number).trim()}`))
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)))
  })
  const env = { ...process.env, DISPLAY: name }
  const mouse = spawn('xdotool', ['-'], { stdio: ['pipe', 'ignore', 'ignore'], env })
  // moves it has not come to when it is closed
  mouse.stdin.on('error', () => {})
  return {
    env,
    size: SIZE,
    // one after the other, or the server merges them
    move: ({ x, y }) => mouse.stdin.write(`mousemove ${x} ${y} sleep 0.0005\n`),
    close: () => {
      mouse.kill()
      server.kill()
    },
  }
}
