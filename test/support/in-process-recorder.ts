import { Recorder } from '../../src/session/index.js'
import { MemoryStore } from '../../src/store/memory-store.js'
import type { SessionStore } from '../../src/store/port.js'
import { RecorderHost, serveRecorder } from '../../src/worker/recorder-host.js'

/** A recorder whose engine runs in this very realm, from source, so that tests can reach into it. */
export async function createInProcessRecorder(store: SessionStore = new MemoryStore()): Promise<Recorder> {
  const serveInThread = async (port: MessagePort) => serveRecorder(new RecorderHost(async () => store), port)
  return Recorder.open(
    { open: { store: { kind: 'memory' }, kernels: 'auto' }, source: undefined, serveInThread },
    'batch',
  )
}
