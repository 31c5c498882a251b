/** What changes the way one signs in. It ends sessions, so everything is asked for anew. */

import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api, ask, tell } from '../api/client'
import { Problem } from '../api/problem'
import { sessions, settings } from '../api/queries'
import { complain } from '../lib/messages'

export type PasswordStep = 'set' | 'change' | 'remove'
export type GivenPassword = { current: string; fresh: string }

const AT = '/api/dashboard-auth'

function useRefresh() {
  const cache = useQueryClient()
  return () => cache.invalidateQueries()
}

export function usePassword(step: PasswordStep) {
  return useMutation({
    mutationFn: async ({ current, fresh }: GivenPassword) => {
      if (step === 'set') {
        await ask(api.POST(`${AT}/password/setup`, { body: { password: fresh } }))
      } else if (step === 'change') {
        const body = { currentPassword: current, newPassword: fresh }
        await ask(api.POST(`${AT}/password/change`, { body }))
      } else {
        await tell(api.DELETE(`${AT}/password`, { body: { password: current } }))
      }
    },
    onSuccess: useRefresh(),
  })
}

/** A new secret to be confirmed. No query: every one asked for is another. */
export function useStart() {
  return useMutation({
    mutationFn: () => ask(api.POST(`${AT}/totp/setup/start`)),
    onError: (error) => complain(Problem.of(error).message),
  })
}

/** Resolves to the recovery codes; from then on, signing in takes a code. */
export function useEnrol() {
  return useMutation({
    mutationFn: async (given: { secret: string; code: string }) => {
      const { recoveryCodes } = await ask(api.POST(`${AT}/totp/setup/confirm`, { body: given }))
      await ask(api.PUT('/api/settings', { body: { totpRequiredOnLogin: true } }))
      return recoveryCodes
    },
    onSuccess: useRefresh(),
  })
}

export function useDisable() {
  return useMutation({
    mutationFn: (code: string) => tell(api.POST(`${AT}/totp/disable`, { body: { code } })),
    onSuccess: useRefresh(),
  })
}

export function useEndSessions() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: async (ids: readonly string[]) => {
      for (const session_id of ids) {
        await tell(api.DELETE(`${AT}/sessions/{session_id}`, { params: { path: { session_id } } }))
      }
    },
    onSettled: () =>
      Promise.all(
        [sessions, settings].map(({ queryKey }) => cache.invalidateQueries({ queryKey })),
      ),
    onError: (error) => complain(Problem.of(error).message),
  })
}
