import { KymographError } from '../errors.js'

/** Libraries that write formats: optional peer dependencies, loaded when a format asks for them. */
interface Peers {
  'hyparquet-writer': typeof import('hyparquet-writer')
  'apache-arrow': typeof import('apache-arrow')
  '@mcap/core': typeof import('@mcap/core')
}

const LOADS: { [Name in keyof Peers]: () => Promise<Peers[Name]> } = {
  'hyparquet-writer': () => import('hyparquet-writer'),
  'apache-arrow': () => import('apache-arrow'),
  '@mcap/core': () => import('@mcap/core'),
}

/** @throws KymographError `peer-missing` when the library is not installed. */
export async function loadPeer<Name extends keyof Peers>(name: Name, format: string): Promise<Peers[Name]> {
  try {
    return await LOADS[name]()
  } catch (cause) {
    const message = `${format} is written by the package ${name}, which could not be loaded; install it beside kymograph: npm install ${name}`
    throw new KymographError('peer-missing', message, { cause })
  }
}
