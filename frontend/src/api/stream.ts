/**
 * The service's stream of events: one connection per browser, whatever its number of tabs.
 *
 * A lock names the tab that listens; it passes on what it hears. When it goes, or has been out of
 * sight for a minute, the next tab gets the lock and asks for what came since the last event it
 * knows. Without TLS a browser has no locks: then each tab listens for itself.
 */

import { base, firstCursor } from '../lib/facts'
import { store } from '../lib/store'
import { askToSignIn } from './session'
import { readEvents, type StreamEvent } from './sse'

export type Connection =
  | { state: 'live' }
  | { state: 'catching up' }
  | { state: 'offline'; since: number } // Unix milliseconds
  | { state: 'absent' } // this service has no stream

const URL_ = `${base}/api/ui/stream`
const NAME = 'codex-lb.stream'
const WAITS_MS = [500, 1_000, 2_000, 5_000] // a service that was restarted is soon back
const SILENCE_MS = 40_000 // the service says something every 15 s
const HIDDEN_MS = 60_000

export const connection = store<Connection>({ state: 'catching up' })

type Note =
  | { kind: 'event'; event: StreamEvent }
  | { kind: 'connection'; connection: Connection }
  | { kind: 'who' }

/** Listen until the page is gone; `take` gets each event once. */
export function listen(take: (event: StreamEvent) => void): void {
  const channel = new BroadcastChannel(NAME)
  let lastId = firstCursor()
  let leads = false

  function hear(event: StreamEvent) {
    lastId = event.id ?? lastId
    take(event)
  }

  channel.onmessage = ({ data }: MessageEvent<Note>) => {
    if (data.kind === 'event') hear(data.event)
    if (data.kind === 'connection') connection.set(data.connection)
    if (data.kind === 'who' && leads) say({ kind: 'connection', connection: connection.get() })
  }

  const say = (note: Note) => channel.postMessage(note)

  function become(next: Connection) {
    connection.set(next)
    say({ kind: 'connection', connection: next })
  }

  async function lead(signal: AbortSignal): Promise<void> {
    leads = true
    try {
      for (let failures = 0; !signal.aborted; failures += 1) {
        const heard = await follow(signal)
        if (heard) failures = 0
        if (signal.aborted || connection.get().state === 'absent') return
        await pause(WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] ?? 0, signal)
      }
    } finally {
      leads = false
    }
  }

  /** One connection, to its end; whether it brought anything. */
  async function follow(signal: AbortSignal): Promise<boolean> {
    let heard = false
    const silence = new Silence(signal)
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(lastId ? { 'last-event-id': lastId } : {}),
      }
      const response = await fetch(URL_, { headers, signal: silence.signal })
      if (response.status === 404) become({ state: 'absent' })
      if (response.status === 401) await askToSignIn()
      if (!response.ok || !response.body) return false
      become({ state: 'live' })
      let rest = ''
      for await (const piece of pieces(response.body)) {
        silence.broken()
        heard = true
        const [events, incomplete] = readEvents(rest + piece)
        rest = incomplete
        for (const event of events) {
          hear(event)
          say({ kind: 'event', event })
        }
      }
    } catch {
      // The next attempt tells whether it is gone for good.
    } finally {
      silence.end()
      const { state } = connection.get()
      if (state === 'live' || state === 'catching up') {
        become({ state: 'offline', since: Date.now() })
      }
    }
    return heard
  }

  async function takePart(signal: AbortSignal): Promise<void> {
    say({ kind: 'who' })
    if (!('locks' in navigator)) return lead(signal)
    await navigator.locks.request(NAME, { signal }, () => lead(signal)).catch(() => undefined)
  }

  whileInSight((signal) => void takePart(signal))
}

/** Run `work` while the page is to be seen, and a minute longer. */
function whileInSight(work: (signal: AbortSignal) => void): void {
  let running: AbortController | null = null
  let leaving: ReturnType<typeof setTimeout> | undefined
  function look() {
    clearTimeout(leaving)
    if (document.visibilityState === 'hidden') {
      leaving = setTimeout(() => {
        running?.abort()
        running = null
      }, HIDDEN_MS)
    } else if (running === null) {
      running = new AbortController()
      work(running.signal)
    }
  }
  document.addEventListener('visibilitychange', look)
  look()
}

/** Ends a connection that says nothing any more: a proxy may have lost the other half. */
class Silence {
  readonly #controller = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(readonly outer: AbortSignal) {
    outer.addEventListener('abort', this.#stop)
    this.broken()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  broken(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#stop, SILENCE_MS)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.outer.removeEventListener('abort', this.#stop)
  }

  readonly #stop = () => this.#controller.abort()
}

async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    yield decoder.decode(read.value, { stream: true })
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
