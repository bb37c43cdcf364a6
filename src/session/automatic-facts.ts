import { LIBRARY_VERSION } from './version.js'

/** Facts a session carries unless `autoMetadata: false`: library, user agent, screen, locale. */
export function automaticFacts(): [key: string, value: string][] {
  const facts: [string, string][] = [['library', `kymograph/${LIBRARY_VERSION}`]]
  if (typeof navigator !== 'undefined' && navigator.userAgent) facts.push(['userAgent', navigator.userAgent])
  else if (typeof process !== 'undefined') facts.push(['userAgent', `Node.js/${process.versions.node}`])
  if (typeof screen !== 'undefined') {
    facts.push(['screen', `${screen.width}x${screen.height}@${globalThis.devicePixelRatio ?? 1}`])
  }
  facts.push(['locale', Intl.DateTimeFormat().resolvedOptions().locale])
  return facts
}
