/** Named queries: those that everybody has, and those that this browser keeps. */

import { entries } from '../lib/entries'
import { store } from '../lib/store'
import { texts } from './texts'

export type SavedView = { name: string; q: string }

const KEY = 'codex-lb.views'
const MOST = 30

const QUERIES: Record<keyof typeof texts.views.builtIn, string> = {
  errors: 'outcome:client_error outcome:upstream_error',
  slow: 'ttft:>10s',
  recovered: 'outcome:recovered',
  refused: 'outcome:refused',
}

export const BUILT_IN: readonly SavedView[] = [
  { name: texts.views.all, q: '' },
  ...entries(texts.views.builtIn).map(([key, name]) => ({ name, q: QUERIES[key] })),
]

/** What the browser kept; whatever else stands there is passed over. */
export function read(kept: string | null): SavedView[] {
  try {
    const found: unknown = JSON.parse(kept ?? '[]')
    return Array.isArray(found) ? found.filter(isView).slice(0, MOST) : []
  } catch {
    return []
  }
}

function isView(one: unknown): one is SavedView {
  if (typeof one !== 'object' || one === null || !('name' in one) || !('q' in one)) return false
  return typeof one.name === 'string' && typeof one.q === 'string'
}

export const own = store(read(globalThis.localStorage?.getItem(KEY) ?? null))

function keep(views: SavedView[]): void {
  localStorage.setItem(KEY, JSON.stringify(views))
  own.set(views)
}

/** A view of the same name gives way. */
export const save = (view: SavedView) =>
  keep([...own.get().filter(({ name }) => name !== view.name), view].slice(-MOST))

export const forget = (view: SavedView) => keep(own.get().filter(({ name }) => name !== view.name))
