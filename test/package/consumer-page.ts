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

const OUTCOME_MAX_MS = 20_000
/** The outcome of the page, null when it does not come. */
const OUTCOME = `new Promise((resolve) => {
  const look = () => (globalThis.outcome ? resolve(globalThis.outcome) : setTimeout(look, 20))
  look()
  setTimeout(resolve, ${OUTCOME_MAX_MS}, null)
})`

/** By the protocol itself: what Playwright evaluates is subject to the page's policy. */
async function evaluate(page: Page, expression: string): Promise<unknown> {
  const protocol = await page.context().newCDPSession(page)
  const { result, exceptionDetails } = await protocol.send('Runtime.evaluate', {
    expression,
    awaitPromise: true,
    returnByValue: true,
  })
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  return result.value
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
      const outcome = (await evaluate(page, OUTCOME)) as Outcome | null
      if (!outcome) throw new Error(`${url} has no outcome: ${errors.join('; ')}`)
      return { outcome, paths: paths.slice(1), errors, inspected: await evaluate(page, inspect) }
    } finally {
      await page.close()
    }
  }

  async close(): Promise<void> {
    await this.#browser.close()
  }
}
