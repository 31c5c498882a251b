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

export const facts: Facts = JSON.parse(document.getElementById('facts')?.textContent ?? '{}')
