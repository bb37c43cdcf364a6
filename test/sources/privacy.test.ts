import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chromiumPath, launchChromium, runsBrowserTests } from '../support/chromium.js'
import { ISOLATED } from '../support/engine-pages.js'
import {
  finish,
  framesIn,
  marksIn,
  openSourcePage,
  type Recorded,
  recordedOf,
  serveSourcePage,
  unaccounted,
} from '../support/source-page.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

/** Every kind of field a text can be typed into. */
const FIELDS = `
<form id="form" action="/sources.html">
  <input id="text" name="nickname">
  <input id="search" type="search"> <input id="email" type="email"> <input id="tel" type="tel"> <input id="url" type="url">
  <textarea id="area"></textarea>
  <div id="editable" contenteditable style="min-height:20px"></div>
  <input id="password" type="password"> <input id="new-password" autocomplete="new-password">
  <input id="code" autocomplete="one-time-code"> <input id="card" autocomplete="section-a billing cc-number">
  <input id="pin" name="login_pin"> <input id="masked" style="-webkit-text-security: disc">
  <div data-kymograph-block><input id="blocked"> <button id="key" type="button">7</button></div>
  <input id="shown" type="password">
  <x-open id="open"></x-open>
  <x-closed id="closed"></x-closed>
  <button id="plain" type="button">plain</button>
</form>
<script>
  const define = (name, mode) => customElements.define(name, class extends HTMLElement {
    constructor() { super(); this.attachShadow({ mode }).innerHTML = '<input id=inner type=password>' }
  })
  define('x-open', 'open')
  define('x-closed', 'closed')
</script>`
const PLAIN = ['text', 'search', 'email', 'tel', 'url', 'area', 'editable']
const SENSITIVE = ['password', 'new-password', 'code', 'card', 'pin', 'masked', 'blocked']
const CANARY = 'Kanarienvogel4711'

const ALL = `[sources.pointer(), sources.wheel(), sources.scroll(), sources.keyboard(), sources.textInput(), sources.focus(),
  sources.clicks(), sources.formSubmit(), sources.contextMenu(), sources.viewport(), sources.lifecycle(), sources.frameRate(),
  sources.battery({ optional: true }), sources.permissions()]`

describe.skipIf(!runsBrowserTests)('what a page keeps to itself in Chromium', () => {
  let browser: Browser
  let server: StaticServer
  let page: Page

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  beforeEach(async () => {
    page = await browser.newPage()
    await openSourcePage(page, serveSourcePage(server, FIELDS))
  }, 30_000)

  const type = async (id: string, text: string) => {
    await page.click(`#${id}`)
    await page.keyboard.type(text)
  }
  /** What is recorded by now. */
  const partOf = async () => {
    await page.evaluate('session.flush()')
    return recordedOf({ chunks: await page.evaluate('read(session.id)') })
  }
  /** Every way a text can be written in bytes. */
  const occursIn = (bytes: Buffer, text: string) =>
    (['utf8', 'utf16le', 'base64', 'hex'] as const).filter((encoding) =>
      bytes.includes(
        encoding === 'utf8' || encoding === 'utf16le'
          ? Buffer.from(text, encoding)
          : Buffer.from(text).toString(encoding),
      ),
    )

  it('records when and how a text is typed', async () => {
    await page.evaluate(
      `begin({ sources: [sources.keyboard(), sources.textInput(), sources.focus(), sources.clicks()] })`,
    )
    await type('text', 'ab 1!')
    await page.keyboard.press('Backspace')
    await page.keyboard.press('Shift')
    await page.evaluate(`navigator.clipboard?.writeText?.('').catch(() => {})`)
    const recorded = await finish(page)
    const keys = framesIn(recorded, 'keyboard')
    expect(keys.filter(({ phase }) => phase === 'down').map((frame) => frame.class)).toEqual([
      'letter',
      'letter',
      'space',
      'digit',
      'symbol',
      'backspace',
      'modifier',
    ])
    expect(keys.filter(({ phase }) => phase === 'up')).toHaveLength(7)
    expect(
      framesIn(recorded, 'textInput').map(({ change, inserted, deleted, length, field }) => [
        change,
        inserted,
        deleted,
        length,
        field,
      ]),
    ).toEqual([
      ['insert', 1, 0, 1, 'text'],
      ['insert', 1, 0, 2, 'text'],
      ['insert', 1, 0, 3, 'text'],
      ['insert', 1, 0, 4, 'text'],
      ['insert', 1, 0, 5, 'text'],
      ['delete', 0, 1, 4, 'text'],
    ])
    expect(framesIn(recorded, 'clicks')).toMatchObject([{ field: 'text', button: 0, row: 1 }])
    expect(framesIn(recorded, 'focus')).toMatchObject([{ change: 'in', field: 'text' }])
    expect(unaccounted(recorded)).toEqual({})
  }, 30_000)

  it('tells what came and went in a text that the application has changed meanwhile, composed or pasted', async () => {
    const devTools = await page.context().newCDPSession(page)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.evaluate(`begin({ sources: [sources.textInput()] })`)
    await type('text', 'message')
    // as a chat does when it has sent
    await page.evaluate(`document.querySelector('#text').value = ''`)
    await page.keyboard.type('a')
    await page.evaluate(`navigator.clipboard.writeText('pasted')`)
    await page.keyboard.press('Control+A')
    await page.keyboard.press('Control+V')
    await page.focus('#area')
    await devTools.send('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 })
    await devTools.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 })
    await devTools.send('Input.insertText', { text: '日本' })
    await page.focus('#editable')
    await page.keyboard.type('z')
    const frames = framesIn(await finish(page), 'textInput').slice(7)
    expect(frames.map(({ change, inserted, deleted, length }) => [change, inserted, deleted, length])).toEqual([
      ['insert', 1, 0, 1],
      ['paste', 6, 1, 6],
      ['composition', 1, 0, 1],
      ['composition', 3, 1, 3],
      ['composition', 2, 3, 2],
      ['insert', 1, undefined, undefined],
    ])
  }, 30_000)

  it('tells what was dropped and what the browser has filled in, by length', async () => {
    const form = ['name', 'street-address', 'postal-code', 'email'].map(
      (kind) => `<input autocomplete="${kind}" id="${kind}">`,
    )
    await openSourcePage(page, serveSourcePage(server, `<form>${form.join('')}</form>`, { path: '/form.html' }))
    const devTools = await page.context().newCDPSession(page)
    await page.evaluate(`begin({ sources: [sources.textInput()] })`)
    const { x, y } = (await page.locator('#email').boundingBox())!
    const data = { items: [{ mimeType: 'text/plain', data: 'dropped' }], dragOperationsMask: 1 }
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await devTools.send('Input.dispatchDragEvent', { type, x: x + 5, y: y + 5, data })
    }
    await page.fill('#email', '')
    await devTools.send('DOM.enable')
    await devTools.send('Autofill.enable')
    const { root } = await devTools.send('DOM.getDocument')
    const { nodeId } = await devTools.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#name' })
    const { backendNodeId } = (await devTools.send('DOM.describeNode', { nodeId })).node
    const fields = ['NAME_FULL', 'ADDRESS_HOME_STREET_ADDRESS', 'ADDRESS_HOME_ZIP', 'EMAIL_ADDRESS'].map((name, i) => ({
      name,
      value: ['Jane Roe', '1 Main Street', '12345', 'jane@roe.example'][i]!,
    }))
    await page.focus('#name')
    await devTools.send('Autofill.trigger', { fieldId: backendNodeId, address: { fields } })
    await page.waitForFunction(`document.querySelector('#email').value !== ''`)
    const recorded = await finish(page)
    const frames = framesIn(recorded, 'textInput')
    expect(frames[0]).toMatchObject({ change: 'drop', inserted: 7, length: 7 })
    expect(frames.filter(({ change }) => change === 'autofill').map(({ length }) => length)).toEqual([8, 13, 5, 16])
    for (const text of ['dropped', 'Jane', 'Main', '12345']) expect(recorded.bytes.includes(text)).toBe(false)
  }, 30_000)

  it('never has a typed text in any byte of store or chunk, whatever the field', async () => {
    const profile = await mkdtemp(join(tmpdir(), 'kymograph-canary-'))
    const context: BrowserContext = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath,
      args: ['--no-sandbox', '--disable-gpu'],
    })
    try {
      page = await context.newPage()
      await openSourcePage(page, serveSourcePage(server, FIELDS))
      await page.evaluate(`begin({ sources: ${ALL} })`)
      for (const id of [...PLAIN, ...SENSITIVE, 'shown', 'open', 'closed']) await type(id, CANARY)
      await page.evaluate(`document.querySelector('#shown').type = 'text'`)
      await type('shown', CANARY)
      for (const id of ['text', 'password']) {
        await page.click(`#${id}`)
        await page.keyboard.press('Control+A')
        await page.keyboard.press('Control+C')
        await page.keyboard.press('Control+V')
      }
      const recorded = await finish(page)
      expect(recorded.summary.streams.keyboard!.ingested).toBeGreaterThan(PLAIN.length * CANARY.length)
      const parts = [CANARY, CANARY.slice(0, 8), 'vogel4711']
      for (const part of parts) expect(occursIn(recorded.bytes, part)).toEqual([])
      await context.close()
      // the library's own database and caches; the browser keeps what it will of forms elsewhere
      const stored = (await readdir(profile, { recursive: true, withFileTypes: true })).filter(
        (entry) => entry.isFile() && /IndexedDB|CacheStorage|Local Storage|File System/.test(entry.parentPath),
      )
      expect(stored.length).toBeGreaterThan(3)
      for (const { parentPath, name } of stored) {
        const bytes = await readFile(join(parentPath, name))
        for (const part of parts) expect([name, occursIn(bytes, part)]).toEqual([name, []])
      }
    } finally {
      await context.close().catch(() => {})
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    }
  }, 90_000)

  it('tells of sensitive fields that there was something, not how long it was (F60)', async () => {
    await page.evaluate(`begin({ sources: [sources.keyboard(), sources.textInput()] })`)
    for (const id of SENSITIVE) {
      await type('text', 'x')
      await type(id, 'secret')
    }
    const recorded = await finish(page)
    expect(framesIn(recorded, 'textInput')).toHaveLength(SENSITIVE.length)
    const { keyboard, textInput } = recorded.summary.streams
    expect(framesIn(recorded, 'keyboard')).toHaveLength(2 * SENSITIVE.length)
    expect(keyboard!.lost).toEqual({ redacted: SENSITIVE.length })
    expect(textInput!.lost).toEqual({ redacted: SENSITIVE.length })
    expect(
      marksIn(recorded)
        .filter(({ name }) => name === 'redacted')
        .map(({ state }) => state),
    ).toEqual(SENSITIVE.flatMap(() => ['begin', 'end']).slice(0, -1))
    expect(unaccounted(recorded)).toEqual({})
  }, 60_000)

  it('tells nothing of what is chosen by the length of its name', async () => {
    await openSourcePage(
      page,
      serveSourcePage(
        server,
        `<input id="box" type="checkbox" value="agreed"><input id="radio" type="radio" value="vegetarian">
         <select id="select"><option value="f">one<option value="male">other</select><input id="text">`,
      ),
    )
    await page.evaluate(`begin({ sources: [sources.textInput()] })`)
    await page.click('#box')
    await page.click('#radio')
    await page.selectOption('#select', 'male')
    await page.fill('#text', 'abc')
    expect(framesIn(await finish(page), 'textInput').map(({ field, length }) => [field, length])).toEqual([
      ['checkbox', undefined],
      ['radio', undefined],
      ['select', undefined],
      ['text', 3],
    ])
  }, 30_000)

  it('marks the end of what is left out when the session pauses meanwhile (F60)', async () => {
    await page.evaluate(`begin({ sources: [sources.keyboard(), sources.textInput()] })`)
    await page.focus('#password')
    await page.evaluate('session.pause()')
    await page.focus('#text')
    await page.evaluate('session.resume()')
    await page.focus('#password')
    await page.evaluate('session.pause()')
    await page.evaluate('session.resume()')
    await page.focus('#text')
    await page.waitForTimeout(50)
    const marks = marksIn(await finish(page)).filter(({ name }) => name === 'redacted')
    expect(marks.map(({ state }) => state)).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end'])
  }, 30_000)

  it('stays away from blocked parts of a text that is edited (F60)', async () => {
    await openSourcePage(
      page,
      serveSourcePage(
        server,
        '<div id="text" contenteditable>open <b id="part" data-kymograph-block>shut</b> open</div>',
      ),
    )
    await page.evaluate(`begin({ sources: [sources.keyboard(), sources.textInput()] })`)
    await type('part', 'secret')
    const box = (await page.locator('#text').boundingBox())!
    await page.mouse.click(box.x + 2, box.y + box.height / 2)
    await page.keyboard.type('xy')
    const recorded = await finish(page)
    expect(framesIn(recorded, 'textInput')).toHaveLength(2)
    expect(framesIn(recorded, 'keyboard')).toHaveLength(4)
    const { keyboard, textInput } = recorded.summary.streams
    expect([keyboard!.lost, textInput!.lost]).toEqual([{ redacted: 1 }, { redacted: 1 }])
    const marks = marksIn(recorded).filter(({ name }) => name === 'redacted')
    expect(marks.map(({ state }) => state)).toEqual(['begin', 'end'])
  }, 30_000)

  it('stays away from a password that is shown as text, and from fields in shadow trees (F60)', async () => {
    await page.evaluate(`begin({ sources: [sources.keyboard(), sources.textInput()] })`)
    await type('shown', 'abc')
    await page.evaluate(`document.querySelector('#shown').type = 'text'`)
    await page.keyboard.type('def')
    await type('open', 'secret')
    await type('closed', 'secret')
    const recorded = await finish(page)
    expect(framesIn(recorded, 'textInput')).toEqual([])
    expect(framesIn(recorded, 'keyboard')).toEqual([])
    expect(recorded.summary.streams.keyboard!.lost.redacted).toBeGreaterThan(0)
  }, 30_000)

  it('does not look at what the pointer does on blocked parts of the page (F60)', async () => {
    await page.evaluate(`begin({ sources: [sources.pointer(), sources.clicks()] })`)
    await page.click('#plain')
    await page.click('#key')
    await page.click('#key')
    await page.click('#plain')
    const recorded = await finish(page)
    const key = (await page.locator('#key').boundingBox())!
    const inKey = framesIn(recorded, 'pointer').filter(
      ({ x, y }) =>
        Number(x) >= key.x && Number(x) <= key.x + key.width && Number(y) >= key.y && Number(y) <= key.y + key.height,
    )
    expect(inKey).toEqual([])
    expect(framesIn(recorded, 'clicks')).toHaveLength(2)
    expect(recorded.summary.streams.clicks!.lost).toEqual({ redacted: 1 })
    expect(recorded.summary.streams.pointer!.lost.redacted).toBeGreaterThan(0)
  }, 30_000)

  it('takes a frame of another origin for sensitive while it has the focus (F60)', async () => {
    const elsewhere = await startStaticServer(process.cwd())
    elsewhere.serve('/pay.html', '<!doctype html><input id="card" style="width:100%;height:80px">')
    const path = '/framed.html'
    await openSourcePage(
      page,
      serveSourcePage(server, `${FIELDS}<iframe id="pay" src="${elsewhere.origin}/pay.html"></iframe>`, { path }),
    )
    await page.evaluate(`begin({ sources: [sources.keyboard()] })`)
    await type('text', 'a')
    await page.frameLocator('#pay').locator('#card').click()
    await page.keyboard.type('4111')
    await page.waitForTimeout(200)
    await type('text', 'b')
    const recorded = await finish(page)
    expect(framesIn(recorded, 'keyboard')).toHaveLength(4)
    expect(
      marksIn(recorded)
        .filter(({ name }) => name === 'redacted')
        .map(({ state }) => state),
    ).toEqual(['begin', 'end'])
    await elsewhere.close()
  }, 30_000)

  it('stays away from fields in frames of the origin and in closed trees of plain elements (F60)', async () => {
    const path = '/frames.html'
    const inside = '<input id=plain><input id=secret type=password><div data-kymograph-block><input id=hidden></div>'
    const body = `<input id="text"><iframe id="frame" srcdoc="${inside}"></iframe>
      <div data-kymograph-block><iframe id="blocked" srcdoc="<input id=any>"></iframe></div><div id="host"></div>
      <script>host.attachShadow({ mode: 'closed' }).innerHTML = '<input type=password>'</script>`
    await openSourcePage(page, serveSourcePage(server, body, { path }))
    await page.evaluate(`begin({ sources: [sources.keyboard()], streams: { state: { channels: ['n'] } } })`)
    const frame = page.frameLocator('#frame')
    const states: string[] = []
    const look = async () => {
      await page.waitForTimeout(50)
      await page.evaluate(`session.flush()`)
      const marks = marksIn(await recordedOf({ chunks: await page.evaluate('read(session.id)') }))
      states.push(marks.filter(({ name }) => name === 'redacted').at(-1)?.state as string)
    }
    for (const field of ['#plain', '#secret', '#plain', '#hidden', '#plain']) {
      await frame.locator(field).focus()
      await look()
    }
    await page.frameLocator('#blocked').locator('#any').focus()
    await look()
    await page.focus('#text')
    await look()
    await page.click('#host', { position: { x: 10, y: 10 } })
    await look()
    expect(states).toEqual([undefined, 'begin', 'end', 'begin', 'end', 'begin', 'end', 'begin'])
  }, 30_000)

  it('takes a field for sensitive by its name, and a password that was shown before it had the focus (F60)', async () => {
    const names = [
      'userPin',
      'smsOtp',
      'PINCode',
      'securityCode',
      'cardNumber',
      'account_no',
      'card[number]',
      'oneTimeCode',
      'ccnumber',
      'cc-number',
      'ccExpiry',
      'cardCVV',
      'credit_card',
      'onetimecode',
      'otpcode',
      'smsCode',
    ]
    const plain = ['opinion', 'discardCode', 'zipCode', 'passport', 'cardNote', 'tango', 'ccNotify']
    const body = [...names, ...plain].map((name, index) => `<input id="f${index}" name="${name}">`).join('')
    await openSourcePage(
      page,
      serveSourcePage(server, `${body}<input id="was" type="password">`, { path: '/names.html' }),
    )
    await page.evaluate(`begin({ sources: [sources.textInput()] })`)
    await page.evaluate(`document.querySelector('#was').type = 'text'`)
    await type('was', 'abc')
    for (const index of [...names, ...plain].keys()) await type(`f${index}`, 'x')
    const recorded = await finish(page)
    expect(framesIn(recorded, 'textInput').map(({ length }) => length)).toEqual(plain.map(() => 1))
    expect(marksIn(recorded).filter(({ name }) => name === 'redacted')).toHaveLength(2)
  }, 30_000)

  it('tells by no source how long a secret is: not by scrolling, focus, or boxes for one digit each (F60)', async () => {
    const body = `<input id="narrow" type="password" style="width:40px"><input id="text">
      ${[0, 1, 2, 3].map((index) => `<input id="box${index}" maxlength="1" autocomplete="one-time-code">`).join('')}`
    await openSourcePage(page, serveSourcePage(server, body, { path: '/boxes.html' }))
    await page.evaluate(
      `begin({ sources: [sources.scroll(), sources.focus(), sources.keyboard(), sources.textInput()] })`,
    )
    await type('narrow', 'a very long secret indeed')
    await page.waitForTimeout(100)
    await type('text', 'x')
    for (const index of [0, 1, 2, 3]) await type(`box${index}`, '7')
    await page.focus('#text')
    const recorded = await finish(page)
    expect(framesIn(recorded, 'scroll')).toEqual([])
    expect(framesIn(recorded, 'focus').map(({ change }) => change)).toEqual(['in', 'out', 'in'])
    const lost = Object.entries(recorded.summary.streams).map(([name, stream]) => [name, stream.lost.redacted])
    expect(Object.fromEntries(lost)).toEqual({ scroll: 1, focus: 2, keyboard: 2, textInput: 2 })
  }, 30_000)

  it('tells of no secret by what is scrolled along with it, nor by what its form lacks while it is typed (F60)', async () => {
    const body = `<meta name="viewport" content="width=device-width">
      <div style="width:100px;overflow:auto"><input id="inner" type="password" style="width:3000px"></div>
      <input id="outer" type="password" style="display:block;width:6000px"><p style="height:3000px">
      <form id="form"><input type="checkbox" required><input id="checked" type="password" minlength="8"></form>
      <script>form.oninput = () => form.checkValidity()</script>`
    const phone = await browser.newContext({ isMobile: true, hasTouch: true, viewport: { width: 400, height: 600 } })
    page = await phone.newPage()
    const devTools = await phone.newCDPSession(page)
    await openSourcePage(page, serveSourcePage(server, body, { path: '/wide.html' }))
    await devTools.send('Emulation.setPageScaleFactor', { pageScaleFactor: 2 })
    await page.evaluate(`begin({ sources: [sources.scroll(), sources.viewport(), sources.formSubmit()] })`)
    const atStart = framesIn(await partOf(), 'viewport').length
    for (const id of ['checked', 'inner', 'outer']) {
      await page.evaluate(`document.querySelector('#${id}').focus({ preventScroll: true })`)
      for (let i = 0; i < 4; i++) {
        await page.keyboard.type('4711 is no secret')
        await page.waitForTimeout(50)
      }
    }
    expect(await page.evaluate(`visualViewport.pageLeft + document.querySelector('div').scrollLeft`)).toBeGreaterThan(
      300,
    )
    const typed = await partOf()
    expect(framesIn(typed, 'scroll')).toEqual([])
    expect(framesIn(typed, 'viewport')).toHaveLength(atStart)
    expect(framesIn(typed, 'formSubmit')).toEqual([])
    await page.evaluate(`document.activeElement.blur(), scrollTo(0, 500), form.checkValidity()`)
    await page.waitForTimeout(100)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'scroll').at(-1)).toMatchObject({ y: 500, target: 'page' })
    expect(framesIn(recorded, 'formSubmit').map(({ outcome }) => outcome)).toContain('invalid')
    const { scroll, viewport, formSubmit } = recorded.summary.streams
    expect([scroll, viewport, formSubmit].map((stream) => stream!.lost)).toEqual(Array(3).fill({ redacted: 1 }))
    await phone.close()
  }, 30_000)

  it('sees a field become a secret while it has the focus, and its end without an event (F60)', async () => {
    await openSourcePage(page, serveSourcePage(server, '<div id="box"></div>', { path: '/becoming.html' }))
    await page.evaluate(`globalThis.shake = (n) => {
      for (let i = 0; i < n; i++) dispatchEvent(new DeviceMotionEvent('devicemotion', { acceleration: { x: 4711, y: 0, z: 0 } }))
    }`)
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event', optional: true })] })`)
    const ways = [
      `field.type = 'password'`,
      `field.autocomplete = 'one-time-code'`,
      `field.style.webkitTextSecurity = 'disc'`,
      `box.setAttribute('data-kymograph-block', '')`,
    ]
    for (const way of ways) {
      await page.evaluate(`(async () => {
        box.removeAttribute('data-kymograph-block')
        box.innerHTML = '<input id=field>'
        field.focus()
        await 0
        shake(1)
        ${way}
        await 0
        shake(10)
        box.replaceChildren()
        await new Promise((resolve) => setTimeout(resolve, 20))
        shake(1)
      })()`)
    }
    const recorded = await finish(page)
    const linear = recorded.summary.streams['motion.linearAcceleration']!
    // the platform sends one event by itself
    expect(framesIn(recorded, 'motion.linearAcceleration').filter(({ x }) => x === 4711)).toHaveLength(2 * ways.length)
    expect(linear.lost.redacted).toBeGreaterThanOrEqual(10 * ways.length)
    expect(marksIn(recorded).filter(({ name }) => name === 'redacted')).toHaveLength(2 * ways.length)
  }, 30_000)

  it('remembers a hidden text that is shown, and looks into slots and objects (F60)', async () => {
    const elsewhere = await startStaticServer(process.cwd())
    elsewhere.serve('/pay.html', '<!doctype html><input style="width:100%;height:80px">')
    const body = `<input id="masked" style="-webkit-text-security: disc"><x-pad><input id="slotted"></x-pad>
      <object id="object" data="${elsewhere.origin}/pay.html" type="text/html" width="300" height="200"></object><script>
      customElements.define('x-pad', class extends HTMLElement {
        constructor() {
          super()
          this.attachShadow({ mode: 'open' }).innerHTML = '<div data-kymograph-block><slot></slot></div>'
        }
      })</script>`
    await openSourcePage(page, serveSourcePage(server, body, { path: '/shown.html' }))
    await page.evaluate(`begin({ sources: [sources.textInput()] })`)
    await type('masked', 'secret')
    await page.evaluate(`document.querySelector('#masked').style.webkitTextSecurity = 'none'`)
    await page.keyboard.type('x')
    await type('slotted', 'secret')
    await page.evaluate('document.activeElement.blur()')
    await page.waitForTimeout(50)
    await page.click('#object', { position: { x: 50, y: 40 } })
    await page.waitForTimeout(100)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'textInput')).toEqual([])
    const marks = marksIn(recorded).filter(({ name }) => name === 'redacted')
    expect(marks.map(({ state }) => state)).toEqual(['begin', 'end', 'begin'])
    await elsewhere.close()
  }, 30_000)

  it('finds its way out of forms whose fields have the names of what it looks for (F60)', async () => {
    const names = ['parentNode', 'assignedSlot', 'nodeType', 'host', 'hasAttribute', 'closest', 'getRootNode']
    const body = `<form name="host"></form><img name="defaultView"><div id="box"><form>
      ${names.map((name) => `<input name="${name}">`).join('')}<input id="inside"></form></div>`
    await openSourcePage(page, serveSourcePage(server, body, { path: '/clobbered.html' }))
    await page.evaluate(`begin({ sources: [sources.textInput(), sources.clicks()] })`)
    const typeInside = async (key: string) => {
      // the driver's own look-up does not find its way out
      const at = (await page.evaluate(`inside.getBoundingClientRect().toJSON()`)) as { x: number; y: number }
      await page.mouse.click(at.x + 5, at.y + 5)
      await page.keyboard.type(key)
    }
    await typeInside('a')
    await page.evaluate(`document.querySelector('#box').setAttribute('data-kymograph-block', '')`)
    await typeInside('b')
    const recorded = await finish(page)
    expect(framesIn(recorded, 'textInput')).toHaveLength(1)
    expect(framesIn(recorded, 'clicks')).toHaveLength(1)
  }, 30_000)

  it('marks what is left out by a flight recorder from its trigger on (F60)', async () => {
    await page.evaluate(`begin({ mode: { preTriggerMs: 5000 }, sources: [sources.keyboard()] })`)
    await type('password', 'secret')
    await page.evaluate('session.trigger()')
    await page.keyboard.type('secret')
    await type('text', 'x')
    const marks = marksIn(await finish(page)).map(({ name, state }) => [name, state])
    expect(marks.filter(([name]) => name !== 'availability')).toEqual([
      ['trigger', undefined],
      ['redacted', 'begin'],
      ['redacted', 'end'],
    ])
  }, 30_000)

  it('leaves out what it has to, also when no mark can say so (F60)', async () => {
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event', optional: true })] })`)
    const code = await page.evaluate(`(() => {
      try {
        for (;;) session.mark('many')
      } catch ({ code }) {
        document.querySelector('#password').focus()
        dispatchEvent(new DeviceMotionEvent('devicemotion', { acceleration: { x: 4711, y: 0, z: 0 } }))
        return code
      }
    })()`)
    expect(code).toBe('backlog-full')
    const recorded = await finish(page)
    expect(framesIn(recorded, 'motion.linearAcceleration').filter(({ x }) => x === 4711)).toEqual([])
    expect(recorded.summary.streams['motion.linearAcceleration']!.lost.redacted).toBeGreaterThan(0)
  }, 30_000)

  it('tells nothing of a secret by a field the page copies it to (F60)', async () => {
    const body = `<input id="password" type="password" oninput="copy.value = this.value, copy.dispatchEvent(new Event('input'))">
      <input id="copy">`
    await openSourcePage(page, serveSourcePage(server, body, { path: '/copied.html' }))
    await page.evaluate(`begin({ sources: [sources.textInput()] })`)
    await type('password', 'secret')
    const recorded = await finish(page)
    expect(await page.inputValue('#copy')).toBe('secret')
    expect(framesIn(recorded, 'textInput')).toEqual([])
    expect(recorded.summary.streams.textInput!.lost).toEqual({ redacted: 1 })
  }, 30_000)

  it('does not hear the last key of a secret come up where the page has moved the focus on (F60)', async () => {
    const body = `<input id="pin" name="pin" oninput="if (this.value.length === 4) next.focus()"><input id="next">`
    await openSourcePage(page, serveSourcePage(server, body, { path: '/moved.html' }))
    await page.evaluate(`begin({ sources: [sources.keyboard()] })`)
    await type('pin', '4711')
    await page.keyboard.press('x')
    await page.keyboard.press('1')
    const recorded = await finish(page)
    expect(framesIn(recorded, 'keyboard').map((frame) => frame.class)).toEqual(['letter', 'letter', 'digit', 'digit'])
    expect(recorded.summary.streams.keyboard!.lost).toEqual({ redacted: 1 })
  }, 30_000)

  it('feels nothing while a blocked pad is tapped whose keys take no focus (F60)', async () => {
    const body = `<div data-kymograph-block><span id="key" style="padding:20px">7</span></div><p id="rest">rest</p>
      <input id="text">`
    await openSourcePage(page, serveSourcePage(server, body, { path: '/pad.html' }))
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event', optional: true })] })`)
    const shake = () =>
      page.evaluate(
        `void dispatchEvent(new DeviceMotionEvent('devicemotion', { acceleration: { x: 4711, y: 0, z: 0 } }))`,
      )
    const ways = ['#rest', '#text']
    for (const way of ways) {
      for (let i = 0; i < 4; i++) {
        await page.click('#key')
        await shake()
      }
      await page.click(way)
      await shake()
    }
    const recorded = await finish(page)
    const felt = framesIn(recorded, 'motion.linearAcceleration').filter(({ x }) => x === 4711)
    expect(felt).toHaveLength(ways.length)
    expect(recorded.summary.streams['motion.linearAcceleration']!.lost.redacted).toBeGreaterThanOrEqual(4 * ways.length)
    expect(marksIn(recorded).filter(({ name }) => name === 'redacted')).toHaveLength(2 * ways.length)
  }, 30_000)

  it('tells by no menu where the caret is in a secret (F60)', async () => {
    await page.evaluate(`begin({ sources: [sources.contextMenu()] })`)
    for (const id of ['text', 'password']) {
      await type(id, 'secret')
      await page.keyboard.press('ContextMenu')
      await page.waitForTimeout(100)
      await page.keyboard.press('Escape')
      await page.keyboard.type('more')
      await page.keyboard.press('ContextMenu')
      await page.waitForTimeout(100)
      await page.keyboard.press('Escape')
    }
    const recorded = await finish(page)
    expect(framesIn(recorded, 'contextMenu')).toHaveLength(2)
    expect(recorded.summary.streams.contextMenu!.lost).toEqual({ redacted: 1 })
  }, 30_000)

  it('does not hear of a blocked label by what it labels (F60)', async () => {
    const body = `<div data-kymograph-block style="margin:80px"><label id="key" for="box">7</label></div>
      <input id="box" type="checkbox">`
    await openSourcePage(page, serveSourcePage(server, body, { path: '/labels.html' }))
    await page.evaluate(`begin({ sources: [sources.clicks()] })`)
    await page.click('#key')
    expect(await page.evaluate('box.checked')).toBe(true)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'clicks')).toEqual([])
    expect(recorded.summary.streams.clicks!.lost).toEqual({ redacted: 1 })
  }, 30_000)

  it('hears nothing of wheels, scrolling, menus and forms in blocked parts of the page', async () => {
    const body = `<body style="margin:0"><div id="pad" data-kymograph-block style="width:200px;height:100px;overflow:auto">
      <form id="form" onsubmit="return false"><button id="send">send</button></form><p style="height:900px">keys</div>`
    await openSourcePage(page, serveSourcePage(server, body, { path: '/blocked.html' }))
    const streams = ['wheel', 'scroll', 'contextMenu', 'formSubmit', 'focus']
    await page.evaluate(`begin({ sources: [${streams.map((name) => `sources.${name}()`)}] })`)
    await page.mouse.move(100, 90)
    for (let i = 0; i < 3; i++) await page.mouse.wheel(0, 50)
    await page.waitForFunction('pad.scrollTop > 0')
    await page.mouse.wheel(0, -500)
    await page.waitForFunction('pad.scrollTop === 0')
    await page.mouse.click(100, 90, { button: 'right' })
    await page.click('#send')
    await page.click('#send')
    const recorded = await finish(page)
    for (const name of streams) {
      expect([name, framesIn(recorded, name)]).toEqual([name, []])
      expect([name, recorded.summary.streams[name]!.lost]).toEqual([name, { redacted: 1 }])
    }
  }, 30_000)

  it('records nothing before consent and nothing after its withdrawal (F59)', async () => {
    await openSourcePage(page, serveSourcePage(server, FIELDS, { path: '/isolated.html', headers: ISOLATED }))
    server.serve('/dist/worker.js', { headers: ISOLATED })
    await page.evaluate(`globalThis.rings = []; globalThis.SharedArrayBuffer = class extends SharedArrayBuffer {
      constructor(...args) { super(...args); rings.push(this) } }`)
    await page.evaluate(`begin({ journey: 'auto', labels: ['early'], sources: [sources.pointer(), sources.keyboard()],
      streams: { canary: { channels: ['v'] } } }, { consent: 'required' })`)
    const listening = () => page.evaluate(`globalThis.events.filter(({ type }) => type === 'availability').length`)
    expect(await page.evaluate('session.state')).toBe('awaiting-consent')
    await page.evaluate(`for (let i = 0; i < 5; i++) session.stream('canary').push(performance.now(), 4711.25)`)
    await page.mouse.move(50, 50)
    await type('text', 'before')
    expect(await listening()).toBe(0)
    expect(await page.evaluate(`recorder.sessions.page().then(({ sessions }) => sessions.length)`)).toBe(0)
    expect(await page.evaluate(`localStorage.length`)).toBe(0)
    await page.evaluate('recorder.grantConsent()')
    expect(await page.evaluate('session.state')).toBe('recording')
    await page.evaluate(`for (let i = 0; i < 3; i++) session.stream('canary').push(performance.now(), 1.5)`)
    await page.mouse.move(70, 70)
    const [summary] = (await page.evaluate(`recorder.withdrawConsent()`)) as Recorded['summary'][]
    await page.evaluate(`for (let i = 0; i < 7; i++) session.stream('canary').push(performance.now(), 4711.25)`)
    await page.mouse.move(90, 90)
    const recorded = await recordedOf({ summary, events: [], chunks: await page.evaluate('read(session.id)') })
    expect(framesIn(recorded, 'canary').map(({ v }) => v)).toEqual([1.5, 1.5, 1.5])
    expect(framesIn(recorded, 'pointer').map(({ x }) => x)).toEqual([70])
    expect(framesIn(recorded, 'keyboard')).toEqual([])
    expect(summary!.streams.canary).toMatchObject({ received: 8, ingested: 3, lost: { 'no-consent': 5 } })
    expect(await page.evaluate(`session.stream('canary').counts.lost`)).toEqual({ 'no-consent': 12 })
    // nothing is left of the values, wherever frames were kept on the page
    const left = (await page.evaluate(`rings.map((ring) => new Float64Array(ring).indexOf(1.5))`)) as number[]
    expect(left.length).toBeGreaterThan(0)
    expect(left.every((index) => index === -1)).toBe(true)
    // and what is created now waits again
    await page.evaluate(
      `recorder.createSession({ streams: { v: { channels: ['v'] } } }).then((next) => { globalThis.next = next })`,
    )
    expect(await page.evaluate('next.state')).toBe('awaiting-consent')
  }, 30_000)

  it('records nothing from the withdrawal of consent on, also of a session that is still being created (F59)', async () => {
    await page.evaluate(`void (async () => {
      globalThis.recorder = await createRecorder()
      await navigator.locks.request('kymograph.journey', () => new Promise((release) => { globalThis.release = release }))
    })()`)
    await page.waitForFunction('globalThis.release')
    await page.evaluate(`globalThis.created = begin({ journey: 'auto', sources: [sources.viewport()] }), void 0`)
    await page.waitForTimeout(300)
    const [summary] = (await page.evaluate(`(async () => {
      const withdrawn = recorder.withdrawConsent()
      release()
      await created
      return withdrawn
    })()`)) as Recorded['summary'][]
    expect(summary!.streams.viewport).toMatchObject({ received: 0, ingested: 0 })
    expect(await page.evaluate('session.state')).toBe('stopped')
    expect(await page.evaluate(`events.filter(({ type }) => type === 'availability')`)).toEqual([])
    expect(await page.evaluate('localStorage.length')).toBe(0)
    // nor in what is left of the task
    await page.evaluate('recorder.grantConsent()')
    await page.evaluate(`begin({ streams: { v: { channels: ['v'] } } })`)
    const isTaken = await page.evaluate(
      `recorder.withdrawConsent() && session.stream('v').push(performance.now(), 4711)`,
    )
    expect(isTaken).toBe(false)
    expect((await finish(page)).summary.streams.v).toMatchObject({ ingested: 0 })
    expect(await page.evaluate(`session.stream('v').counts.lost`)).toEqual({ 'no-consent': 1 })
  }, 30_000)

  it('records when consent is given, taken back and given again before a session has begun (F59)', async () => {
    await page.evaluate(`begin({ sources: [sources.viewport()] }, { consent: 'required' })`)
    await page.evaluate(`Promise.all([recorder.grantConsent(), recorder.withdrawConsent(), recorder.grantConsent()])
      .then(() => {})`)
    expect(await page.evaluate('session.state')).toBe('recording')
    await page.evaluate(`recorder.withdrawConsent().then(() => {})`)
    expect(await page.evaluate('session.state')).toBe('stopped')
  }, 30_000)

  it('forgets a session, also one that is being recorded, without a trace (F61)', async () => {
    const id = await page.evaluate(
      `begin({ labels: ['forgotten'], journeyId: 'journey-to-forget', streams: { v: { channels: ['v'] } } })`,
    )
    await page.evaluate(`session.stream('v').push(performance.now(), 1)`)
    await page.evaluate('session.flush()')
    expect(await page.evaluate(`recorder.forget('${id}')`)).toBe(true)
    expect(await page.evaluate('session.state')).toBe('stopped')
    const traces = await page.evaluate(`(async () => [
      await recorder.sessions.get('${id}') ?? null, (await recorder.sessions.page()).sessions.length,
      (await recorder.sessions.page({ labels: ['forgotten'] })).sessions.length, await recorder.journeys.list(),
      await recorder.labels.list(), await read('${id}').catch((error) => error.code) ])()`)
    expect(traces).toEqual([null, 0, 0, [], [], []])
    expect(await page.evaluate(`recorder.forget('${id}')`)).toBe(false)
  }, 30_000)
})
