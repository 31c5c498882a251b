/** What an event of the stream changes in what we hold. */

import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'

import { connection, listen } from './stream'

/** Which queries an event makes stale, by the first part of their keys; 'all' of them. */
const STALE = {
  'account.changed': ['overview', 'accounts'],
  now: [],
  'operator.acted': 'all', // here or in another tab; rare
  'request.finished': [],
  'request.refused': ['connect'],
  'request.started': [],
  'requests.logged': ['overview', 'accounts', 'requests', 'request', 'usage', 'keys', 'connect'],
  resync: 'all',
} as const satisfies Record<string, 'all' | readonly string[]>

export type EventName = keyof typeof STALE

export const POLL_MS = 15_000
const GATHER_MS = 50 // what one act changes is told by several events
const REST_MS = 500 // a busy pool says the same many times a second
const MOST_SHARE = 0.1 // of the time may be spent on asking, however long answers take

type Handler = (data: unknown) => void
const handlers = new Map<string, Set<Handler>>()

/** Let the stream keep the cache fresh, and time do it while there is none. */
export function keepFresh(cache: QueryClient): void {
  let stale = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let next = 0 // by performance.now()

  async function refetch() {
    const began = performance.now()
    const names = stale
    stale = new Set()
    await cache.invalidateQueries({
      predicate: ({ queryKey }) => names.has('all') || names.has(String(queryKey[0])),
    })
    const ended = performance.now()
    next = Math.max(began + REST_MS, ended + (ended - began) * (1 / MOST_SHARE - 1))
    timer = undefined
    outdate([])
  }

  function outdate(names: readonly string[]) {
    for (const name of names) stale.add(name)
    if (stale.size === 0 || timer !== undefined) return
    timer = setTimeout(refetch, Math.max(GATHER_MS, next - performance.now()))
  }

  listen(({ name, data }) => {
    if (!(name in STALE)) return
    const parsed = parse(data)
    if (name === 'now') cache.setQueryData(['now'], parsed)
    for (const handle of handlers.get(name) ?? []) handle(parsed)
    const named = STALE[name as EventName]
    outdate(named === 'all' ? ['all'] : named)
  })

  // What was missed while nobody listened is asked for as soon as somebody does again; and only a
  // query that is asked begins or ends to ask by itself.
  let polled = isPolled()
  connection.watch(() => {
    if (isPolled() !== polled) outdate(['all'])
    polled = isPolled()
  })
}

function isPolled(): boolean {
  const { state } = connection.get()
  return state === 'offline' || state === 'absent'
}

/** How soon a query is asked again by itself: not at all while the stream tells of changes. */
export const pollEvery = (): number | false => isPolled() && POLL_MS

/** Let a page write what an event says into the cache itself: `handle(data, cache)`. */
export function useLive(
  name: EventName,
  handle: (data: unknown, cache: QueryClient) => void,
): void {
  const cache = useQueryClient()
  const latest = useEffectEvent((data: unknown) => handle(data, cache))
  useEffect(() => {
    const own: Handler = (data) => latest(data)
    const known = handlers.get(name) ?? new Set()
    handlers.set(name, known.add(own))
    return () => void known.delete(own)
  }, [name])
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
