/** Saving a setting: at once, with a way back, and never over what another has saved meanwhile. */

import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api, ask } from '../api/client'
import { Problem } from '../api/problem'
import { settings } from '../api/queries'
import { complain, say } from '../lib/messages'
import { common } from '../lib/texts'
import type { Changes } from './fields'
import { texts } from './texts'

const CONFLICT = 409

/** `said` when it is saved; `before` is what undoes it. */
type Change = { changes: Changes; before: Changes; said: string }

export function useChange() {
  const cache = useQueryClient()
  const refresh = () => cache.invalidateQueries({ queryKey: settings.queryKey })
  const { mutate, isPending } = useMutation({
    scope: { id: 'settings' }, // one at a time: each raises the version that the next expects
    mutationFn: ({ changes }: Change) => {
      const expectedVersion = cache.getQueryData(settings.queryKey)?.version ?? null
      return ask(api.PUT('/api/settings', { body: { ...changes, expectedVersion } }))
    },
    onSuccess: async (_, { changes, before, said }) => {
      await refresh()
      say(said, {
        label: common.undo,
        run: () => mutate({ changes: before, before: changes, said: texts.undone }),
      })
    },
    onError: async (error) => {
      const problem = Problem.of(error)
      complain(problem.status === CONFLICT ? texts.conflict : problem.message)
      if (problem.status === CONFLICT) await refresh()
    },
  })
  return { change: mutate, isPending }
}
