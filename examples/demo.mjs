// The main job, end to end: records the example recordings through the worker into ./recordings, looks them up, reads
// one back and compares every value.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const recording = (name) => fileURLToPath(new URL(`./recordings/${name}`, import.meta.url))
const store = './recordings'
const journey = `demo-${new Date().toISOString().slice(0, 19)}`

function kymograph(...args) {
  console.log(`\n$ kymograph ${args.map((arg) => arg.replace(`${process.cwd()}/`, '')).join(' ')}`)
  execFileSync(process.execPath, [cli, ...args], { stdio: 'inherit' })
}

kymograph('record', recording('gaze_200hz.csv'), '--store', store, '--label', 'login', '--journey', journey)
kymograph(
  'record',
  recording('walk_accel_100hz.csv.gz'),
  '--store',
  store,
  '--label',
  'checkout',
  '--label',
  'walking',
  '--journey',
  journey,
)
kymograph(
  'record',
  recording('phone_6axis_100hz.csv'),
  '--store',
  store,
  '--label',
  'lab-trial',
  '--metadata',
  'subject=s06',
)
kymograph('ls', '--store', store, '--label', 'login', '--limit', '3')
kymograph('ls', '--store', store, '--journey', journey)
kymograph('journeys', '--store', store)

await import('./read-back.mjs').then(({ readBack }) => readBack(store, journey, recording('gaze_200hz.csv')))
