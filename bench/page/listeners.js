// The least a page can do to record pointer and motion: listeners that keep what they hear, and nothing else.
const KEPT = 4096
const events = []
const readings = new Float64Array(4 * KEPT)
let count = 0

export function listen() {
  addEventListener('pointermove', (event) => {
    if (event.target === document) return
    events.push(event)
    if (events.length === KEPT) events.length = 0
  })
  for (const Sensor of [Accelerometer, LinearAccelerationSensor, Gyroscope]) {
    const sensor = new Sensor({ frequency: 60 })
    sensor.addEventListener('reading', () => {
      const at = 4 * (count++ % KEPT)
      readings[at] = sensor.timestamp
      readings[at + 1] = sensor.x
      readings[at + 2] = sensor.y
      readings[at + 3] = sensor.z
    })
    sensor.start()
  }
}
