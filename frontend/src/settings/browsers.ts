/** Which program a session is in, by its User-Agent. Pure. */

import { texts } from './texts'

// In this order: most of them also call themselves what comes after.
const BROWSERS = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const
const SYSTEMS = [
  ['Windows', 'Windows'],
  ['Android', 'Android'],
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Mac OS', 'macOS'],
  ['Linux', 'Linux'],
] as const

/** 'Firefox on Linux'; a program that is no browser by its own first word. */
export function browserOf(agent: string | null): string {
  if (!agent) return texts.sessions.unknown
  const named = (of: readonly (readonly [string, string])[]) =>
    of.find(([mark]) => agent.includes(mark))?.[1]
  const browser = named(BROWSERS)
  const system = named(SYSTEMS)
  if (!browser) return agent.split(/[\s/]/)[0] || texts.sessions.unknown
  return system ? texts.sessions.on(browser, system) : browser
}
