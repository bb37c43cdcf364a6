import { KymographError } from '../errors.js'

/** Libraries that write formats: optional peer dependencies, loaded when a format asks for them. */
const LOADS = {
  'hyparquet-writer': () => import('hyparquet-writer'),
  'apache-arrow': () => import('apache-arrow'),
  '@mcap/core': () => import('@mcap/core'),
}

type Peers = { [Name in keyof typeof LOADS]: Awaited<ReturnType<(typeof LOADS)[Name]>> }

/** @throws KymographError `peer-missing` when the library is not installed. */
export async function loadPeer<Name extends keyof Peers>(name: Name, format: string): Promise<Peers[Name]> {
  try {
    return (await LOADS[name]()) as Peers[Name]
  } catch (cause) {
    const message = `${format} is written by the package ${name}, which could not be loaded; install it beside kymograph: npm install ${name}`
    throw new KymographError('peer-missing', message, { cause })
  }
}
