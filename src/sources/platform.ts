import type { Finding } from './source.js'

type Policy = { allowsFeature(feature: string): boolean; features(): string[] }

/** Which of these features the page, or what frames it, has forbidden. Undefined where the browser does not say. */
export function forbiddenFeature(features: readonly string[]): string | undefined {
  const { permissionsPolicy, featurePolicy } = document as { permissionsPolicy?: Policy; featurePolicy?: Policy }
  const policy = permissionsPolicy ?? featurePolicy
  const known = policy?.features() ?? []
  return features.find((feature) => known.includes(feature) && !policy!.allowsFeature(feature))
}

/** What the browser says of these permissions, none of them asked for: the least of them. */
export async function permissionOf(names: readonly string[]): Promise<PermissionState | undefined> {
  let least: PermissionState | undefined
  for (const name of names) {
    const status = await navigator.permissions?.query({ name: name as PermissionName }).catch(() => undefined)
    if (!status) continue
    if (status.state === 'denied') return 'denied'
    if (least !== 'prompt') least = status.state
  }
  return least
}

export interface Gate {
  /** What has to be there. */
  isThere: () => boolean
  /** Names of the Permissions Policy. */
  features: readonly string[]
  /** Names of the Permissions API. */
  permissions: readonly string[]
}

/** Looks whether something behind a permission can be read, without asking. */
export async function lookAt({ isThere, features, permissions }: Gate): Promise<Finding> {
  if (typeof document !== 'object' || !isThere()) {
    const isInsecure = globalThis.isSecureContext === false
    return ['unsupported', isInsecure ? 'it needs a page served by HTTPS' : 'this browser has no such thing']
  }
  const feature = forbiddenFeature(features)
  if (feature !== undefined) {
    return [
      'blocked-by-policy',
      `the page may not use "${feature}": allow it by the header Permissions-Policy, and in a frame by its attribute "allow"`,
    ]
  }
  const permission = await permissionOf(permissions)
  if (permission === 'denied') return ['denied', 'the user, or the browser for them, has refused it']
  return [permission ?? 'granted']
}

/** Events whose permission is asked for by a function of their class: Safari on iOS. */
type AskingEvent = { requestPermission?: () => Promise<PermissionState> }

/**
 * Looks at a gate, and asks for its events where the browser wants to be asked: at once, while a click is being handled.
 * What was answered before is answered again without one.
 */
export async function askAt(gate: Gate, event: object | undefined): Promise<Finding> {
  const asked = askForEvents(event)
  const finding = await lookAt(gate)
  return finding[0] === 'granted' || finding[0] === 'prompt' ? ((await asked) ?? finding) : finding
}

async function askForEvents(event: object | undefined): Promise<Finding | undefined> {
  const asking = event as AskingEvent | undefined
  if (typeof asking?.requestPermission !== 'function') return undefined
  try {
    return (await asking.requestPermission()) === 'granted'
      ? ['granted']
      : ['denied', 'the user has refused it; in Safari it can be allowed again in the settings of the site']
  } catch {
    return ['denied', 'it has to be asked for: call requestPermissions([…]) in a click handler, and try again']
  }
}

/** What the error says with which a platform refuses. */
export function findingOf({ name, message }: DOMException): Finding {
  if (name === 'SecurityError') return ['blocked-by-policy', message]
  return [name === 'NotAllowedError' ? 'denied' : 'no-signal', message]
}
