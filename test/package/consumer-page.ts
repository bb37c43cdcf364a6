import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.js'
import type { Outcome } from './consumer-app.js'

/** What a page of a consumer did. */
export interface Visit {
  outcome: Outcome
  /** Paths the page and its workers have asked for, without the page itself. */
  paths: string[]
  errors: string[]
  /** The value of the expression that was asked for. */
  inspected: unknown
}

interface VisitOptions {
  prepare?: (page: Page) => Promise<unknown>
  /** Evaluated once the outcome is there. */
  inspect?: string
}

/** A browser that opens pages of consumers and waits for their outcome. */
export class Visitor {
  readonly #browser: Browser

  private constructor(browser: Browser) {
    this.#browser = browser
  }

  static async launch(): Promise<Visitor> {
    return new Visitor(await launchChromium())
  }

  async visit(url: string, { prepare, inspect = 'undefined' }: VisitOptions = {}): Promise<Visit> {
    const page = await this.#browser.newPage()
    try {
      const errors: string[] = []
      const paths: string[] = []
      page.on('pageerror', (error) => errors.push(String(error)))
      // the context sees the requests of workers too
      page.context().on('request', (request) => paths.push(new URL(request.url()).pathname))
      await prepare?.(page)
      await page.goto(url)
      await page.waitForFunction('globalThis.outcome', undefined, { timeout: 20_000 }).catch((error) => {
        throw new Error(`${url} has no outcome: ${errors.join('; ') || error}`)
      })
      const outcome = (await page.evaluate('globalThis.outcome')) as Outcome
      return { outcome, paths: paths.slice(1), errors, inspected: await page.evaluate(inspect) }
    } finally {
      await page.close()
    }
  }

  async close(): Promise<void> {
    await this.#browser.close()
  }
}
