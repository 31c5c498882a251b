/** One sign-in from its beginning to its end, asked of the service; given up with `signal`. */

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import type { Schema } from '../api/queries'

export type Method = 'browser' | 'device'
export type Begun = Schema['OauthStartResponse']
export type Flow =
  | { stage: 'beginning' }
  | { stage: 'waiting'; begun: Begun }
  | { stage: 'failed'; message: string; code: string | null }
  | { stage: 'done'; accountId: string }

const WAIT_S = 5 // as long as the service lets us
const RETRY_MS = 2_000

/** Tell `show` how it stands, whenever that changes, until it has ended or is given up. */
export async function signIn(
  method: Method,
  accountId: string | null,
  show: (flow: Flow) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const begun = await ask(
      api.POST('/api/oauth/start', { body: { forceMethod: method, accountId } }),
    )
    const leave = () => giveUp(begun.flowId)
    signal.addEventListener('abort', leave)
    if (signal.aborted) return leave()
    show({ stage: 'waiting', begun })
    window.addEventListener('pagehide', leave)
    const ended = await outcome(begun.flowId, signal).finally(() =>
      window.removeEventListener('pagehide', leave),
    )
    signal.removeEventListener('abort', leave)
    show(ended)
  } catch (error) {
    if (signal.aborted) return
    const { message, code } = Problem.of(error)
    show({ stage: 'failed', message, code })
  }
}

/** Asked again for as long as the service is out of reach. */
async function outcome(flowId: string, signal: AbortSignal): Promise<Flow> {
  const query = { flowId, wait: WAIT_S }
  for (;;) {
    try {
      const told = await ask(api.GET('/api/oauth/status', { params: { query }, signal }))
      if (told.status === 'success') return { stage: 'done', accountId: told.accountId ?? '' }
      if (told.errorMessage) return { stage: 'failed', message: told.errorMessage, code: null }
    } catch (error) {
      signal.throwIfAborted()
      if (Problem.of(error).status !== 0) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

/** Also when the page goes away; if nobody hears it, the flow ends by its own time. */
function giveUp(flowId: string): void {
  void api.POST('/api/oauth/cancel', { body: { flowId }, keepalive: true }).catch(() => undefined)
}
