import { type Browser, chromium } from 'playwright-core'
import { findBrowser } from '../../scripts/browsers.mjs'

/** Path of Debian's Chromium; undefined when it is missing, which fails in CI and skips elsewhere. */
export const chromiumPath: string | undefined = findBrowser('chromium')

/** Whether browser tests run: in CI a missing browser must fail them, not skip them. */
export const runsBrowserTests: boolean = chromiumPath !== undefined || process.env.CI !== undefined

export async function launchChromium(args: string[] = []): Promise<Browser> {
  if (!chromiumPath) throw new Error('chromium is missing: run "node scripts/browsers.mjs"')
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  })
}
