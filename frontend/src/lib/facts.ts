/** What the service wrote into the page when it sent it (`dashboard/pages.py`). */

export type Facts = {
  version: string
  notice: string | null // stands at the top of every page
  first: Record<string, unknown> // by path below /api: what the page asks for first
}

const root = document.documentElement

/** What stands before every path, as '/codex'; usually nothing. */
export const base = root.dataset.base ?? ''

export const nonce = root.dataset.nonce ?? ''

/** The event up to which the first data tells everything; null if none of it says so. */
export function firstCursor(): string | null {
  for (const told of Object.values(facts.first)) {
    const isDocument = typeof told === 'object' && told !== null && 'streamCursor' in told
    if (isDocument && typeof told.streamCursor === 'string') return told.streamCursor
  }
  return null
}

export const facts: Facts = JSON.parse(document.getElementById('facts')?.textContent ?? '{}')
