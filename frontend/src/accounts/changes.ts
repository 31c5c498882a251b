/** What can be done to accounts, to one or to many. What can be undone offers it. */

import { useQueryClient } from '@tanstack/react-query'

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import { accounts, type Schema } from '../api/queries'
import { complain, say } from '../lib/messages'
import { common } from '../lib/texts'
import { type Account, canPause, canProbe, canResume, type Policy } from './state'
import { texts } from './texts'

type Probe = Schema['ProbeResponse']

const path = ({ accountId }: Account) => ({ params: { path: { account_id: accountId } } })
const pause = (row: Account) => ask(api.POST('/api/accounts/{account_id}/pause', path(row)))
const resume = (row: Account) => ask(api.POST('/api/accounts/{account_id}/reactivate', path(row)))
const probe = (row: Account) => ask(api.POST('/api/accounts/{account_id}/probe', path(row)))
const prefer = (row: Account, routingPolicy: Policy) =>
  ask(
    api.PUT('/api/accounts/{account_id}/routing-policy', { ...path(row), body: { routingPolicy } }),
  )

/** Each acts on those of the rows that it can act on. */
export function useActions() {
  const cache = useQueryClient()

  /** What each answered; null, and the failures are told, if one did not. */
  async function each<T>(rows: readonly Account[], call: (row: Account) => Promise<T>) {
    const ends = await Promise.allSettled(rows.map(call))
    await cache.invalidateQueries({ queryKey: accounts.queryKey })
    const failed = ends.filter((end) => end.status === 'rejected')
    const [first] = failed
    if (first) complain(texts.failed(failed.length, rows.length, Problem.of(first.reason).message))
    return first ? null : ends.map((end) => (end as PromiseFulfilledResult<T>).value)
  }

  const acts = {
    async pause(given: readonly Account[]) {
      const rows = given.filter(canPause)
      if (await each(rows, pause)) {
        say(
          texts.paused(rows.length),
          undo(() => each(rows, resume)),
        )
      }
    },
    async resume(given: readonly Account[]) {
      const rows = given.filter(canResume)
      if (await each(rows, resume)) {
        say(
          texts.resumed(rows.length),
          undo(() => each(rows, pause)),
        )
      }
    },
    async probe(given: readonly Account[]) {
      const told = await each(given.filter(canProbe), probe)
      if (told) say(probed(told))
    },
    async prefer(rows: readonly Account[], policy: Policy) {
      if (await each(rows, (row) => prefer(row, policy))) {
        const back = () => each(rows, (row) => prefer(row, row.routingPolicy))
        say(texts.preferred(rows.length, texts.policies[policy].how), undo(back))
      }
    },
  }
  return acts
}

export type Actions = ReturnType<typeof useActions>

const undo = (run: () => Promise<unknown>) => ({ label: common.undo, run: () => void run() })

function probed(told: readonly Probe[]): string {
  const [one] = told
  if (!one || told.length > 1) {
    const serving = told.filter(({ accountStatusAfter }) => accountStatusAfter === 'active')
    return texts.probedMany(told.length, serving.length)
  }
  if (one.probeStatusCode === 0) return texts.notAnswered
  const used = [one.primaryUsedPercentAfter, one.secondaryUsedPercentAfter]
  const left = used.map((percent) => (percent === null ? null : 1 - percent / 100))
  return texts.probed(one.probeStatusCode, left[0] ?? null, left[1] ?? null)
}
