/**
 * Single keys. What they do stands in the document: whatever has `data-shortcut="t"` is focused by
 * `t` if something can be typed or chosen there, else pressed; within the focused row before
 * anywhere else. So a page adds a shortcut by an attribute.
 */

import { shortcuts } from '../lib/preferences'
import { meaning } from './meaning'

type Acts = { palette: () => void; help: () => void; go: (path: string) => void }

const SECOND_KEY_MS = 1_500

/** Listen until the signal. */
export function listenForKeys(acts: Acts, signal: AbortSignal): void {
  let before: string | null = null
  let timer: ReturnType<typeof setTimeout> | undefined

  function onKey(event: KeyboardEvent) {
    const found = meaning(event, before)
    clearTimeout(timer)
    before = null
    if (!found || (found.does !== 'palette' && !isFree(event))) return
    if (found.does === 'wait') {
      before = event.key
      timer = setTimeout(() => {
        before = null
      }, SECOND_KEY_MS)
      return
    }
    event.preventDefault()
    if (found.does === 'go') acts.go(found.path)
    else if (found.does === 'row') moveRow(found.step)
    else if (found.does === 'reach') {
      if (!reach(found.key) && found.key === '/') acts.palette()
    } else acts[found.does]()
  }

  document.addEventListener('keydown', onKey, { signal })
}

/** Not while one types, and not behind a dialog. */
function isFree({ target }: KeyboardEvent): boolean {
  if (!shortcuts.get() || !(target instanceof HTMLElement)) return false
  const typing = target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]')
  return !typing && !document.querySelector('[role=dialog], [role=menu]')
}

function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[role=grid] tbody [role=row]')]
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  const next = at < 0 ? rows.find((row) => row.tabIndex === 0) : rows[at + step]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

function reach(key: string): boolean {
  const selector = `[data-shortcut="${key}"]`
  const row = document.activeElement?.closest('[role=row]')
  const found =
    row?.querySelector<HTMLElement>(selector) ??
    document.querySelector<HTMLElement>(`${selector}:not([role=row] *)`)
  if (!found) return false
  found.focus()
  // A menu opens by keys and pointers, not by a click that is none.
  if (found.ariaHasPopup === 'menu') {
    found.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
  } else if (!found.matches('input:not([type=checkbox]), select')) found.click()
  return true
}
