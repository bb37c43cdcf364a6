// A login that is recorded: consent, permissions, sources, labels, a journey over tabs and reloads.
// Serve the project's folder after `npm run build`, for example with `python3 -m http.server`, and open /examples/page/.
import { createRecorder } from 'kymograph'
import {
  clicks,
  focus,
  formSubmit,
  keyboard,
  lifecycle,
  motion,
  pointer,
  requestPermissions,
  textInput,
} from 'kymograph/sources'

const at = (id) => document.getElementById(id)
const show = (id, text) => {
  at(id).textContent = text
}

const recorder = await createRecorder({ consent: 'required' })
const sources = [
  pointer({ describeTarget: (element) => element.id || element.getAttribute('name') || undefined }),
  motion({ rateHz: 50, optional: true }),
  keyboard(),
  textInput(),
  focus(),
  clicks(),
  formSubmit(),
  lifecycle(),
]
const heard = new Map()
let session

async function begin() {
  session = await recorder.createSession({
    duration: 5 * 60_000,
    labels: ['login'],
    journey: 'auto',
    whenHidden: 'pause',
    metadata: { page: 'example' },
    sources,
  })
  session.addEventListener('statechange', ({ detail }) => show('state', detail.state))
  session.addEventListener('availability', ({ detail }) => {
    heard.set(detail.source, detail.state)
    show('sources', [...heard].map(([source, state]) => `${source}: ${state}`).join(', '))
  })
  show('state', session.state)
  globalThis.session = session
}

at('agree').addEventListener('click', async () => {
  // iOS asks for motion, and only in a click
  await requestPermissions(sources)
  at('agree').disabled = true
  at('withdraw').disabled = false
  await recorder.grantConsent()
  if (session.state === 'stopped') await begin()
  show('journey', session.journeyId)
})

at('withdraw').addEventListener('click', async () => {
  at('agree').disabled = false
  at('withdraw').disabled = true
  const [summary] = await recorder.withdrawConsent()
  if (summary) await report(summary)
})

at('forget').addEventListener('click', async () => {
  for await (const { id } of recorder.sessions.find()) await recorder.forget(id)
  await list()
})

at('login').addEventListener('submit', async (event) => {
  event.preventDefault()
  if (session.state !== 'recording') return
  session.mark('submitted')
  session.addLabels(['submitted'])
  await report(await session.stop())
  // the next attempt is a session of its own, in the same journey
  await begin()
  show('journey', session.journeyId ?? '')
})

async function report(summary) {
  const rows = Object.entries(summary.streams).map(([name, { received, ingested, lost }]) => {
    const row = document.createElement('tr')
    const cells = [name, received, ingested, Object.entries(lost).map(([reason, frames]) => `${frames} ${reason}`)]
    row.append(
      ...cells.map((text) => {
        const cell = document.createElement('td')
        cell.textContent = String(text)
        return cell
      }),
    )
    return row
  })
  at('streams').replaceChildren(...rows)
  await list()
}

async function list() {
  const items = []
  for await (const { startedAt, labels, state, bytes } of recorder.sessions.find({ limit: 20 })) {
    const item = document.createElement('li')
    item.textContent = `${startedAt.toLocaleTimeString()} ${labels.join(', ')}: ${state}, ${bytes} bytes`
    items.push(item)
  }
  at('sessions').replaceChildren(...items)
  at('forget').disabled = items.length === 0
}

await begin()
await list()
