/** What a pressed key means. Pure; what it then does is in `shortcuts.ts`. */

import { ROUTES } from './routes'

export type Shortcut =
  | { does: 'palette' | 'help' | 'wait' }
  | { does: 'go'; path: string }
  | { does: 'row'; step: 1 | -1 }
  | { does: 'reach'; key: string }

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>

const REACHING = new Set(['/', 't', 'l', 'x', '.'])

/** What a key means; `before` is the key that waits for a second one. */
export function meaning(pressed: Pressed, before: string | null): Shortcut | null {
  const { key, ctrlKey, metaKey, altKey } = pressed
  if (key.toLowerCase() === 'k' && (ctrlKey || metaKey)) return { does: 'palette' }
  if (ctrlKey || metaKey || altKey) return null
  if (before === 'g') {
    const route = ROUTES.find((one) => one.key === key)
    return route ? { does: 'go', path: route.path } : null
  }
  if (key === 'g') return { does: 'wait' }
  if (key === '?') return { does: 'help' }
  if (key === 'j' || key === 'k') return { does: 'row', step: key === 'j' ? 1 : -1 }
  return REACHING.has(key) ? { does: 'reach', key } : null
}
