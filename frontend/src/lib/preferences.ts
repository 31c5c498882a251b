/** What one browser keeps of its user's wishes. */

import { base } from './facts'
import { setHours } from './format'
import { store } from './store'

export const THEMES = ['system', 'light', 'dark'] as const

export type Theme = (typeof THEMES)[number]

const YEAR_S = 31_536_000
const root = document.documentElement

const given = THEMES.find((one) => one === root.dataset.theme)
export const theme = store<Theme>(given ?? 'system')

/** In a cookie, so that the service sends the next page in the right colours. */
export function setTheme(next: Theme): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the cookie store is not there without TLS
  document.cookie = `codex_lb_theme=${next}; path=${base}/; max-age=${YEAR_S}; samesite=lax`
  root.dataset.theme = next
  theme.set(next)
}

function kept(name: string, fallback: boolean) {
  const switched = store(
    localStorage.getItem(name) ? localStorage.getItem(name) === 'on' : fallback,
  )
  const set = (on: boolean) => {
    localStorage.setItem(name, on ? 'on' : 'off')
    switched.set(on)
  }
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === name) switched.set(newValue === 'on') // in another tab
  })
  return [switched, set] as const
}

export const [privacy, setPrivacy] = kept('codex-lb.privacy', false)
export const [shortcuts, setShortcuts] = kept('codex-lb.shortcuts', true)

export const CLOCKS = ['locale', 'h23', 'h12'] as const

export type Clock = (typeof CLOCKS)[number]

const CLOCK = 'codex-lb.clock'

const wanted = CLOCKS.find((one) => one === localStorage.getItem(CLOCK))
export const clock = store<Clock>(wanted ?? 'locale')

/** What is on the page is told so when it is next drawn. */
export function setClock(next: Clock): void {
  localStorage.setItem(CLOCK, next)
  setHours(next === 'locale' ? null : next)
  clock.set(next)
}

if (wanted) setClock(wanted)

const show = () => {
  root.dataset.privacy = privacy.get() ? 'on' : 'off'
}
privacy.watch(show)
show()
